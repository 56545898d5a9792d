#!/usr/bin/env python3
"""How small and how fast zstd makes a corpus, for bundle sizes and parameter sets.

It imitates what a repository stores: whole-file duplicates are dropped, files below 512 KiB are joined
in path order to bundles, larger files are cut into pieces of about 2 MiB. Every bundle and piece is
compressed alone. It uses the system's libzstd, the one that Holdfast links. Prints one line per setting:
total bytes, share of the input, and MB of input per CPU second on one core.
"""

import argparse
import ctypes
import ctypes.util
import hashlib
import os
import sys
import time

KIB = 1 << 10
MIB = 1 << 20
SMALL_FILE_MAX = 512 * KIB
PIECE_SIZE = 2 * MIB

PARAMETERS = {
    "level": 100,
    "window": 101,
    "hash": 102,
    "chain": 103,
    "search": 104,
    "match": 105,
    "target": 106,
    "strategy": 107,  # 1 fast, 2 dfast, 3 greedy, 4 lazy
    "ldm": 160,
}

SETTINGS = [
    "level=-1",
    "level=1",
    "level=2",
    "level=3",
    "level=4",
    "level=5",
    "level=1 window=21",
    "level=1 window=21 hash=16",
    "level=1 window=21 hash=17",
    "level=1 window=21 hash=17 match=6",
    "level=1 window=21 hash=17 match=5",
    "level=2 window=21 hash=17",
    "level=2 window=21 hash=18",
    "level=1 window=21 strategy=2 hash=16 chain=15",
    "level=1 window=21 strategy=2 hash=17 chain=15 match=5",
    "level=3 hash=16 chain=15",
    "level=3 hash=17 chain=15",
    "level=3 hash=18 chain=16",
    "level=3 hash=18 chain=17",
    "level=3 match=6",
]


class Compressor:
    """One zstd context; parameters as text, such as 'level=1 window=21'."""

    def __init__(self):
        self.library = ctypes.CDLL(ctypes.util.find_library("zstd"))
        self.library.ZSTD_createCCtx.restype = ctypes.c_void_p
        self.library.ZSTD_compressBound.restype = ctypes.c_size_t
        self.library.ZSTD_compressBound.argtypes = [ctypes.c_size_t]
        self.library.ZSTD_compress2.restype = ctypes.c_size_t
        self.library.ZSTD_compress2.argtypes = [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
            ctypes.c_void_p,
            ctypes.c_size_t,
        ]
        self.library.ZSTD_CCtx_setParameter.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
        self.library.ZSTD_CCtx_setParameter.restype = ctypes.c_size_t
        self.library.ZSTD_CCtx_reset.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self.library.ZSTD_isError.argtypes = [ctypes.c_size_t]
        self.context = self.library.ZSTD_createCCtx()
        self.capacity = self.library.ZSTD_compressBound(16 * MIB)
        self.buffer = ctypes.create_string_buffer(self.capacity)

    def configure(self, setting):
        self.library.ZSTD_CCtx_reset(self.context, 3)
        for word in setting.split():
            name, _, value = word.partition("=")
            code = self.library.ZSTD_CCtx_setParameter(self.context, PARAMETERS[name], int(value))
            if self.library.ZSTD_isError(code):
                raise ValueError(f"zstd refuses {word}")

    def compressed_size(self, content):
        size = self.library.ZSTD_compress2(
            self.context, self.buffer, self.capacity, content, len(content)
        )
        if self.library.ZSTD_isError(size):
            raise RuntimeError("zstd failed")
        return min(size, len(content))


