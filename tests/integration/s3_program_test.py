#!/usr/bin/env python3
"""The program on real S3 servers: everything that a directory does, kill -9, an outage, and messages that help."""

import json
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

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from s3_server import S3Server  # noqa: E402

PROGRAM = os.environ.get("HOLDFAST", "")


def make_tree(root, mebibytes):
    generator = random.Random(11)
    for i in range(300):
        path = root / f"small/{i % 17}/{i}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(generator.randbytes(generator.randrange(20_000)))
    for i in range(mebibytes // 8):
        (root / f"large-{i}").write_bytes(generator.randbytes(8 << 20))
    (root / "link").symlink_to("large-0")


class S3ProgramTest(unittest.TestCase):
    kind = "minio"
    tls = False

    def setUp(self):
        self.place = Path(tempfile.mkdtemp(prefix="holdfast-s3-program-"))
        self.addCleanup(shutil.rmtree, self.place)
        server = S3Server(self.kind, self.tls)
        self.server = self.enterContext(server)
        self.server.make_bucket("bucket")
        self.tree = self.place / "tree"
        self.tree.mkdir()
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.place), "BACKUP_ENCRYPTION_KEY": "x",
                    "HOLDFAST_CACHE_DIR": str(self.place / "cache"), "TMPDIR": str(self.place),
                    "HOLDFAST_REPOSITORY": server.url("bucket", "prefix"), "AWS_EC2_METADATA_DISABLED": "true",
                    **server.environment}

    def run_program(self, *arguments, expect=0, env=None):
        done = subprocess.run([PROGRAM, *map(str, arguments)], env=env or self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600,
                              check=False)
        self.assertEqual(done.returncode, expect, f"{arguments}: {done.stdout}{done.stderr}")
        self.assertNotIn("holdfast-test-secret", done.stdout + done.stderr)
        return done.stdout + done.stderr

    def assert_restores(self):
        out = self.place / "out"
        shutil.rmtree(out, ignore_errors=True)
        self.run_program("restore", f"latest:{self.tree}", "--into", out)
        difference = subprocess.run(["diff", "-r", "--no-dereference", self.tree, out],
                                    stdout=subprocess.PIPE, text=True, check=False)
        self.assertEqual(difference.stdout, "")
        self.assertEqual(difference.returncode, 0)

    def test_a_whole_life(self):
        make_tree(self.tree, 96)
        self.run_program("init")
        self.assertIn("not empty", self.run_program("init", expect=1))
        self.run_program("backup", self.tree)
        self.assert_restores()
        (self.tree / "large-1").unlink()
        (self.tree / "new").write_bytes(b"new" * 1000)
        self.run_program("backup", self.tree)
        self.assert_restores()
        self.run_program("verify")
        oldest = json.loads(self.run_program("snapshot", "list", "--json"))["snapshots"][0]["id"]
        self.run_program("snapshot", "forget", oldest)
        self.assertIn("condemned", self.run_program("prune"))
        self.run_program("verify")
        shutil.rmtree(self.place / "cache")
        self.assert_restores()

    def test_kill_and_resume(self):
        make_tree(self.tree, 256)
        self.run_program("init")
        for _ in range(3):
            backup = subprocess.Popen([PROGRAM, "backup", self.tree], env=self.env, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.7)
            backup.send_signal(signal.SIGKILL)
            backup.wait()
        self.assertEqual([], [path for path in self.place.iterdir() if path.name.startswith("holdfast-")],
                         "temporary files have no name that could stay behind")
        self.run_program("backup", self.tree)
        self.assert_restores()
        self.run_program("verify")

    def test_an_outage_in_the_middle(self):
        make_tree(self.tree, 256)
        self.run_program("init")
        backup = subprocess.Popen([PROGRAM, "backup", self.tree], env=self.env, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        time.sleep(0.5)
        self.server.stop()
        time.sleep(2)
        self.server.start()
        output, _ = backup.communicate(timeout=300)
        self.assertEqual(backup.returncode, 0, output)
        self.assert_restores()

    def test_an_interrupt_in_an_outage(self):
        make_tree(self.tree, 256)
        self.run_program("init")
        for end, go_on in ((lambda: self.server.process.send_signal(signal.SIGSTOP),
                            lambda: self.server.process.send_signal(signal.SIGCONT)),
                           (self.server.stop, self.server.start)):
            backup = subprocess.Popen([PROGRAM, "backup", self.tree], env=self.env, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            time.sleep(0.5)
            end()
            time.sleep(1)
            begun = time.monotonic()
            backup.send_signal(signal.SIGINT)
            output, _ = backup.communicate(timeout=60)
            took = time.monotonic() - begun
            go_on()
            self.assertEqual(backup.returncode, 1, output)
            self.assertIn("interrupted", output)
            self.assertLess(took, 6)
        self.run_program("backup", self.tree)
        self.assert_restores()

    def test_a_prefix_that_is_no_plain_word(self):
        make_tree(self.tree, 8)
        url = self.env["HOLDFAST_REPOSITORY"].replace("bucket/prefix", "bucket/my%20back%2Bup/100%25")
        self.env = self.env | {"HOLDFAST_REPOSITORY": url}
        self.run_program("init")
        self.run_program("backup", self.tree)
        (self.tree / "large-0").unlink()
        self.run_program("backup", self.tree)
        oldest = json.loads(self.run_program("snapshot", "list", "--json"))["snapshots"][0]["id"]
        self.run_program("snapshot", "forget", oldest)
        self.run_program("prune")
        self.run_program("verify")
        self.assert_restores()

    def test_parity(self):
        make_tree(self.tree, 16)
        self.run_program("init")
        self.run_program("backup", self.tree)
        self.assertIn("have parity", self.run_program("repository", "protect"))
        self.run_program("verify")

    def test_messages(self):
        self.assertIn("holdfast init", self.run_program("backup", self.tree, expect=1))
        wrong = self.env | {"AWS_SECRET_ACCESS_KEY": "wrong"}
        self.assertIn("secret key is wrong", self.run_program("init", expect=1, env=wrong))
        nobody = {name: value for name, value in self.env.items() if not name.startswith("AWS_A")}
        self.assertIn("AWS_ACCESS_KEY_ID", self.run_program("init", expect=1, env=nobody))
        missing = self.env | {"HOLDFAST_REPOSITORY": self.server.url("nothing", "x")}
        self.assertIn("make the bucket", self.run_program("init", expect=1, env=missing))
        unknown = self.env | {"HOLDFAST_REPOSITORY": "s3://bucket/x?regoin=eu"}
        self.assertIn("region", self.run_program("init", expect=2, env=unknown))
        secret = self.env | {"HOLDFAST_REPOSITORY": "s3://key:hunter2@bucket/x"}
        self.assertNotIn("hunter2", self.run_program("init", expect=2, env=secret))


class TlsProgramTest(S3ProgramTest):
    """Over https, with a certificate of the server's own."""

    tls = True
    test_kill_and_resume = None
    test_an_outage_in_the_middle = None
    test_an_interrupt_in_an_outage = None

    def setUp(self):
        super().setUp()
        self.untrusting = self.env
        self.env = self.env | {"HOLDFAST_REPOSITORY": self.env["HOLDFAST_REPOSITORY"]
                               + f"&ca-file={self.server.certificate}"}

    def test_messages(self):
        self.assertIn("ca-file", self.run_program("init", expect=1, env=self.untrusting))
        missing = self.untrusting | {"HOLDFAST_REPOSITORY": self.untrusting["HOLDFAST_REPOSITORY"]
                                     + "&ca-file=/no/such/file"}
        self.assertIn("ca-file", self.run_program("init", expect=2, env=missing))


class VersitygwProgramTest(S3ProgramTest):
    kind = "versitygw"


if __name__ == "__main__":
    unittest.main(verbosity=2)
