#!/usr/bin/env python3
"""Installs the programs that Holdfast is measured against into build/bench-tools.

restic comes as a Debian 13 package from the mirror that apt is configured for, rustic is built with
cargo, mc and rclone with Go, borg and the Python packages of the benchmark live in a virtual environment.
For places behind a network there are MinIO, which the tests use too, and the delayed link. A second run
finds everything in place and prints nothing. Nothing that is fetched is ever committed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(os.environ.get("HOLDFAST_BENCH_TOOLS", ROOT / "build" / "bench-tools"))
sys.path.append(str(ROOT / "tools"))

import servers  # noqa: E402
import steps  # noqa: E402

RESTIC = TOOLS / "bin" / "restic"
RUSTIC = TOOLS / "rustic" / "bin" / "rustic"
VENV = TOOLS / "venv"
BORG = VENV / "bin" / "borg"
PYTHON = VENV / "bin" / "python"
MC = TOOLS / "bin" / "mc"
RCLONE = TOOLS / "bin" / "rclone"
DELAY = TOOLS / "bin" / "delay"
MINIO = servers.FOLDER / "bin" / "minio"
SSHD = Path("/usr/sbin/sshd")

RESTIC_SUITE = "trixie"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
RUSTIC_VERSION = "^0.11"
# mc's releases are dates, not versions of its module.
MC_VERSION = "2025-03-13"
GO_MODULES = {
    MC: "github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9",
    RCLONE: "github.com/rclone/rclone@v1.75.1",
}
MINIO_MODULE = servers.MODULES["minio"]
DELAY_SOURCE = ROOT / "bench" / "delay" / "delay.cpp"
PYTHON_PACKAGES = ["borgbackup>=1.4,<1.5", "numpy", "zstandard"]
SYSTEM_PACKAGES = [
    "build-essential",
    "iproute2",
    "libacl1-dev",
    "liblz4-dev",
    "libssl-dev",
    "libxxhash-dev",
    "libzstd-dev",
    "openssh-client",
    "openssh-server",
    "openssl",
    "pkg-config",
    "python3-venv",
    "tar",
    "zstd",
]


class SetupError(Exception):
    """A step failed; the message says which one and what to do."""


def run(command, *, cwd=None, env=None):
    """Runs a command quietly; on failure raises SetupError with the end of its output."""
    done = subprocess.run(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        raise SetupError(f"{command[0]} {command[1] if len(command) > 1 else ''} failed:\n{tail}")
    return done.stdout


def say(text):
    print(f"bench setup: {text}", flush=True)


def install_system_packages():
    """Debian packages that building borg and measuring the machine need."""
    missing = []
    for package in SYSTEM_PACKAGES:
        state = subprocess.run(
            ["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if state.stdout != "installed":
            missing.append(package)
    if not missing:
        return
    say(f"installing {' '.join(missing)}")
    run(["apt-get", "update"])
    run(["apt-get", "install", "-y", "--no-install-recommends", *missing])


def debian_mirror():
    """URI of the Debian archive that apt is configured for."""
    listing = run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI)",
            "Created-By: Packages",
            "Origin: Debian",
            "Label: Debian",
        ]
    )
    for uri in listing.splitlines():
        if uri:
            return uri
    raise SetupError("apt knows no Debian archive: run 'apt-get update' once, then try again")


def install_restic():
    """Unpacks restic's Debian 13 package, found and authenticated by apt with a private state."""
    if RESTIC.exists():
        return
    say(f"fetching restic from Debian {RESTIC_SUITE}")
    uri = debian_mirror()
    architecture = run(["dpkg", "--print-architecture"]).strip()
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as name:
        state = Path(name)
        state.chmod(0o755)
        for part in ("lists/partial", "cache/archives/partial", "parts", "unpacked"):
            (state / part).mkdir(parents=True)
        signed = f" signed-by={KEYRING}" if KEYRING.exists() else ""
        source = f"deb [arch={architecture}{signed}] {uri} {RESTIC_SUITE} main\n"
        (state / "sources.list").write_text(source)
        private = [
            "-o", f"Dir::Etc::SourceList={state}/sources.list",
            "-o", f"Dir::Etc::SourceParts={state}/parts",
            "-o", f"Dir::State::Lists={state}/lists",
            "-o", f"Dir::Cache={state}/cache",
            "-o", "APT::Sandbox::User=root",
            "-o", "Acquire::Languages=none",
        ]  # fmt: skip
        run(["apt-get", *private, "update"])
        run(["apt-get", *private, "download", f"restic/{RESTIC_SUITE}"], cwd=state / "unpacked")
        package = next((state / "unpacked").glob("restic_*.deb"))
        run(["dpkg-deb", "-x", str(package), str(state / "unpacked")])
        RESTIC.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(state / "unpacked" / "usr" / "bin" / "restic", RESTIC)


def install_rustic():
    """Builds rustic; takes tens of minutes on two cores."""
    if RUSTIC.exists():
        return
    if shutil.which("cargo") is None:
        raise SetupError("rustic needs cargo: install a Rust toolchain (Debian: rustup or cargo)")
    say("building rustic, this takes a while")
    environment = dict(os.environ, CARGO_TARGET_DIR=str(TOOLS / "rustic-target"))
    command = ["nice", "-n", "19", "cargo", "install", "rustic-rs", "--version", RUSTIC_VERSION]
    command += ["--locked", "--no-default-features", "--root", str(TOOLS / "rustic")]
    run(command, env=environment)
    shutil.rmtree(TOOLS / "rustic-target", ignore_errors=True)


def install_venv():
    """borg and what the generators need."""
    if BORG.exists():
        return
    say("installing borg and numpy into a virtual environment")
    run([sys.executable, "-m", "venv", str(VENV)])
    run([str(VENV / "bin" / "pip"), "install", "--quiet", *PYTHON_PACKAGES])


def install_go_programs():
    """mc and rclone, built from their modules; some minutes, once."""
    absent = [program for program in GO_MODULES if not program.exists()]
    if not absent:
        return
    compiler = servers.go()
    environment = dict(os.environ, GOBIN=str(TOOLS / "bin"), GOTOOLCHAIN="local", CGO_ENABLED="0")
    for program in absent:
        say(f"building {program.name}, this takes some minutes")
        run([str(compiler), "install", GO_MODULES[program]], env=environment, cwd=TOOLS)


def install_minio():
    """The one that the tests start."""
    try:
        servers.install()
    except steps.StepFailed as error:
        raise SetupError(str(error)) from error


def install_delay():
    """Compiles the delayed link, again when its source is newer."""
    if DELAY.exists() and DELAY.stat().st_mtime >= DELAY_SOURCE.stat().st_mtime:
        return
    DELAY.parent.mkdir(parents=True, exist_ok=True)
    flags = ["-std=c++20", "-O2", "-Wall", "-Wextra", "-pthread"]
    run(["g++", *flags, "-o", str(DELAY), str(DELAY_SOURCE)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    steps_known = {
        "system": install_system_packages,
        "restic": install_restic,
        "borg": install_venv,
        "rustic": install_rustic,
        "transfers": install_go_programs,
        "minio": install_minio,
        "delay": install_delay,
    }
    parser.add_argument("--only", choices=list(steps_known), action="append", default=[])
    wanted = parser.parse_args().only or list(steps_known)
    TOOLS.mkdir(parents=True, exist_ok=True)
    try:
        for name in wanted:
            steps_known[name]()
    except SetupError as error:
        print(f"bench setup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