def read_corpus(path):
    """Contents of the small files in path order, pieces of the larger; duplicates dropped."""
    small, pieces, seen = [], [], set()
    files = dropped = total = 0
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            full = os.path.join(folder, name)
            if os.path.islink(full) or not os.path.isfile(full):
                continue
            with open(full, "rb") as source:
                content = source.read()
            files += 1
            total += len(content)
            parts = [content]
            if len(content) >= SMALL_FILE_MAX:
                parts = [content[at : at + PIECE_SIZE] for at in range(0, len(content), PIECE_SIZE)]
            for part in parts:
                mark = hashlib.sha256(part).digest()
                if mark in seen:
                    dropped += len(part)
                elif len(content) >= SMALL_FILE_MAX:
                    pieces.append(part)
                else:
                    small.append((full, part))
                seen.add(mark)
    print(f"{files:,} files, {total / 1e6:,.1f} MB, duplicates {dropped / 1e6:,.1f} MB")
    sizes = sum(len(part) for _, part in small), sum(len(part) for part in pieces)
    print(f"unique: small {sizes[0] / 1e6:,.1f} MB, large {sizes[1] / 1e6:,.1f} MB", flush=True)
    return small, pieces


def bundle(small, target):
    """Joins contents until a bundle reaches the target size."""
    bundles, parts, size = [], [], 0
    for _, content in small:
        parts.append(content)
        size += len(content)
        if size >= target:
            bundles.append(b"".join(parts))
            parts, size = [], 0
    if parts:
        bundles.append(b"".join(parts))
    return bundles


def by_extension(small, reach):
    """The same files, sorted by extension within stretches of about `reach` bytes."""
    ordered, stretch, size = [], [], 0
    for entry in small:
        stretch.append(entry)
        size += len(entry[1])
        if size >= reach:
            ordered += sorted(stretch, key=lambda item: os.path.splitext(item[0])[1])
            stretch, size = [], 0
    return ordered + sorted(stretch, key=lambda item: os.path.splitext(item[0])[1])


def measure(compressor, setting, blobs):
    """(compressed bytes, CPU seconds)."""
    compressor.configure(setting)
    started = time.process_time()
    total = sum(compressor.compressed_size(blob) for blob in blobs)
    return total, time.process_time() - started


def report(compressor, label, setting, bundles, pieces):
    small_in = sum(map(len, bundles))
    large_in = sum(map(len, pieces))
    small_out, small_time = measure(compressor, setting, bundles)
    large_out, large_time = measure(compressor, setting, pieces)
    total_in, total_out, spent = small_in + large_in, small_out + large_out, small_time + large_time
    print(
        f"{label:14} {setting:55} total {total_out / 1e6:9.1f} MB {100 * total_out / total_in:5.1f} %"
        f" {total_in / 1e6 / spent:6.0f} MB/s | small {small_out / 1e6:8.1f} MB"
        f" {small_in / 1e6 / max(small_time, 1e-9):6.0f} MB/s | large {large_out / 1e6:8.1f} MB"
        f" {large_in / 1e6 / max(large_time, 1e-9):6.0f} MB/s",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", nargs="+", help="directory to study")
    parser.add_argument("--setting", action="append", help="parameters, e.g. 'level=1 window=21'")
    options = parser.parse_args()
    compressor = Compressor()
    for corpus in options.corpus:
        print(f"\n== {os.path.basename(corpus.rstrip('/'))}")
        small, pieces = read_corpus(corpus)
        two = bundle(small, 2 * MIB)
        for setting in options.setting or SETTINGS:
            report(compressor, "bundle 2 MiB", setting, two, pieces)
        if options.setting:
            continue
        single = [content for _, content in small]
        sorted_small = by_extension(small, 16 * MIB)
        for setting in ("level=1", "level=3"):
            report(compressor, "no bundle", setting, single, pieces)
            for size in (1, 4, 8):
                blobs = bundle(small, size * MIB)
                report(compressor, f"bundle {size} MiB", setting, blobs, pieces)
            blobs = bundle(sorted_small, 2 * MIB)
            report(compressor, "2 MiB, by ext", setting, blobs, pieces)
    return 0


if __name__ == "__main__":
    sys.exit(main())
