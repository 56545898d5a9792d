"""A fresh file system for every restored tree.

Restores would disturb each other otherwise: ext4 without a journal gives the number of a removed inode away again
only minutes after its removal, and searches past all of those one by one, so that a restore after the removal of another
tool's tree costs several times its processor time. A file system in a file, made anew each time, has a journal as
those of servers do, no history, and is gone at once.
"""

import os
import subprocess
from pathlib import Path

MIB = 1 << 20


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout.strip()


class Scratch:
    """Mounted at `place` between open() and close(); needs root and loop devices."""

    def __init__(self, place, size):
        self.mount = Path(place)
        self.image = self.mount.with_suffix(".image")
        self.size = size
        self.device = None

    def open(self):
        """An empty file system; returns where it is mounted."""
        self.close()
        self.mount.mkdir(parents=True, exist_ok=True)
        with open(self.image, "wb") as image:
            os.posix_fallocate(image.fileno(), 0, self.size)
        # Nothing is left for the kernel to initialise while something is measured.
        run("mkfs.ext4", "-q", "-F", "-i", "8192", "-E", "lazy_itable_init=0,lazy_journal_init=0",
            self.image)  # fmt: skip
        self.device = run("losetup", "--direct-io=on", "--find", "--show", self.image)
        run("mount", self.device, self.mount)
        return self.mount

    def close(self):
        """Takes all away, what an interrupted run left included."""
        if os.path.ismount(self.mount):
            self.device = self.device or run("findmnt", "-n", "-o", "SOURCE", self.mount)
            run("umount", self.mount)
        if self.device:
            run("losetup", "--detach", self.device)
            self.device = None
        self.image.unlink(missing_ok=True)

    def __enter__(self):
        return self.open()

    def __exit__(self, *_):
        self.close()


def size_for(bytes_stored):
    """Room for a tree of so many bytes, and for what a file system needs itself."""
    return (bytes_stored + bytes_stored // 4 + (1 << 30)) // MIB * MIB
