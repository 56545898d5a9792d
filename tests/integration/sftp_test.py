#!/usr/bin/env python3
"""The program over OpenSSH's server: what it does in a directory it does there, and the directory itself
is the same repository. Clients are killed and connections cut in the midst."""

import getpass
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SUPPORT = Path(__file__).resolve().parents[1] / "support"
sys.path.insert(0, str(SUPPORT))
from ssh_server import SshServer, children_of  # noqa: E402

PROGRAM = os.environ.get("HOLDFAST", "")


class SftpTest(unittest.TestCase):
    subsystem = "internal-sftp"

    def setUp(self):
        self.place = Path(tempfile.mkdtemp(prefix="holdfast-sftp-"))
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        (self.place / "ssh").mkdir()
        self.server = SshServer(self.place / "ssh", self.subsystem)
        self.addCleanup(self.server.stop)
        self.url = self.server.url(f"{self.place}/repository")
        self.tree = self.place / "tree"
        self.write(range(40))

    def write(self, numbers):
        for number in numbers:
            path = self.tree / f"d{number % 4}" / f"f{number}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(random.Random(number).randbytes(1_000_000 + number))

    def environment(self):
        return os.environ | {"BACKUP_ENCRYPTION_KEY": "over the wire",
                             "HOLDFAST_CACHE_DIR": str(self.place / "cache")}

    def run_program(self, *arguments, status=0):
        done = subprocess.run([PROGRAM, *map(str, arguments)], env=self.environment(), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def start(self, *arguments):
        return subprocess.Popen([PROGRAM, *map(str, arguments)], env=self.environment(),
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def with_ssh_config(self, config):
        """How to run the program with this ~/.ssh/config. libssh takes the home directory from the user database, so
        another one needs a mount."""
        (self.place / ".ssh").mkdir()
        (self.place / ".ssh/config").write_text(config)
        (self.place / "passwd").write_text(f"root:x:0:0:root:{self.place}:/bin/sh\n")
        return ["unshare", "--mount", "sh", "-c", f'mount --bind {self.place}/passwd /etc/passwd && exec "$@"',
                "sh", PROGRAM]

    def expect_restores(self, url):
        into = self.place / "restored"
        shutil.rmtree(into, ignore_errors=True)
        self.run_program("restore", f"latest:{self.tree}", "--from", url, "--into", into)
        subprocess.run(["diff", "-r", self.tree, into], check=True)

    def test_everything_works_as_in_a_directory(self):
        self.run_program("init", "--to", self.url)
        self.run_program("backup", self.tree, "--to", self.url)
        self.write(range(100, 110))
        self.run_program("backup", self.tree, "--to", self.url)
        self.expect_restores(self.url)
        self.run_program("verify", "--from", self.url, "--level", "sound")
        # The directory on the server is the same repository.
        directory = f"file://{self.place}/repository"
        self.expect_restores(directory)
        self.run_program("verify", "--from", directory, "--level", "sound")
        first = self.run_program("snapshot", "list", "--from", self.url, "--quiet").split()[0]
        self.run_program("snapshot", "forget", first, "--to", self.url)
        self.run_program("prune", "--to", self.url)
        self.run_program("verify", "--from", self.url, "--level", "sound")
        self.expect_restores(self.url)

    def test_killed_clients_leave_nothing_broken(self):
        self.run_program("init", "--to", self.url)
        for pause in (0.2, 0.4, 0.6, 0.8):
            client = self.start("backup", self.tree, "--to", self.url)
            time.sleep(pause)
            client.kill()
            client.communicate()
        self.run_program("backup", self.tree, "--to", self.url)
        self.run_program("verify", "--from", self.url, "--level", "sound")
        self.expect_restores(self.url)

    def test_a_cut_connection_is_made_again(self):
        self.run_program("init", "--to", self.url)
        client = self.start("backup", self.tree, "--to", self.url)
        for _ in range(3):
            time.sleep(0.4)
            self.server.drop_sessions()
        output, _ = client.communicate(timeout=300)
        self.assertEqual(client.returncode, 0, output)
        self.run_program("verify", "--from", self.url, "--level", "sound")
        self.expect_restores(self.url)

    @unittest.skipUnless(os.geteuid() == 0, "needs a home directory of its own")
    def test_a_proxy_command_that_ends_is_an_outage(self):
        alone = self.with_ssh_config(f"Host *\n  ProxyCommand bash {self.place}/relay %h %p\n")
        (self.place / "relay").write_text(
            f"exec 3<>/dev/tcp/$1/$2\ncat <&3 &\necho $$ $! >>{self.place}/relays\nexec cat >&3\n")
        subprocess.run([*alone, "init", "--to", self.url], env=self.environment(), check=True,
                       stdout=subprocess.DEVNULL)
        client = subprocess.Popen([*alone, "backup", str(self.tree), "--to", self.url], env=self.environment(),
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(4):
            time.sleep(0.3)
            for one in (self.place / "relays").read_text().split():
                try:
                    os.kill(int(one), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            (self.place / "relays").write_text("")
        output, _ = client.communicate(timeout=300)
        self.assertEqual(client.returncode, 0, output)
        self.expect_restores(self.url)

    @unittest.skipUnless(os.geteuid() == 0, "needs a home directory of its own")
    def test_what_the_ssh_configuration_says(self):
        alone = self.with_ssh_config(
            f"Host backup\n  HostName 127.0.0.1\n  Port {self.server.port}\n  User {getpass.getuser()}\n"
            f"  UserKnownHostsFile {self.place}/trusted\n  IdentityFile {self.server.directory}/user_key\n")

        def init(url):
            return subprocess.run([*alone, "init", "--to", url], env=self.environment(), check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100)
        url = f"sftp://backup{self.place}/repository"
        unknown = init(url)
        self.assertEqual(unknown.returncode, 1, unknown.stdout)
        self.assertIn(f"[127.0.0.1]:{self.server.port} is not known", unknown.stdout)
        # The hint names the file and the form of the name that count.
        command = unknown.stdout[unknown.stdout.index("echo "):].splitlines()[0]
        subprocess.run(["sh", "-c", command], check=True)
        self.assertTrue((self.place / "trusted").exists(), command)
        # A port in the URL wins, be it the usual one.
        elsewhere = init(f"sftp://backup:22{self.place}/elsewhere")
        self.assertEqual(elsewhere.returncode, 1, elsewhere.stdout)
        self.assertFalse((self.place / "elsewhere").exists())
        done = init(url)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_an_interrupt_in_an_outage(self):
        self.run_program("init", "--to", self.url)
        client = self.start("backup", self.tree, "--to", self.url)
        time.sleep(0.4)
        sessions = children_of(self.server.process.pid)
        for one in (self.server.process.pid, *sessions):
            os.kill(one, signal.SIGSTOP)
        time.sleep(1)
        begun = time.monotonic()
        client.send_signal(signal.SIGINT)
        output, _ = client.communicate(timeout=100)
        took = time.monotonic() - begun
        for one in (self.server.process.pid, *sessions):
            os.kill(one, signal.SIGCONT)
        self.assertEqual(client.returncode, 1, output)
        self.assertIn(b"interrupted", output)
        # A login that hangs is waited for as long as logins may take, 20 s.
        self.assertLess(took, 25)

    def test_an_unknown_server_is_refused(self):
        (self.server.directory / "known_hosts").write_text("")
        output = self.run_program("init", "--to", self.url, status=1)
        self.assertIn("SHA256:", output)
        self.assertIn("known_hosts", output)


if __name__ == "__main__":
    unittest.main()
