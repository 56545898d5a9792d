#!/usr/bin/env python3
"""Makes the corpora that the benchmark backs up, each once.

small    more than 200,000 small files: two node_modules trees and a Go module cache of real packages
usr      a copy of /usr without its largest toolchains, 0.8 to 3 GB
random   4 GiB that does not compress, in four files
dumps    4 GiB: eight successive SQL dumps of 512 MiB, 1 to 2 % of the rows changed between two
tensors  2 GiB: four successive bf16 checkpoints of 512 MiB, part of the weights moved a little

and for repositories behind a network, where a round is longer:
usr-third   every third entry of the directories in usr
random-1g   1 GiB that does not compress, in four files

Everything that is generated comes from fixed seeds. The corpora lie below HOLDFAST_BENCH_DIR
(build/bench-data by default). A corpus is made in a hidden sibling and renamed, so one that exists
is complete.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("HOLDFAST_BENCH_DIR", ROOT / "build" / "bench-data"))

MIB = 1 << 20
NAMES = ["small", "usr", "random", "dumps", "tensors"]

NODE_PROJECTS = {
    "web-2022": {
        "@fluentui/react": "8.103.0",
        "@mui/icons-material": "5.11.0",
        "@mui/material": "5.11.0",
        "antd": "5.1.0",
        "aws-sdk": "2.1300.0",
        "date-fns": "2.29.3",
        "lodash": "4.17.21",
        "react": "18.2.0",
        "react-dom": "18.2.0",
        "react-scripts": "5.0.1",
        "rxjs": "7.8.0",
        "typescript": "4.9.5",
    },
    "web-2024": {
        "@mui/icons-material": "5.15.0",
        "@mui/material": "5.15.0",
        "antd": "5.12.0",
        "date-fns": "3.0.0",
        "eslint": "8.56.0",
        "googleapis": "130.0.0",
        "jest": "29.7.0",
        "lodash": "4.17.21",
        "lucide-react": "0.300.0",
        "next": "14.0.4",
        "react": "18.2.0",
        "react-dom": "18.2.0",
        "rxjs": "7.8.1",
        "three": "0.160.0",
        "typescript": "5.3.3",
        "webpack": "5.89.0",
    },
}

GO_MODULES = [
    "github.com/aws/aws-sdk-go@v1.49.0",
    "github.com/aws/aws-sdk-go@v1.50.0",
    "github.com/hashicorp/terraform@v1.5.7",
    "google.golang.org/api@v0.150.0",
    "google.golang.org/api@v0.160.0",
    "k8s.io/client-go@v0.28.0",
    "k8s.io/client-go@v0.29.0",
    "k8s.io/kubernetes@v1.29.0",
]

# What makes /usr longer than 3 GB on a developer's machine and is no better a test than the rest.
USR_SIZE_MAX = 3_000_000_000


def make_small(target):
    """Real packages, fetched by name with their own clients; no install script is run."""
    for project, packages in NODE_PROJECTS.items():
        folder = target / project
        folder.mkdir(parents=True)
        manifest = {"name": project, "version": "1.0.0", "private": True, "dependencies": packages}
        (folder / "package.json").write_text(json.dumps(manifest, indent=2))
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"]
        command += ["--legacy-peer-deps", "--loglevel=error"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    cache = target / "go"
    environment = dict(os.environ, GOMODCACHE=str(cache), GOFLAGS="-modcacherw")
    # One call for each version: a single call takes only one version of a module.
    for module in GO_MODULES:
        subprocess.run(
            ["go", "mod", "download", "-json", module],
            cwd=target,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    # The archives that the trees came from are large and compressed already: another corpus.
    shutil.rmtree(cache / "cache")
    count = sum(len(files) for _, _, files in os.walk(target))
    if count < 200_000:
        raise RuntimeError(f"the small corpus has only {count} files: add packages to its list")


def directory_bytes(path):
    """Apparent size of the regular files below a path; each inode once."""
    seen = set()
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            found = os.lstat(os.path.join(folder, name))
            if found.st_nlink > 1:
                if found.st_ino in seen:
                    continue
                seen.add(found.st_ino)
            if not os.path.islink(os.path.join(folder, name)):
                total += found.st_size
    return total


def make_usr(target):
    """A copy of /usr; subtrees are left out, the largest first, until it is at most 3 GB."""
    target.mkdir(parents=True)
    parts = {}
    for top in sorted(Path("/usr").iterdir()):
        if top.name == "lib" and not top.is_symlink():
            parts.update({path: directory_bytes(path) for path in sorted(top.iterdir())
                          if path.is_dir() and not path.is_symlink()})
        elif top.is_dir() and not top.is_symlink():
            parts[top] = directory_bytes(top)
    keep = {"/usr/bin", "/usr/share", "/usr/include", "/usr/sbin"}
    left_out = []
    while sum(parts.values()) > USR_SIZE_MAX:
        candidates = [path for path in parts if str(path) not in keep]
        largest = max(candidates, key=lambda path: parts[path])
        left_out.append(str(largest))
        del parts[largest]
    excludes = [f"--exclude={path.lstrip('/')}" for path in left_out]
    packer = subprocess.Popen(["tar", "-C", "/", "-c", *excludes, "usr"], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-C", str(target), "-xp"], stdin=packer.stdout, check=True)
    packer.stdout.close()
    if packer.wait() != 0:
        raise RuntimeError("copying /usr failed")


def make_usr_third(target):
    source = make("usr")
    tops = [top for top in sorted((source / "usr").iterdir()) if top.is_dir() and not top.is_symlink()]
    entries = [entry for top in tops for entry in sorted(top.iterdir())]
    names = [str(entry.relative_to(source)) for entry in entries[2::3]]
    target.mkdir(parents=True)
    packer = subprocess.Popen(
        ["tar", "-C", str(source), "-c", "--null", "--verbatim-files-from", "-T", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    unpacker = subprocess.Popen(["tar", "-C", str(target), "-xp"], stdin=packer.stdout)
    packer.stdout.close()
    packer.stdin.write("\0".join(names).encode())
    packer.stdin.close()
    if packer.wait() != 0 or unpacker.wait() != 0:
        raise RuntimeError("copying a third of usr failed")


def make_random(target, file_size=1024 * MIB):
    target.mkdir(parents=True)
    generator = numpy.random.Generator(numpy.random.SFC64(1))
    for number in range(4):
        with open(target / f"random-{number}.bin", "wb") as sink:
            for _ in range(file_size // (64 * MIB)):
                sink.write(generator.bytes(64 * MIB))


def make_random_1g(target):
    make_random(target, file_size=256 * MIB)


# -- successive SQL dumps ----------------------------------------------------------------------

ROWS_PER_BLOCK = 4096
FIRST_NAMES = "Ada Alan Barbara Claude Donald Edsger Frances Grace John Katherine Ken Radia".split()
LAST_NAMES = "Allen Backus Cerf Dijkstra Hamilton Hopper Johnson Knuth Liskov Lovelace Ritchie".split()
STATES = ["new", "paid", "packed", "shipped", "returned", "cancelled"]
WORDS = (
    "deliver before noon please call ring twice leave with neighbour fragile gift wrap invoice "
    "customer asked again about the missing second parcel refund agreed on the phone see ticket"
).split()


def make_row(number, version, chance):
    """One INSERT row as mysqldump or pg_dump --inserts write it; about 230 bytes."""
    name = f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"
    note = " ".join(chance.choices(WORDS, k=chance.randrange(3, 14)))
    stamp = 1_600_000_000 + number * 37 + version * 86_400 + chance.randrange(86_400)
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(stamp))
    return (
        f"INSERT INTO orders VALUES ({number},'{name}','{chance.choice(STATES)}',"
        f"{chance.randrange(100, 999_999)},'{moment}.{chance.randrange(1_000_000):06d}',"
        f"'{chance.getrandbits(128):032x}','{name.lower().replace(' ', '.')}"
        f"{chance.randrange(10_000)}@example.com','{note}');\n"
    ).encode()


def make_dumps(target, dumps=8, dump_size=512 * MIB):
    """Rows are kept as bytes in memory; between two dumps 1 to 2 % are changed, added, deleted."""
    target.mkdir(parents=True)
    chance = random.Random(2)
    rows = []
    size = 0
    number = 0
    while size < dump_size:
        row = make_row(number, 0, chance)
        rows.append(row)
        size += len(row)
        number += 1
    for version in range(dumps):
        if version > 0:
            number = change_rows(rows, number, version, chance)
        with open(target / f"dump-{version}.sql", "wb", buffering=4 * MIB) as sink:
            sink.write(f"-- dump {version}\nBEGIN;\n".encode())
            sink.writelines(rows)
            sink.write(b"COMMIT;\n")


def change_rows(rows, number, version, chance):
    """Edits a table in place: most changes fall on recent rows, as in a table of orders."""
    share = chance.uniform(0.01, 0.02)
    edits = int(len(rows) * share)
    for _ in range(edits // 2):
        recent = chance.random() < 0.8
        start = int(len(rows) * 0.9) if recent else 0
        place = chance.randrange(start, len(rows))
        key = int(rows[place].split(b"(", 1)[1].split(b",", 1)[0])
        rows[place] = make_row(key, version, chance)
    doomed = set(chance.sample(range(len(rows)), edits // 10))
    rows[:] = [row for place, row in enumerate(rows) if place not in doomed]
    for _ in range(edits - edits // 2 - edits // 10):
        rows.append(make_row(number, version, chance))
        number += 1
    return number


# -- successive checkpoints --------------------------------------------------------------------


def bf16(values):
    """float32 to bf16, rounded to nearest even, as uint16."""
    bits = values.view(numpy.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(numpy.uint16)


def layer_shapes(total_bytes):
    """(name, shape, kind) of a decoder's tensors until the size is reached; embedding first."""
    hidden, inner, vocabulary = 2048, 5632, 16_000
    shapes = [("model.embed_tokens.weight", (vocabulary, hidden), "embedding")]
    size = vocabulary * hidden * 2
    layer = 0
    parts = [
        ("self_attn.q_proj", (hidden, hidden)),
        ("self_attn.k_proj", (hidden // 8, hidden)),
        ("self_attn.v_proj", (hidden // 8, hidden)),
        ("self_attn.o_proj", (hidden, hidden)),
        ("mlp.gate_proj", (inner, hidden)),
        ("mlp.up_proj", (inner, hidden)),
        ("mlp.down_proj", (hidden, inner)),
    ]
    while True:
        for part, shape in [*parts, ("input_layernorm", (hidden,))]:
            bytes_here = int(numpy.prod(shape)) * 2
            if size + bytes_here > total_bytes:
                return shapes
            kind = "norm" if "norm" in part else "matrix"
            shapes.append((f"model.layers.{layer}.{part}.weight", shape, kind))
            size += bytes_here
        layer += 1


def make_tensors(target, checkpoints=4, checkpoint_size=512 * MIB):
    """Master weights in float32, as in training; a step moves some tensors by about 0.2 %.

    Half of the matrices are frozen (as when the upper layers are tuned); in the others most weights
    change in the low bits of the mantissa or not at all.
    """
    target.mkdir(parents=True)
    generator = numpy.random.Generator(numpy.random.SFC64(3))
    shapes = layer_shapes(checkpoint_size)
    masters = []
    for _, shape, kind in shapes:
        count = int(numpy.prod(shape))
        if kind == "norm":
            weights = numpy.abs(1 + 0.1 * generator.standard_normal(count, dtype=numpy.float32))
        else:
            deviation = numpy.float32(generator.uniform(0.5, 1.5) / numpy.sqrt(shape[-1]))
            weights = deviation * generator.standard_normal(count, dtype=numpy.float32)
        masters.append(weights.astype(numpy.float32))
    trained = [place % 2 == 1 or kind == "norm" for place, (_, _, kind) in enumerate(shapes)]
    for step in range(checkpoints):
        if step > 0:
            for place, weights in enumerate(masters):
                if trained[place]:
                    noise = generator.standard_normal(weights.size, dtype=numpy.float32)
                    weights *= 1 + numpy.float32(0.002) * noise
        header, offset = {"__metadata__": {"step": str(step * 1000)}}, 0
        for (name, shape, _), weights in zip(shapes, masters):
            span = [offset, offset + weights.size * 2]
            header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": span}
            offset = span[1]
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        with open(target / f"checkpoint-{step * 1000:05d}.safetensors", "wb") as sink:
            sink.write(len(text).to_bytes(8, "little") + text)
            for weights in masters:
                sink.write(bf16(weights).tobytes())


MAKERS = {
    "small": make_small,
    "usr": make_usr,
    "random": make_random,
    "dumps": make_dumps,
    "tensors": make_tensors,
    "usr-third": make_usr_third,
    "random-1g": make_random_1g,
}


def make(name):
    """Path of a corpus, made now if it does not exist."""
    target = DATA / name
    if target.exists():
        return target
    DATA.mkdir(parents=True, exist_ok=True)
    partial = DATA / f".{name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    print(f"bench corpora: making {name}", flush=True)
    MAKERS[name](partial)
    partial.rename(target)
    return target


def make_tenth(name):
    """A tenth of a corpus: every tenth package or the first tenth of a file; for flatness of memory."""
    whole, target = make(name), DATA / f"{name}-tenth"
    if target.exists():
        return target
    partial = DATA / f".{name}-tenth.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    if name == "small":
        for root in [*whole.glob("web-*/node_modules"), whole / "go"]:
            share = sorted(path for path in root.iterdir() if path.is_dir())[:: 10]
            folder = partial / root.relative_to(whole)
            folder.mkdir(parents=True)
            subprocess.run(["cp", "-a", *map(str, share), str(folder)], check=True)
    else:
        source = sorted(path for path in whole.rglob("*") if path.is_file())[0]
        left = directory_bytes(whole) // 10
        with open(source, "rb") as content, open(partial / source.name, "wb") as sink:
            while left > 0 and (block := content.read(min(left, 8 * MIB))):
                sink.write(block)
                left -= len(block)
    partial.rename(target)
    return target


def describe(path):
    """Number of files and their bytes, for the report."""
    count = sum(len(files) for _, _, files in os.walk(path))
    return {"files": count, "bytes": directory_bytes(path)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", default=NAMES, metavar="CORPUS", help=", ".join(MAKERS))
    for name in parser.parse_args().names:
        if name not in MAKERS:
            print(f"bench corpora: no corpus '{name}'; known: {', '.join(MAKERS)}", file=sys.stderr)
            return 2
        path = make(name)
        found = describe(path)
        print(f"{name}: {found['files']:,} files, {found['bytes'] / 1e6:,.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
