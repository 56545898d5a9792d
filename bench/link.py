"""A way with added latency to a network namespace, and what it carries.

The namespace, its devices and the addresses belong to the process of delay/delay.cpp and vanish with it,
also when the benchmark is killed. The addresses are of the range set aside for benchmarks (RFC 2544).
"""

import select
import socket
import statistics
import subprocess
import sys
import time

import measure
import setup

NEAR, FAR = "198.18.0.1", "198.18.0.2"
NEAR_DEVICE, FAR_DEVICE = "hfnear", "hffar"
# Enough for every packet that connections can have under way: the link itself loses none.
QUEUE_LENGTH = 20_000
PROBE_PORT = 9
PROBE_BYTES = 1 << 30
SINK = """
import socket
server = socket.create_server(("{far}", {port}))
print("ready", flush=True)
one = server.accept()[0]
buffer = bytearray(1 << 20)
while one.recv_into(buffer):
    pass
one.sendall(b"!")
"""


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


class DirectLink:
    """The loopback."""

    address = "127.0.0.1"
    delay_ms = 0

    def open(self):
        pass

    def close(self):
        pass

    def inside(self, command):
        """The command that runs `command` where servers of this link listen."""
        return list(command)

    def cpu_s(self):
        return 0.0


class DelayedLink:
    """Every packet takes half of `delay_ms` each way; needs root."""

    address = FAR

    def __init__(self, delay_ms):
        self.delay_ms = delay_ms
        self.process = None

    def open(self):
        self.close()
        half_us = str(self.delay_ms * 1000 // 2)
        self.process = subprocess.Popen(
            [setup.DELAY, half_us, NEAR_DEVICE, FAR_DEVICE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the delayed link can't be made: it needs root and /dev/net/tun")
        self.configure(lambda command: command, NEAR_DEVICE, NEAR, FAR)
        self.configure(self.inside, FAR_DEVICE, FAR, NEAR)
        run(*self.inside(["ip", "link", "set", "lo", "up"]))

    def configure(self, within, device, own, peer):
        run(*within(["ip", "address", "add", own, "peer", peer, "dev", device]))
        run(*within(["ip", "link", "set", device, "txqueuelen", str(QUEUE_LENGTH), "up"]))

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def inside(self, command):
        return ["nsenter", f"--net=/proc/{self.process.pid}/ns/net", *map(str, command)]

    def cpu_s(self):
        return measure.cpu_s(self.process.pid) if self.process else 0.0


def round_trip_ms(address, port):
    """Median time that a TCP connection takes to be made."""
    times = []
    for _ in range(9):
        started = time.monotonic()
        socket.create_connection((address, port), timeout=10).close()
        times.append((time.monotonic() - started) * 1000)
    return round(statistics.median(times), 2)


def transfer_rate(link):
    """MB/s of one plain TCP connection over 1 GiB, slow start included: what the way itself allows."""
    script = SINK.format(far=link.address, port=PROBE_PORT)
    sink = subprocess.Popen(
        link.inside([sys.executable, "-c", script]), stdout=subprocess.PIPE, text=True
    )
    try:
        readable = select.select([sink.stdout], [], [], 10)[0]
        if not readable or sink.stdout.readline() != "ready\n":
            raise RuntimeError("the probe of the link does not answer")
        block = bytes(1 << 20)
        started = time.monotonic()
        with socket.create_connection((link.address, PROBE_PORT), timeout=60) as one:
            for _ in range(PROBE_BYTES // len(block)):
                one.sendall(block)
            one.shutdown(socket.SHUT_WR)
            one.recv(1)
        return PROBE_BYTES / 1e6 / (time.monotonic() - started)
    finally:
        sink.kill()
        sink.wait()
        sink.stdout.close()
