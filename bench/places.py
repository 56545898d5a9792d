"""Places behind a network where a repository can lie: MinIO and OpenSSH's sshd, near or 20 ms away.

A place is started afresh for each tool in each round, with an empty directory, and ended by its process
id. It listens on the loopback or at the far end of a delayed link, nowhere else, and shares the cores with
the tools: so it accounts for its own CPU seconds.
"""

import ctypes
import getpass
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import measure
import setup
from link import DelayedLink, DirectLink, round_trip_ms, transfer_rate

START_MAX_S = 60
DELAY_MS = 20
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def die_with_parent():
    """A server doesn't outlive a benchmark that is killed."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def output_of(*command):
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.stdout


class Place:
    """What all have in common; subclasses say what is started and how it is spoken to."""

    kind = ""

    def __init__(self, work, link):
        self.home = Path(work) / "place"
        self.storage = self.home / "storage"
        self.link = link
        self.port = None
        self.process = None

    @property
    def name(self):
        return self.kind + (f"-{self.link.delay_ms}ms" if self.link.delay_ms else "")

    def start(self):
        """Empty and ready to serve when it returns."""
        self.stop()
        self.storage.mkdir(parents=True)
        self.link.open()
        self.port = free_port()
        self.prepare()
        with open(self.home / "log", "ab") as log:
            self.process = subprocess.Popen(
                self.link.inside(self.command()), env=self.environment(), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, preexec_fn=die_with_parent,
            )  # fmt: skip
        deadline = time.monotonic() + START_MAX_S
        while not self.answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"{self.name} does not answer:\n{self.log()}")
            time.sleep(0.05)

    def stop(self):
        """Ends the server, and takes away what was stored."""
        if self.process is not None:
            measure.end(self.process.pid)
            self.process.wait()
            self.process = None
        self.link.close()
        subprocess.run(["rm", "-rf", str(self.home)], check=True)

    def log(self):
        return (self.home / "log").read_text(errors="replace")[-2000:]

    def cpu_s(self):
        """{part: CPU seconds} that the server and the way to it have used so far."""
        return {"server_cpu_s": measure.cpu_s(self.process.pid), "link_cpu_s": self.link.cpu_s()}

    def describe(self):
        """What a reader must know about the way; starts the place for it."""
        try:
            self.start()
            return {
                "server": self.version(),
                "delay_ms": self.link.delay_ms,
                "round_trip_ms": round_trip_ms(self.link.address, self.port),
                "connection_rate": round(transfer_rate(self.link)),
            }
        finally:
            self.stop()

    def environment(self):
        return {"HOME": str(self.home), "PATH": os.environ["PATH"]}

    def prepare(self):
        """Writes what the server needs before it starts."""


class Minio(Place):
    """One MinIO on one directory, its settings as they come."""

    kind = "minio"
    access_key = "holdfast-bench"
    secret_key = "holdfast-bench-secret"
    bucket = "bench"
    region = "us-east-1"

    @property
    def endpoint(self):
        return f"http://{self.link.address}:{self.port}"

    def repository(self, name):
        """Where the server keeps the objects below the prefix `name`."""
        return self.storage / self.bucket / name

    def prepare(self):
        # A directory is a bucket.
        (self.storage / self.bucket).mkdir()

    def command(self):
        address = f"{self.link.address}:{self.port}"
        return [setup.MINIO, "server", "--quiet", "--address", address, self.storage]

    def environment(self):
        return {
            **super().environment(),
            "MINIO_ROOT_USER": self.access_key,
            "MINIO_ROOT_PASSWORD": self.secret_key,
            "MINIO_UPDATE": "off",
            "MINIO_BROWSER": "off",
            # Lets it use a directory of the root file system.
            "MINIO_CI_CD": "on",
        }

    def answers(self):
        connection = http.client.HTTPConnection(self.link.address, self.port, timeout=5)
        try:
            # Without a signature: refused as soon as it knows its buckets, and not before.
            connection.request("GET", f"/{self.bucket}")
            return connection.getresponse().status == 403
        except OSError:
            return False
        finally:
            connection.close()

    def version(self):
        found = re.search(r"-(\d{4})(\d{2})(\d{2})\d*-", setup.MINIO_MODULE)
        return f"MinIO of {'-'.join(found.groups())}" if found else "MinIO"


class Sftp(Place):
    """OpenSSH's server with keys of its own; a shell too, as borg needs it."""

    kind = "sftp"
    host = "holdfast-bench"

    @property
    def client_settings(self):
        """A file for `ssh -F`."""
        return self.home / "ssh_config"

    @property
    def user(self):
        return getpass.getuser()

    def repository(self, name):
        return self.storage / name

    def prepare(self):
        for name in ("host_key", "user_key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.home / name], check=True
            )
        key = " ".join((self.home / "host_key.pub").read_text().split()[:2])
        address = self.link.address
        names = f"[{address}]:{self.port},{self.host}"
        (self.home / "known_hosts").write_text(f"{names} {key}\n")
        shutil.copy(self.home / "user_key.pub", self.home / "authorized_keys")
        self.client_settings.write_text(
            f"Host {self.host}\nHostName {address}\nPort {self.port}\nUser {self.user}\n"
            f"IdentityFile {self.home}/user_key\nIdentitiesOnly yes\n"
            f"UserKnownHostsFile {self.home}/known_hosts\nHostKeyAlias {self.host}\n"
        )
        (self.home / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress {address}\nHostKey {self.home}/host_key\nPidFile none\n"
            f"AuthorizedKeysFile {self.home}/authorized_keys\nStrictModes no\nUsePAM no\n"
            "MaxStartups 200\nPasswordAuthentication no\nPermitRootLogin yes\nPrintMotd no\n"
            "Subsystem sftp internal-sftp\n"
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)

    def command(self):
        return [setup.SSHD, "-D", "-e", "-f", self.home / "sshd_config"]

    def answers(self):
        try:
            with socket.create_connection((self.link.address, self.port), timeout=5) as one:
                return one.recv(4) == b"SSH-"
        except OSError:
            return False

    def version(self):
        found = re.search(r"OpenSSH_[\w.]+", output_of("ssh", "-V"))
        return found[0].replace("_", " ") if found else "OpenSSH"


PLACES = {
    "minio": lambda work: Minio(work, DirectLink()),
    "minio-20ms": lambda work: Minio(work, DelayedLink(DELAY_MS)),
    "sftp": lambda work: Sftp(work, DirectLink()),
    "sftp-20ms": lambda work: Sftp(work, DelayedLink(DELAY_MS)),
}
