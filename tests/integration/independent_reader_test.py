#!/usr/bin/env python3
"""The document is enough: a reader that shares no code with the program restores what the program stored.

A tree of everything that file systems are nasty about goes into a repository; tests/independent_reader.py
restores it, by the index and by the packs' own directories; rsync compares.
"""

import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

READER = Path(__file__).resolve().parents[1] / "independent_reader.py"
PROGRAM = os.environ.get("HOLDFAST", "")
AS_ROOT = os.geteuid() == 0


def make_nasty_tree(root):
    """Deterministic content; every kind of entry but sockets, which are recorded only."""
    generator = random.Random(7)
    base = os.fsencode(root)

    def write(name, data):
        path = os.path.join(base, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    write(b"empty", b"")
    write(b"one byte", b"x")
    write(b"names/\xff\xfe not utf-8", b"raw")
    write(b"names/new\nline", b"newline")
    write(b"names/" + b"n" * 255, b"long")
    write("names/ÅÄ \u202e ß".encode(), b"unicode")
    write(b"names/-rf", b"dash")
    write(b"deep/" + b"/".join([b"d" * 40] * 60) + b"/file", b"deep")
    write(b"prefix/a", b"a")
    write(b"prefix/a.b", b"sorts between a and its children")
    write(b"prefix-/a", b"sorts before prefix/")
    for i in range(1500):
        write(b"many/%03d/%d" % (i % 40, i), b"small file %d\n" % i * (i % 30))
    noise = generator.randbytes(9_000_000)
    write(b"large/random", noise)
    write(b"large/shifted", b"shift" + noise)
    write(b"large/zeros", bytes(5_000_000))
    write(b"large/text", b"the same line again and again\n" * 200_000)
    write(b"large/floats", b"".join(generator.randbytes(1) + bytes([0x3f]) for _ in range(1_000_000)))
    make_sparse(base, generator)
    make_links(base)
    make_attributes(base, write)
    times = [0, 1, -1, 1_700_000_000_123_456_789, -86_400_000_000_001, 4_102_444_800_999_999_999]
    for i, nanoseconds in enumerate(times):
        path = write(b"times/%d" % i, b"t")
        os.utime(path, ns=(nanoseconds, nanoseconds))
    os.makedirs(os.path.join(base, b"empty directory"))
    os.utime(os.path.join(base, b"times"), ns=(5, 5))


def make_sparse(base, generator):
    directory = os.path.join(base, b"sparse")
    os.makedirs(directory)
    pieces = {b"hole only": (3 << 20, []), b"ends in a hole": (1 << 24, [0]),
              b"starts with a hole": ((1 << 24) + 5, [1 << 24]),
              b"many holes": (200 << 20, [i << 20 for i in range(200)])}
    for name, (size, offsets) in pieces.items():
        with open(os.path.join(directory, name), "wb") as file:
            for offset in offsets:
                file.seek(offset)
                file.write(generator.randbytes(min(4096, size - offset)))
            file.truncate(size)


def make_links(base):
    directory = os.path.join(base, b"links")
    os.makedirs(directory)
    at = os.path.join(directory, b"")
    for name, target in ((b"dangling", b"nowhere"), (b"absolute", b"/etc/passwd"), (b"loop", b"loop"),
                         (b"to directory", b"../many"), (b"bytes", b"\xff\xfe"), (b"long", b"x" * 3000)):
        os.symlink(target, at + name)
    os.utime(at + b"dangling", ns=(7, 7), follow_symlinks=False)
    with open(at + b"z first made", "wb") as file:
        file.write(b"one inode, three names")
    os.link(at + b"z first made", at + b"a second")
    os.makedirs(at + b"m")
    os.link(at + b"z first made", at + b"m/third")
    os.mkfifo(at + b"fifo", 0o640)
    if AS_ROOT:
        try:
            os.mknod(at + b"null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
            os.mknod(at + b"disk", stat.S_IFBLK | 0o600, os.makedev(7, 300))
        except PermissionError:
            print("devices can't be made here")


def make_attributes(base, write):
    for mode in (0o000, 0o400, 0o777, 0o4755, 0o2755, 0o1777):
        if mode & 0o400 or AS_ROOT:
            os.chmod(write(b"modes/%04o" % mode, b"m"), mode)
    if AS_ROOT:
        os.chown(write(b"owners/strange", b"o"), 123456, 654321)
        os.chmod(os.path.join(base, b"owners"), 0o500)
    path = write(b"attributes/many", b"a")
    try:
        os.setxattr(path, b"user.binary", bytes(range(256)))
        os.setxattr(path, b"user.empty", b"")
        os.setxattr(path, "user.ünïcode".encode(), b"value")
        os.setxattr(os.path.dirname(path), b"user.directory", b"d")
    except OSError as error:
        print(f"no extended attributes here: {error.strerror}")
    if shutil.which("setfacl"):
        subprocess.run(["setfacl", "-m", "u:4321:rwx", path], check=False)
        subprocess.run(["setfacl", "-d", "-m", "g:4321:rx", os.path.dirname(path)], check=False)


@unittest.skipUnless(os.access(PROGRAM, os.X_OK), "HOLDFAST does not name the program")
class IndependentReader(unittest.TestCase):
    """One repository with several snapshots; each test restores from it."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.work = Path(cls.directory.name)
        cls.environment = dict(os.environ, BACKUP_ENCRYPTION_KEY="correct horse", HOME=cls.directory.name,
                               XDG_CACHE_HOME=str(cls.work / "cache"), XDG_CONFIG_HOME=str(cls.work / "etc"))
        cls.tree, cls.repository = cls.work / "tree", cls.work / "repository"
        make_nasty_tree(cls.tree)
        cls.program("init", "--to", cls.repository)
        cls.program("backup", cls.tree, "--to", cls.repository)
        cls.first = cls.work / "first"
        subprocess.run(["cp", "-a", "--sparse=always", cls.tree, cls.first], check=True)
        (cls.tree / "many" / "000" / "0").write_bytes(b"changed")
        with open(cls.tree / "large" / "random", "r+b") as file:
            file.seek(4_000_000)
            file.write(b"changed in the middle")
        shutil.rmtree(cls.tree / "many" / "001")
        cls.program("backup", cls.tree, "--to", cls.repository)

    @classmethod
    def program(cls, *arguments):
        done = subprocess.run([PROGRAM, *map(str, arguments)], env=cls.environment, check=False,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def restore(self, *arguments, repository=None):
        target = Path(tempfile.mkdtemp(dir=self.work))
        *options, snapshot = arguments
        done = subprocess.run([sys.executable, READER, *options, repository or self.repository, snapshot, target],
                              env=self.environment, check=False, capture_output=True, text=True)
        return done, target / str(self.tree).lstrip("/")

    def assert_same(self, expected, found):
        done = subprocess.run(["rsync", "-aHAXn", "--checksum", "--delete", "-i", f"{expected}/", f"{found}/"],
                              check=False, capture_output=True)
        self.assertEqual((done.returncode, done.stdout.decode(errors="replace")), (0, ""),
                         done.stderr.decode(errors="replace"))

    def check(self, *arguments):
        done, found = self.restore(*arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        self.assert_same(self.tree, found)
        return found

    def test_by_the_index(self):
        found = self.check("latest")
        for name in ("hole only", "ends in a hole", "starts with a hole", "many holes"):
            blocks = (self.tree / "sparse" / name).stat().st_blocks
            self.assertLessEqual((found / "sparse" / name).stat().st_blocks, blocks + 16, name)

    def test_by_the_packs_alone(self):
        self.check("--from-packs", "latest")

    def test_the_first_snapshot(self):
        names = sorted((self.repository / "snapshots").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        self.assertEqual(len(names), 2)
        done, found = self.restore(names[0].name)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_same(self.first, found)

    def test_a_wrong_passphrase_opens_nothing(self):
        environment = dict(self.environment, BACKUP_ENCRYPTION_KEY="wrong horse")
        done = subprocess.run([sys.executable, READER, self.repository, "latest", self.work / "none"],
                              env=environment, check=False, capture_output=True, text=True)
        self.assertEqual(done.returncode, 4, done.stderr)

    def read_with(self, key):
        target = Path(tempfile.mkdtemp(dir=self.work))
        done = subprocess.run([sys.executable, READER, self.repository, "latest", target],
                              env=dict(self.environment, BACKUP_ENCRYPTION_KEY=key), check=False,
                              capture_output=True, text=True)
        return done, target / str(self.tree).lstrip("/")

    def test_an_identity_opens_what_was_made_for_its_recipient(self):
        path = self.work / "identity"
        recipient = self.program("key", "generate", "--identity", path).strip()
        identity = path.read_text()
        done, _ = self.read_with(identity)
        self.assertEqual(done.returncode, 4, "no key yet: " + done.stderr)
        self.program("key", "add", "--to", self.repository, "--recipient", recipient, "--role", "reader")
        for key in (identity, identity.splitlines()[0]):
            done, found = self.read_with(key)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
            self.assert_same(self.tree, found)
        wrong = identity[:40] + ("a" if identity[40] != "a" else "b") + identity[41:]
        done, _ = self.read_with(wrong)
        self.assertEqual(done.returncode, 4)
        self.assertIn("identity", done.stderr)

    def test_damage_is_found(self):
        copy = self.work / "damaged"
        shutil.copytree(self.repository, copy)
        victim = max((path for path in (copy / "data").rglob("*") if path.is_file()),
                     key=lambda path: path.stat().st_size)
        victim.chmod(0o600)
        with open(victim, "r+b") as file:
            file.seek(victim.stat().st_size // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
        done, _ = self.restore("latest", repository=copy)
        self.assertEqual(done.returncode, 4, done.stdout)
        self.assertIn("chunk", done.stderr)


if __name__ == "__main__":
    unittest.main()
