"""OpenSSH's server of a test's own: on the loopback, with keys of its own, ended by its process id."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

SSHD = "/usr/sbin/sshd"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def children_of(parent):
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(fields[1]) == parent:
            found += [int(entry.name), *children_of(int(entry.name))]
    return found


class SshServer:
    """Runs until stop()."""

    def __init__(self, directory, subsystem="internal-sftp"):
        self.directory = directory
        self.port = free_port()
        for name in ("host_key", "user_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / name], check=True)
        self.trust(self.port)
        shutil.copy(directory / "user_key.pub", directory / "authorized_keys")
        (directory / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {directory}/host_key\nPidFile none\n"
            f"AuthorizedKeysFile {directory}/authorized_keys\nStrictModes no\nUsePAM no\nMaxStartups 100\n"
            f"PasswordAuthentication no\nPermitRootLogin yes\nSubsystem sftp {subsystem}\n"
            # Without the user's shell start-up files, which may do anything.
            f"SetEnv HOME={directory}\n")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", directory / "sshd_config"],
                                        stderr=subprocess.DEVNULL)
        for _ in range(400):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.025)
        raise AssertionError("sshd does not answer")

    def trust(self, port):
        """The server is known at that port, too: a proxy's."""
        key = " ".join((self.directory / "host_key.pub").read_text().split()[:2])
        with open(self.directory / "known_hosts", "a", encoding="utf-8") as known:
            known.write(f"[127.0.0.1]:{port} {key}\n")

    def url(self, path, port=None):
        return (f"sftp://{getpass.getuser()}@127.0.0.1:{port or self.port}{path}"
                f"?identity-file={self.directory}/user_key&known-hosts-file={self.directory}/known_hosts")

    def drop_sessions(self):
        for one in children_of(self.process.pid):
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def stop(self):
        sessions = children_of(self.process.pid)
        self.process.kill()
        self.process.wait()
        for one in sessions:
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                pass
