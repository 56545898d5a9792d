#!/usr/bin/env python3
"""A TCP proxy that treats its connections badly: delays, silence, resets in the midst of a body, bodies that
trickle, and whole outages. What befalls the n-th connection is drawn from the seed.

    with FaultProxy(server_port, seed=7) as proxy: ... proxy.port ...

Calm, it does no harm, and measures: what went by in each twentieth of a second. With a latency, it is a long
line: all that passes arrives later, however much is under way.
"""

import argparse
import asyncio
import collections
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time

CHUNK = 64 * 1024
SLOTS_PER_S = 20
# Of a hundred connections, how many meet what; the rest get through with some delay.
FATES = {"reset": 9, "cut": 5, "silence": 6, "lost": 1, "trickle": 9, "refused": 4}


class Fate:
    """What happens to one connection, and after how many bytes of which direction."""

    def __init__(self, seed, number, kinds):
        generator = random.Random(f"{seed}-{number}")
        self.kind = generator.choices([*kinds, "fair"], [*kinds.values(), 100 - sum(kinds.values())])[0]
        self.direction = generator.choice(("up", "down"))
        # From the first header to the midst of a pack, every size class as often as any other.
        self.after = int(10 ** generator.uniform(1.5, 7.2))
        self.delay = generator.choice((0, 0, 0.002, 0.02)) if kinds else 0
        self.silence = 75 if self.kind == "lost" else generator.uniform(0.5, 6)
        self.trickle = generator.uniform(0.01, 0.1)


class Proxy:
    def __init__(self, target, seed, outages, kinds, latency):
        self.target = target
        self.latency = latency
        self.seed = seed
        self.outages = outages
        self.kinds = kinds
        self.flow = {"up": collections.Counter(), "down": collections.Counter()}  # bytes by slot
        self.count = 0
        self.met = collections.Counter()
        self.is_away = False
        self.open = set()

    async def serve(self):
        server = await asyncio.start_server(self.take, "127.0.0.1", 0, backlog=512)
        print(server.sockets[0].getsockname()[1], flush=True)
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        breaking = asyncio.create_task(self.break_down())  # held, or it would be collected
        await ended.wait()
        told = {"connections": self.count, **self.met}
        if not self.kinds:
            told["flow"] = self.flow
        print(json.dumps(told), flush=True)
        os._exit(0 if breaking else 1)  # connections that sleep are not waited for

    async def break_down(self):
        """Now and then nothing gets through for a while."""
        generator = random.Random(f"{self.seed}-outages")
        while self.outages > 0:
            await asyncio.sleep(generator.expovariate(1 / self.outages))
            self.is_away = True
            self.met["outage"] += 1
            for writer in list(self.open):
                reset(writer)
            await asyncio.sleep(generator.uniform(0.3, 4))
            self.is_away = False

    async def take(self, reader, writer):
        fate = Fate(self.seed, self.count, self.kinds)
        self.count += 1
        if self.is_away or fate.kind == "refused":
            self.met["refused"] += 1
            reset(writer)
            return
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            reset(writer)
            return
        both = {writer, server_writer}
        self.open |= both
        if not self.kinds and not self.latency:
            for one in both:  # what waits in here must not be measured
                one.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, CHUNK)
                one.transport.set_write_buffer_limits(0)
        try:
            pump = self.pump_late if self.latency else self.pump
            await asyncio.gather(pump(reader, server_writer, fate, "up"),
                                 pump(server_reader, writer, fate, "down"))
            for one in both:
                one.close()
        except (OSError, EOFError):
            for one in both:
                reset(one)
        finally:
            self.open -= both

    async def pump(self, reader, writer, fate, direction):
        is_ill = fate.kind != "fair" and fate.direction == direction
        passed = 0
        while data := await reader.read(CHUNK):
            if fate.delay:
                await asyncio.sleep(fate.delay)
            if is_ill and passed + len(data) > fate.after:
                head = data[:max(fate.after - passed, 0)]
                writer.write(head)
                await self.strike(fate)
                data = data[len(head):]
                if fate.kind == "trickle":
                    await self.trickle(data, writer, fate)
                    data = b""
                else:
                    is_ill = False
            passed += len(data)
            writer.write(data)
            await writer.drain()
            self.flow[direction][int(time.monotonic() * SLOTS_PER_S)] += len(data)
        if not writer.is_closing():
            writer.write_eof()

    async def pump_late(self, reader, writer, _fate, direction):
        """Each piece arrives `latency` after it came; up to 64 MiB are under way."""
        line = asyncio.Queue(1024)

        async def receive():
            while data := await reader.read(CHUNK):
                self.flow[direction][int(time.monotonic() * SLOTS_PER_S)] += len(data)
                await line.put((time.monotonic() + self.latency, data))
            await line.put((0, b""))

        receiving = asyncio.create_task(receive())
        try:
            while (piece := await line.get())[1]:
                await asyncio.sleep(max(piece[0] - time.monotonic(), 0))
                writer.write(piece[1])
                await writer.drain()
            writer.write_eof()
        finally:
            receiving.cancel()

    async def strike(self, fate):
        if fate.kind != "trickle" or fate.after >= 0:
            self.met[fate.kind] += 1
        if fate.kind in ("silence", "lost"):
            await asyncio.sleep(fate.silence)
        if fate.kind in ("reset", "lost"):
            raise ConnectionResetError
        if fate.kind == "cut":
            raise EOFError
        fate.after = -1  # trickle: from now on all of it

    @staticmethod
    async def trickle(data, writer, fate):
        for at in range(0, len(data), 4096):
            writer.write(data[at:at + 4096])
            await writer.drain()
            await asyncio.sleep(fate.trickle)


def reset(writer):
    """Ends a connection by RST: what was in flight is lost."""
    one = writer.get_extra_info("socket")
    if one is not None and one.fileno() >= 0:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class FaultProxy:
    """The proxy as a process of its own. Use it as a context manager."""

    def __init__(self, target, seed, outages=20, calm=False, latency=0):
        self.command = [sys.executable, __file__, "--target", str(target), "--seed", str(seed),
                        "--outages", str(0 if calm else outages), "--latency", str(latency),
                        *(["--calm"] if calm else [])]
        self.process = None
        self.port = 0

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                        text=True)
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """What it did to its connections: how many met which fault. If calm: `flow`, bytes by slot."""
        if self.process is None:
            return {}
        self.process.terminate()
        output, _ = self.process.communicate(timeout=60)
        self.process = None
        return json.loads(output or "{}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=int, required=True, help="the server's port on the loopback")
    parser.add_argument("--seed", required=True)
    parser.add_argument("--outages", type=float, default=20, help="mean seconds between two; 0: none")
    parser.add_argument("--calm", action="store_true", help="do no harm, and measure")
    parser.add_argument("--latency", type=float, default=0, help="of a calm line, one way, in seconds")
    arguments = parser.parse_args()
    kinds = {} if arguments.calm else FATES
    asyncio.run(Proxy(arguments.target, arguments.seed, arguments.outages, kinds, arguments.latency).serve())


if __name__ == "__main__":
    main()
