#!/usr/bin/env python3
"""The program over OpenSSH's server: what it does in a directory it does there, and the directory itself
is the same repository. Clients are killed and connections cut in the midst."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SUPPORT = Path(__file__).resolve().parents[1] / "support"
sys.path.insert(0, str(SUPPORT))
from ssh_server import SshServer  # noqa: E402

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

    def test_an_unknown_server_is_refused(self):
        (self.server.directory / "known_hosts").write_text("")
        output = self.run_program("init", "--to", self.url, status=1)
        self.assertIn("SHA256:", output)
        self.assertIn("known_hosts", output)


if __name__ == "__main__":
    unittest.main()
