#!/usr/bin/env python3
"""An SFTP server of version 3 without any extension, as a subsystem of sshd: what the protocol's draft asks
for and no more. It has no fsync, no hard link, no statvfs, and it renames only where nothing is."""

import os
import stat
import struct
import sys

OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, BAD_MESSAGE, UNSUPPORTED = 0, 1, 2, 3, 4, 5, 8
NAMES_AT_ONCE = 50


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, size):
        if size > len(self.data):
            raise ValueError("cut short")
        head, self.data = self.data[:size], self.data[size:]
        return head

    def u32(self):
        return struct.unpack(">I", self.take(4))[0]

    def u64(self):
        return struct.unpack(">Q", self.take(8))[0]

    def string(self):
        return self.take(self.u32())

    def attributes(self):
        """Size and mode, if they are given; times are read and kept."""
        flags, found = self.u32(), {}
        if flags & 1:
            found["size"] = self.u64()
        if flags & 2:
            found["owner"] = (self.u32(), self.u32())
        if flags & 4:
            found["mode"] = self.u32()
        if flags & 8:
            found["times"] = (self.u32(), self.u32())
        return found


def string(data):
    return struct.pack(">I", len(data)) + data


def attributes_of(about):
    return struct.pack(">IQIIIII", 1 | 2 | 4 | 8, about.st_size, about.st_uid, about.st_gid, about.st_mode,
                       int(about.st_atime), int(about.st_mtime))


class Server:
    def __init__(self):
        self.handles = {}
        self.count = 0
        self.calls = {3: self.open, 4: self.close, 5: self.read, 6: self.write, 7: self.lstat, 8: self.fstat,
                      9: self.setstat, 10: self.fsetstat, 11: self.opendir, 12: self.readdir, 13: self.remove,
                      14: self.mkdir, 15: self.rmdir, 16: self.realpath, 17: self.stat, 18: self.rename}

    def serve(self, source, sink):
        while head := source.read(4):
            data = Reader(source.read(struct.unpack(">I", head)[0]))
            kind = data.take(1)[0]
            if kind == 1:
                answer = struct.pack(">BI", 2, 3)
            else:
                number = data.take(4)
                answer = self.answer(kind, data, number)
            sink.write(string(answer))
            sink.flush()

    def answer(self, kind, data, number):
        try:
            if kind not in self.calls:
                return self.status(number, UNSUPPORTED)
            kind, body = self.calls[kind](data) or (101, OK)
            return self.status(number, body) if kind == 101 else bytes([kind]) + number + body
        except (FileNotFoundError, NotADirectoryError):
            return self.status(number, NO_SUCH_FILE)
        except PermissionError:
            return self.status(number, PERMISSION_DENIED)
        except (ValueError, KeyError):
            return self.status(number, BAD_MESSAGE)
        except OSError:
            return self.status(number, FAILURE)

    @staticmethod
    def status(number, code):
        return b"\x65" + number + struct.pack(">I", code) + string(b"status") + string(b"")

    def handle(self, value):
        self.count += 1
        name = str(self.count).encode()
        self.handles[name] = value
        return 102, string(name)

    def open(self, data):
        path, flags, given = data.string(), data.u32(), data.attributes()
        how = {1: os.O_RDONLY, 2: os.O_WRONLY, 3: os.O_RDWR}[flags & 3]
        for bit, meaning in ((4, os.O_APPEND), (8, os.O_CREAT), (16, os.O_TRUNC), (32, os.O_EXCL)):
            how |= meaning if flags & bit else 0
        fd = os.open(path, how, given.get("mode", 0o666) & 0o7777)
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            os.close(fd)
            return 101, FAILURE
        return self.handle(fd)

    def close(self, data):
        value = self.handles.pop(data.string())
        if isinstance(value, int):
            os.close(value)

    def read(self, data):
        fd, at, size = self.handles[data.string()], data.u64(), data.u32()
        found = os.pread(fd, min(size, 1 << 18), at)
        return (103, string(found)) if found else (101, EOF)

    def write(self, data):
        fd, at, content = self.handles[data.string()], data.u64(), data.string()
        while content:
            done = os.pwrite(fd, content, at)
            content, at = content[done:], at + done

    @staticmethod
    def lstat(data):
        return 105, attributes_of(os.lstat(data.string()))

    @staticmethod
    def stat(data):
        return 105, attributes_of(os.stat(data.string()))

    def fstat(self, data):
        return 105, attributes_of(os.fstat(self.handles[data.string()]))

    @staticmethod
    def set(target, given):
        if "size" in given:
            os.truncate(target, given["size"])
        if "mode" in given:
            os.chmod(target, given["mode"] & 0o7777)
        if "times" in given:
            os.utime(target, given["times"])

    def setstat(self, data):
        self.set(data.string(), data.attributes())

    def fsetstat(self, data):
        self.set(self.handles[data.string()], data.attributes())

    def opendir(self, data):
        path = data.string()
        return self.handle([(path, name) for name in [b".", b"..", *os.listdir(path)]])

    def readdir(self, data):
        left = self.handles[data.string()]
        if not left:
            return 101, EOF
        found = []
        while left and len(found) < NAMES_AT_ONCE:
            directory, name = left.pop()
            try:
                about = attributes_of(os.lstat(os.path.join(directory, name)))
            except FileNotFoundError:
                continue
            found.append(string(name) + string(name) + about)
        return 104, struct.pack(">I", len(found)) + b"".join(found)

    @staticmethod
    def remove(data):
        os.unlink(data.string())

    @staticmethod
    def mkdir(data):
        os.mkdir(data.string())

    @staticmethod
    def rmdir(data):
        os.rmdir(data.string())

    @staticmethod
    def realpath(data):
        path = os.path.realpath(data.string() or b".")
        return 104, struct.pack(">I", 1) + string(path) + string(path) + struct.pack(">I", 0)

    @staticmethod
    def rename(data):
        """As OpenSSH does it: a link, which fails where something is, and the removal of the old name."""
        old, new = data.string(), data.string()
        os.link(old, new)
        os.unlink(old)


if __name__ == "__main__":
    Server().serve(sys.stdin.buffer, sys.stdout.buffer)
