#!/usr/bin/env python3
"""The document is enough for parity too: every sidecar that the program stored is made anew, byte for byte, by code that
shares nothing with it, and an object with a hole is mended from one; then the program mends the same hole.
"""

import hashlib
import os
import random
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

PROGRAM = os.environ.get("HOLDFAST", "")
KINDS = ["config", "keys", "roster", "index", "snapshots", "notes", "data", "tree"]


def make_products():
    """products[a] maps each byte b to a * b in GF(2^8) with the polynomial 0x11d."""
    def product(a, b):
        result = 0
        while b:
            if b & 1:
                result ^= a
            a = a << 1 ^ (0x11d if a & 0x80 else 0)
            b >>= 1
        return result
    return [bytes(product(a, b) for b in range(256)) for a in range(256)]


PRODUCTS = make_products()
INVERSE = [0] + [PRODUCTS[a].index(1) for a in range(1, 256)]


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


def crc_entry(value):
    for _ in range(8):
        value = value >> 1 ^ (0x82f63b78 if value & 1 else 0)
    return value


CRC_TABLE = [crc_entry(value) for value in range(256)]


def up(a, b):
    return -(-a // b)


def combine(coefficients, blocks):
    """The sum of the blocks, each multiplied by its coefficient."""
    total = 0
    for coefficient, block in zip(coefficients, blocks):
        if coefficient:
            total ^= int.from_bytes(block.translate(PRODUCTS[coefficient]), "little")
    return total.to_bytes(len(blocks[0]), "little")


class Layout:
    """Section 7's numbers."""

    def __init__(self, size, percent):
        self.size = size
        self.block = min(4096, 64 * up(size, 6400))
        self.count = up(size, self.block)
        self.stripes = up(self.count, 100)
        self.data = up(self.count, self.stripes)
        touched = up(min(size, 4096) - 1, self.block) + 1
        self.parity = min(self.data, max(up(self.data * percent, 100), up(touched, self.stripes)))

    def row(self, number):
        """Coefficients of parity block `number`."""
        return [INVERSE[self.data + number ^ i] for i in range(self.data)]

    def blocks(self, content):
        """The object's blocks, padded, and zeros up to whole stripes."""
        content = content.ljust(self.data * self.stripes * self.block, b"\0")
        return [content[at:at + self.block] for at in range(0, len(content), self.block)]


def sidecar_of(name, content, percent):
    layout = Layout(len(content), percent)
    blocks = layout.blocks(content)
    parity = [combine(layout.row(r), blocks[stripe::layout.stripes])
              for r in range(layout.parity) for stripe in range(layout.stripes)]
    head = b"HFPY" + struct.pack("<BBHQIIH", 1, percent, 0, layout.size, layout.block, layout.stripes, layout.parity)
    head += bytes([len(name) & 0x7f | 0x80, len(name) >> 7] if len(name) > 127 else [len(name)]) + name.encode()
    plain = [content[at:at + layout.block] for at in range(0, layout.size, layout.block)]
    head += b"".join(struct.pack("<I", crc32c(block)) for block in plain + parity)
    head += struct.pack("<I", len(head) + 8)
    head += struct.pack("<I", crc32c(head))
    return head + b"".join(parity) + head


def solve(rows, values):
    """Gaussian elimination: the blocks x for which each row of coefficients gives its value."""
    rows, values = [list(row) for row in rows], list(values)
    for column in range(len(rows)):
        pivot = next(i for i in range(column, len(rows)) if rows[i][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        values[column], values[pivot] = values[pivot], values[column]
        scale = PRODUCTS[INVERSE[rows[column][column]]]
        rows[column] = list(bytes(rows[column]).translate(scale))
        values[column] = values[column].translate(scale)
        for i, row in enumerate(rows):
            if i != column and row[column]:
                factor = row[column]
                rows[i] = [a ^ PRODUCTS[factor][b] for a, b in zip(row, rows[column])]
                values[i] = combine([1, factor], [values[i], values[column]])
    return values


def mended(content, sidecar, percent):
    """The object from its damaged content, all of whose bytes are there, and its whole sidecar."""
    layout = Layout(len(content), percent)
    head_size = struct.unpack("<I", sidecar[-8:-4])[0]
    count = layout.count + layout.parity * layout.stripes
    sums = struct.unpack(f"<{count}I", sidecar[head_size - 8 - 4 * count:head_size - 8])
    parity = [sidecar[at:at + layout.block] for at in range(head_size, len(sidecar) - head_size, layout.block)]
    blocks = layout.blocks(content)
    for stripe in range(layout.stripes):
        numbers = range(stripe, len(blocks), layout.stripes)
        lost = [i for i, number in enumerate(numbers) if number < layout.count and
                crc32c(content[number * layout.block:(number + 1) * layout.block]) != sums[number]]
        rows, values = [], []
        for r in range(len(lost)):
            row = layout.row(r)
            known = [0 if i in lost else coefficient for i, coefficient in enumerate(row)]
            rows.append([row[i] for i in lost])
            values.append(combine([1, 1], [parity[r * layout.stripes + stripe],
                                           combine(known, [blocks[number] for number in numbers])]))
        for i, block in zip(lost, solve(rows, values)):
            blocks[numbers[i]] = block
    return b"".join(blocks)[:layout.size]


@unittest.skipUnless(os.access(PROGRAM, os.X_OK), "HOLDFAST does not name the program")
class IndependentParity(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        self.environment = os.environ | {"BACKUP_ENCRYPTION_KEY": "correct horse", "HOME": str(self.root),
                                         "XDG_CACHE_HOME": str(self.root / "cache")}
        self.repository = self.root / "repository"
        tree = self.root / "tree"
        tree.mkdir()
        (tree / "noise").write_bytes(random.Random(3).randbytes(600_000))
        self.run_program("init", "--to", self.repository)
        self.run_program("backup", tree, "--to", self.repository)
        self.run_program("repository", "protect", "--to", self.repository, "--parity", "7")

    def run_program(self, *arguments):
        subprocess.run([PROGRAM, *map(str, arguments)], env=self.environment, check=True, capture_output=True)

    def objects(self):
        for kind in KINDS:
            for path in sorted(self.repository.glob(f"{kind}/**/*")):
                if path.is_file():
                    yield str(path.relative_to(self.repository)), path

    def test_every_sidecar_is_what_the_document_says(self):
        expected = {}
        for name, path in self.objects():
            sidecar = sidecar_of(name, path.read_bytes(), 7)
            digest = name[-64:]
            expected[f"parity/{digest[:2]}/{digest}-007-{hashlib.sha256(sidecar).hexdigest()}"] = sidecar
        found = {str(path.relative_to(self.repository)): path.read_bytes()
                 for path in self.repository.glob("parity/*/*")}
        self.assertEqual(sorted(found), sorted(expected))
        self.assertEqual(found, expected)
        self.assertGreater(len(found), 6)

    def test_a_hole_is_mended(self):
        name, path = max(self.objects(), key=lambda each: each[1].stat().st_size)
        content = path.read_bytes()
        layout = Layout(len(content), 7)
        loss = (layout.parity * layout.stripes - 1) * layout.block + 1
        self.assertGreater(loss, 30_000)
        at = 3 * layout.block - 1
        damaged = content[:at] + bytes(byte ^ 0xff for byte in content[at:at + loss]) + content[at + loss:]
        sidecar = next(self.repository.glob(f"parity/*/{name[-64:]}-*")).read_bytes()
        self.assertEqual(mended(damaged, sidecar, 7), content)
        path.chmod(0o600)
        path.write_bytes(damaged)
        self.run_program("repository", "repair", "--to", self.repository)
        self.assertEqual(path.read_bytes(), content)


if __name__ == "__main__":
    unittest.main()
