"""Runs a command and says what it took: wall and CPU seconds, peak memory, how busy the machine was.

Memory is the highest sum of RssAnon and RssShmem over the command's processes, sampled every 20 ms: file
pages that are mapped or cached are the kernel's to drop and don't count.
"""

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

SAMPLE_INTERVAL_S = 0.02
# A command that takes longer hangs: it is ended and counts as failed.
WALL_MAX_S = 1200
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """What one or several commands took."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    memory_bytes: int = 0
    # CPU seconds of all processes and the kernel meanwhile, this command's included.
    busy_s: float = 0.0

    def add(self, other):
        self.wall_s += other.wall_s
        self.cpu_s += other.cpu_s
        self.busy_s += other.busy_s
        self.memory_bytes = max(self.memory_bytes, other.memory_bytes)


class CommandFailed(Exception):
    """A measured command ended with a code that its tool doesn't use for success."""


def children(pid):
    """Process ids below a process; those that ended meanwhile are left out."""
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as source:
                for child in source.read().split():
                    found += [int(child), *children(int(child))]
    except OSError:
        pass
    return found


def memory_bytes(pid):
    """RssAnon + RssShmem of one process, 0 when it has ended."""
    total = 0
    try:
        with open(f"/proc/{pid}/status") as source:
            for line in source:
                if line.startswith(("RssAnon:", "RssShmem:")):
                    total += int(line.split()[1]) * 1024
    except OSError:
        pass
    return total


def cpu_s(pid):
    """User and system seconds of a process, of those below it, and of those that it has waited for."""
    ticks = 0
    for one in (pid, *children(pid)):
        try:
            with open(f"/proc/{one}/stat") as source:
                # "pid (name) state ppid …"; a name may hold anything.
                fields = source.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS_PER_S


def busy_s():
    """Seconds that all cores together were not idle since the machine started."""
    with open("/proc/stat") as source:
        user, nice, system, _, _, *interrupts = map(int, source.readline().split()[1:9])
    return (user + nice + system + sum(interrupts)) / TICKS_PER_S


def end(pid):
    """Kills a process and all below it."""
    for one in (*reversed(children(pid)), pid):
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Watch(threading.Thread):
    """Watches a process and its children until stopped; `peak` is the highest sum of their memory. Ends
    them when the time is up."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0
        self.ended = threading.Event()
        self.deadline = time.monotonic() + WALL_MAX_S

    def run(self):
        while not self.ended.is_set():
            if time.monotonic() > self.deadline:
                end(self.pid)
            total = sum(memory_bytes(pid) for pid in [self.pid, *children(self.pid)])
            self.peak = max(self.peak, total)
            self.ended.wait(SAMPLE_INTERVAL_S)


def settle(path):
    """Writes out what others left dirty, so that the next measurement doesn't pay for it."""
    subprocess.run(["sync", "-f", str(path)], check=True)


def run_measured(command, *, environment, log, cwd=None, durable=None, accepted=(0,)):
    """Runs a command; its output goes to the file `log`.

    durable: a path whose file system is synced within the measured time.
    Returns (Cost, standard output). Raises CommandFailed for an exit code that isn't accepted.
    """
    output = f"{log}.out"
    with open(output, "wb") as stdout, open(log, "ab") as stderr:
        started, busy = time.monotonic(), busy_s()
        process = subprocess.Popen(
            command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
        )
        watch = Watch(process.pid)
        watch.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            end(process.pid)
            raise
        finally:
            watch.ended.set()
        process.returncode = os.waitstatus_to_exitcode(status)
        if durable is not None:
            subprocess.run(["sync", "-f", str(durable)], check=True)
        wall, busy = time.monotonic() - started, busy_s() - busy
        watch.join()
    with open(output, errors="replace") as source:
        text = source.read()
    if process.returncode not in accepted:
        with open(log, errors="replace") as source:
            tail = source.read()[-2000:]
        raise CommandFailed(f"{' '.join(command[:3])} ended with {process.returncode}:\n{tail}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, watch.peak, busy), text
