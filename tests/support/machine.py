"""One of many machines at one repository: it has a tree that changes and a cache, and it runs the program,
which is killed now and then. It remembers what each snapshot must hold, and whatever went otherwise than a
network's faults explain."""

import collections
import hashlib
import json
import os
import random
import signal
import stat
import subprocess
import threading
import time

# What a bad network or a neighbour's prune may bring about. Damage, absence or a crash may not be.
BEARABLE = {"unavailable", "conflict", "cancelled"}
COMMAND_TIMEOUT_S = 420
SNAPSHOTS_KEPT = 5


def content(number):
    """The contents that all machines draw from: they share chunks."""
    generator = random.Random(f"content-{number}")
    if number % 5 == 0:
        return generator.randbytes(generator.randrange(600_000, 3_000_000))
    return generator.randbytes(generator.randrange(60_000)) if number % 5 < 4 else b"text " * number


def manifest_of(root):
    """All that must come back: kinds, modes, times, contents."""
    found = {}
    stack = [root]
    while stack:
        directory = stack.pop()
        for entry in os.scandir(directory):
            about = entry.stat(follow_symlinks=False)
            path = os.path.relpath(entry.path, root)
            mode = stat.S_IMODE(about.st_mode)
            if entry.is_symlink():
                found[path] = ("link", os.readlink(entry.path))
            elif entry.is_dir(follow_symlinks=False):
                found[path] = ("directory", mode)
                stack.append(entry.path)
            else:
                with open(entry.path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
                found[path] = ("file", mode, about.st_mtime_ns, about.st_size, digest)
    return found


def difference(expected, found):
    """The first few paths that differ, for a message."""
    wrong = [path for path in expected.keys() | found.keys() if expected.get(path) != found.get(path)]
    return [f"{path}: {expected.get(path)} became {found.get(path)}" for path in sorted(wrong)[:3]]


class Record:
    """What all machines did, shared by their threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.manifests = {}  # by (machine, round)
        self.committed = {}  # snapshot id: (machine, round); reported as done, not forgotten
        self.forgotten = set()
        self.outcomes = collections.Counter()
        self.wrong = []

    def count(self, what):
        with self.lock:
            self.outcomes[what] += 1

    def complain(self, text):
        with self.lock:
            self.wrong.append(text)
        print(f"WRONG: {text}", flush=True)


class Machine:
    """Runs until `end`, a time of time.monotonic()."""

    def __init__(self, program, number, seed, place, environment, record):
        self.program = program
        self.number = number
        self.random = random.Random(f"{seed}-{number}")
        self.place = place / f"machine-{number}"
        self.tree = self.place / "tree"
        self.tree.mkdir(parents=True)
        # The first two are two users of one machine: they share a cache.
        cache = place / f"cache-{max(number, 1)}"
        self.environment = environment | {"HOLDFAST_CACHE_DIR": str(cache), "TMPDIR": str(self.place)}
        self.record = record
        self.round = 0
        self.own = []  # ids, oldest first
        self.end = 0
        for _ in range(40):
            self.write_a_file()

    def write_a_file(self):
        path = self.tree / f"d{self.random.randrange(5)}" / f"f{self.random.randrange(60)}"
        path.parent.mkdir(exist_ok=True)
        if path.is_symlink() or path.exists():
            path.unlink()
        if self.random.random() < 0.05:
            path.symlink_to(f"to-{self.random.randrange(9)}")
            return
        path.write_bytes(content(self.random.randrange(250)))
        path.chmod(self.random.choice((0o644, 0o600, 0o755)))

    def change(self):
        for _ in range(self.random.randrange(8)):
            self.write_a_file()
        files = sorted(path for path in self.tree.rglob("*") if path.is_symlink() or path.is_file())
        for path in self.random.sample(files, min(len(files), self.random.randrange(4))):
            path.unlink()

    def run_program(self, *arguments, kill_after=None):
        """Exit code, the object it printed, and whether it was killed."""
        command = [self.program, *map(str, arguments), "--json", "--quiet"]
        process = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        was_killed = False
        try:
            output, errors = process.communicate(timeout=kill_after or COMMAND_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            was_killed = kill_after is not None
            process.send_signal(signal.SIGKILL if was_killed else signal.SIGABRT)
            output, errors = process.communicate()
        told = {}
        try:
            told = json.loads(output) if output.strip() else {}
        except ValueError:
            if not was_killed:
                self.record.complain(f"{command}: not JSON: {output!r}")
        name = " ".join(map(str, arguments[:2] if arguments[0] == "snapshot" else arguments[:1]))
        code = told.get("error", {}).get("code", "")
        self.record.count(f"{name}: " + ("killed" if was_killed else f"{process.returncode} {code}".strip()))
        if told.get("packs_deleted"):
            self.record.count(f"{name}: deleted packs")
        # An outage in the midst: what could not be had is named, one by one, and nothing is called damaged.
        could_not_have_all = ((name == "verify" and process.returncode == 6) or
                              (name == "restore" and process.returncode == 1 and told.get("failure_count")))
        bearable = process.returncode in (0, 3) or code in BEARABLE or could_not_have_all
        if not was_killed and not bearable:
            self.record.complain(f"machine {self.number}: {name} ended with {process.returncode}: "
                                 f"{told.get('error')} {errors[-2000:]}")
        return process.returncode, told, was_killed

    def perhaps_killed(self, chance=0.25):
        """Not at once, and rarely late: in the midst of the work."""
        return 10 ** self.random.uniform(-1.3, 0.7) if self.random.random() < chance else None

    def back_up(self):
        self.change()
        self.round += 1
        key = (self.number, self.round)
        with self.record.lock:
            self.record.manifests[key] = manifest_of(self.tree)
        code, told, was_killed = self.run_program(
            "backup", self.tree, "--host", f"m{self.number}", "--tag", f"round={self.round}",
            kill_after=self.perhaps_killed())
        # A killed one may have said that it was done, and then it counts.
        if told.get("snapshot") and (was_killed or code in (0, 3)):
            self.own.append(told["snapshot"])
            with self.record.lock:
                self.record.committed[told["snapshot"]] = key

    def forget(self):
        if len(self.own) < 2:
            return
        count = max(len(self.own) - SNAPSHOTS_KEPT, 1)
        gone = [self.own.pop(self.random.randrange(len(self.own))) for _ in range(count)]
        with self.record.lock:
            for one in gone:
                del self.record.committed[one]
        code, _, was_killed = self.run_program("snapshot", "forget", *gone, kill_after=self.perhaps_killed())
        if code == 0 and not was_killed:
            with self.record.lock:
                self.record.forgotten |= set(gone)

    def prune(self):
        self.run_program("prune", kill_after=self.perhaps_killed())

    def restore(self):
        if not self.own:
            return
        snapshot = self.random.choice(self.own)
        into = self.place / "restored"
        code, _, _ = self.run_program("restore", f"{snapshot}:{self.tree}", "--into", into)
        if code == 0:
            self.compare(snapshot, into)
        subprocess.run(["rm", "-rf", into], check=True)

    def compare(self, snapshot, into):
        expected = self.record.manifests[self.record.committed[snapshot]]
        for wrong in difference(expected, manifest_of(into)):
            self.record.complain(f"snapshot {snapshot[:8]} of machine {self.number}: {wrong}")

    def verify(self):
        if self.own:
            self.run_program("verify", self.random.choice(self.own), "--level", "readable")

    def back_up_and_prune(self):
        other = threading.Thread(target=self.prune)
        other.start()
        self.back_up()
        other.join()

    def live(self):
        steps = {self.back_up: 50, self.forget: 15, self.prune: 14, self.restore: 9, self.verify: 4,
                 self.back_up_and_prune: 8}
        while time.monotonic() < self.end:
            step = self.random.choices(list(steps), list(steps.values()))[0]
            if len(self.own) > SNAPSHOTS_KEPT:
                step = self.forget
            try:
                step()
            except Exception as error:  # the thread's last words
                self.record.complain(f"machine {self.number}: the test itself broke: {error!r}")
                raise
