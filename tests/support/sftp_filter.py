#!/usr/bin/env python3
"""OpenSSH's SFTP server with faults: an sshd of a test runs this as its ForceCommand. It passes packets between the
client and sftp-server, writes down what was asked, and answers some requests itself.

    sftp_filter.py LOG RULE...

A RULE is WHAT:STATUS:COUNT:TEXT: the first COUNT requests of the kind WHAT (of the whole test, over all connections)
that hold TEXT are answered with that status; "WHAT!" lets the server carry them out first. LOG has a line for every
request: its kind and its first string, where that is a path."""

import fcntl
import os
import struct
import subprocess
import sys
import threading

KINDS = {3: "open", 4: "close", 5: "read", 6: "write", 7: "lstat", 8: "fstat", 9: "setstat", 10: "fsetstat",
         11: "opendir", 12: "readdir", 13: "remove", 14: "mkdir", 15: "rmdir", 16: "realpath", 17: "stat",
         18: "rename"}
NAMED = {"open", "opendir", "remove", "mkdir", "stat", "lstat", "rename"}
STATUS = 101
EXTENDED = 200


class Rule:
    def __init__(self, text, log, number):
        what, status, count, self.text = text.split(":", 3)
        self.first_done = what.endswith("!")
        self.what = what.rstrip("!")
        self.status = int(status)
        self.count = int(count)
        self.used = f"{log}.{number}"

    def meets(self, kind, body):
        if kind != self.what or self.text.encode() not in body:
            return False
        with open(self.used, "a", encoding="ascii") as used:
            fcntl.flock(used, fcntl.LOCK_EX)
            if used.tell() >= self.count:
                return False
            used.write("x")
        return True


def packet_from(stream):
    head = stream.read(4)
    if len(head) < 4:
        return None
    body = stream.read(struct.unpack(">I", head)[0])
    return body


def string_at(body, at):
    size = struct.unpack_from(">I", body, at)[0]
    return body[at + 4:at + 4 + size]


def kind_of(body):
    if body[0] == EXTENDED:
        return string_at(body, 5).decode()
    return KINDS.get(body[0], str(body[0]))


class Filter:
    def __init__(self, log, rules):
        self.log = log
        self.rules = [Rule(text, log, number) for number, text in enumerate(rules)]
        self.server = subprocess.Popen(["/usr/lib/openssh/sftp-server"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        self.lock = threading.Lock()
        self.instead = {}  # by id: the status that is told for the server's answer

    def answer(self, body):
        with self.lock:
            sys.stdout.buffer.write(struct.pack(">I", len(body)) + body)
            sys.stdout.buffer.flush()

    def status(self, number, status):
        message = b"as the test wants it"
        return struct.pack(">BIII", STATUS, number, status, len(message)) + message + struct.pack(">I", 0)

    def note(self, kind, body):
        path = string_at(body, 5).decode(errors="replace") if kind in NAMED else ""
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(f"{kind} {path}".rstrip() + "\n")

    def to_server(self):
        while (body := packet_from(sys.stdin.buffer)) is not None:
            if body[0] != 1:  # INIT
                number = struct.unpack_from(">I", body, 1)[0]
                kind = kind_of(body)
                self.note(kind, body)
                rule = next((one for one in self.rules if one.meets(kind, body)), None)
                if rule is not None and not rule.first_done:
                    self.answer(self.status(number, rule.status))
                    continue
                if rule is not None:
                    self.instead[number] = rule.status
            self.server.stdin.write(struct.pack(">I", len(body)) + body)
            self.server.stdin.flush()
        self.server.stdin.close()

    def to_client(self):
        while (body := packet_from(self.server.stdout)) is not None:
            if body[0] != 2:  # VERSION
                number = struct.unpack_from(">I", body, 1)[0]
                if number in self.instead:
                    body = self.status(number, self.instead.pop(number))
            self.answer(body)
        os._exit(0)


if __name__ == "__main__":
    between = Filter(sys.argv[1], sys.argv[2:])
    threading.Thread(target=between.to_client, daemon=True).start()
    between.to_server()
    between.server.wait()
