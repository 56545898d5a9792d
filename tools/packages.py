"""What building, testing and checking need from Debian, and the Python environment of the tests."""

import hashlib
import os
import shutil
import subprocess

import steps

BUILD = ["g++", "cmake", "ninja-build", "ccache", "mold", "pkg-config", "libssl-dev", "libsodium-dev",
         "libzstd-dev", "libxxhash-dev", "libisal-dev", "libfmt-dev", "libspdlog-dev", "libcli11-dev",
         "nlohmann-json3-dev", "libcurl4-openssl-dev", "libpugixml-dev", "libpq-dev", "libssh-dev", "libfuse3-dev",
         "libyaml-cpp-dev", "libhowardhinnant-date-dev", "tzdata", "libsoci-dev", "libsqlite3-dev",
         "libboost-dev", "libmagic-dev"]
TEST = ["git", "libgtest-dev", "libgmock-dev", "librapidcheck-dev", "python3", "python3-venv", "rsync", "fuse3",
        "attr", "acl", "e2fsprogs", "libcap2-bin", "openssl", "openssh-server", "openssh-client",
        "postgresql-15", "postgresql-client-15", "clang-format-19", "gnupg", "systemd", "zstd"]
CHECK = ["clang-tidy-19"]
DEMO = ["rsync", "attr"]

ENVIRONMENT = steps.ROOT / "build" / "venv"
REQUIREMENTS = steps.ROOT / "tests" / "requirements.txt"


def missing(names):
    """Those of `names` that are not installed; asks dpkg's database only."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\\n", *names],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    installed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("installed ")}
    return [name for name in dict.fromkeys(names) if name not in installed]


def apt(*arguments):
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    steps.run_quietly(["apt-get", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3",
                       *arguments], env=env)


def install(names):
    """Installs what is missing of `names`; silent when all is there."""
    absent = missing(names)
    if not absent:
        return
    if os.geteuid() != 0:
        raise steps.StepFailed("packages are missing; run ./dev setup as root, or: "
                               f"apt-get install --no-install-recommends {' '.join(absent)}")
    steps.say(f"installing {' '.join(absent)}")
    apt("update", "-qq")
    apt("install", "-y", "-qq", "--no-install-recommends", *absent)


def make_environment():
    """Makes build/venv with the packages that tests/independent_reader.py needs."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    stamp = ENVIRONMENT / "requirements.sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    steps.say("making build/venv for the Python tests")
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    steps.run_quietly(["/usr/bin/python3", "-m", "venv", ENVIRONMENT])
    steps.run_quietly([ENVIRONMENT / "bin" / "python3", "-m", "pip", "install", "--quiet",
                       "--disable-pip-version-check", "-r", REQUIREMENTS])
    stamp.write_text(wanted)
