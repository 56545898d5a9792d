"""What the machine itself allows: the measure beside which a tool's rates stand.

Rates are in MB/s (10^6 bytes) of input, for one core and for as many processes as there are cores.
"""

import os
import platform
import re
import subprocess
import time
from pathlib import Path

from scratch import Scratch, size_for

import numpy

MB = 1_000_000
MIB = 1 << 20
SAMPLE_SIZE = 256 * MIB


def describe_machine(folder):
    """What a reader must know to judge the figures; no names of hosts, no paths."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    file_system = subprocess.run(
        ["stat", "-f", "-c", "%T", str(folder)], capture_output=True, text=True
    ).stdout.strip()
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_bytes": memory,
        "kernel": platform.release().split("-")[0],
        "file_system": file_system,
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def openssl_rate(*arguments, processes=1):
    """MB/s of `openssl speed` with 1 MiB blocks; None where it gives no figure."""
    line = ["openssl", "speed", "-seconds", "2", "-bytes", str(MIB)]
    if processes > 1:
        line += ["-multi", str(processes)]
    done = subprocess.run([*line, *arguments], capture_output=True, text=True)
    figures = re.findall(r"([\d.]+)k\s*$", done.stdout, re.MULTILINE)
    return float(figures[-1]) * 1000 / MB if figures else None


def zstd_rates(sample):
    """{level: MB/s} of zstd's own benchmark on the start of a corpus, one core, 2 MiB blocks."""
    rates = {}
    for level in (1, 3):
        done = subprocess.run(
            ["zstd", f"-b{level}", "-i2", "-B2MiB", str(sample)], capture_output=True, text=True
        )
        found = re.findall(r"([\d.]+) MB/s", (done.stdout + done.stderr).replace("\r", "\n"))
        if len(found) >= 2:
            rates[level] = float(found[-2])
    return rates


def memory_copy_rate():
    source = numpy.ones(SAMPLE_SIZE, dtype=numpy.uint8)
    target = numpy.empty_like(source)
    numpy.copyto(target, source)
    started = time.monotonic()
    for _ in range(8):
        numpy.copyto(target, source)
    return 8 * SAMPLE_SIZE / (time.monotonic() - started) / MB


def disk_write_rate(folder):
    """MB/s of 1 GiB of incompressible bytes written in one file, with fsync."""
    block = os.urandom(8 * MIB)
    path = Path(folder) / "disk-write.tmp"
    started = time.monotonic()
    with open(path, "wb", buffering=0) as sink:
        for _ in range(128):
            sink.write(block)
        os.fsync(sink.fileno())
    rate = 128 * len(block) / (time.monotonic() - started) / MB
    path.unlink()
    return rate


def stat_walk_s(corpus):
    """Seconds of one find that stats every entry, cache warm."""
    started = time.monotonic()
    subprocess.run(
        ["find", str(corpus), "-printf", "%s %T@ %i\n"], stdout=subprocess.DEVNULL, check=True
    )
    return time.monotonic() - started


def tar_s(corpus):
    """Seconds to read the whole tree through tar into a pipe, cache warm."""
    started = time.monotonic()
    packer = subprocess.Popen(
        ["tar", "-C", str(corpus), "-c", "."], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    subprocess.run(["cat"], stdin=packer.stdout, stdout=subprocess.DEVNULL, check=True)
    packer.stdout.close()
    packer.wait()
    return time.monotonic() - started


def warm(corpus):
    """Reads the corpus once, so that every measurement finds it in the page cache."""
    tar_s(corpus)


def untar_s(corpus, folder):
    """Seconds to copy the tree with tar, durable: what a restore can't fall below."""
    size = size_for(sum(file.lstat().st_size for file in Path(corpus).rglob("*")))
    with Scratch(Path(folder) / "untar", size) as target:
        return copy_with_tar(corpus, target)


def copy_with_tar(corpus, target):
    started = time.monotonic()
    packer = subprocess.Popen(["tar", "-C", str(corpus), "-c", "."], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-C", str(target), "-x"], stdin=packer.stdout, check=True)
    packer.stdout.close()
    packer.wait()
    subprocess.run(["sync", "-f", str(target)], check=True)
    return time.monotonic() - started


def write_sample(corpus, path):
    """The start of the tree's tar, for zstd."""
    packer = subprocess.Popen(
        ["tar", "-C", str(corpus), "--sort=name", "-c", "."],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with open(path, "wb") as sink:
        left = SAMPLE_SIZE
        while left > 0 and (block := packer.stdout.read(min(left, MIB))):
            sink.write(block)
            left -= len(block)
    packer.kill()
    packer.wait()


def machine_limits(folder):
    """Figures that don't depend on a corpus."""
    cores = os.cpu_count()
    return {
        "sha256": openssl_rate("-evp", "sha256"),
        "sha256_all_cores": openssl_rate("-evp", "sha256", processes=cores),
        "hmac_sha256": openssl_rate("-hmac", "sha256"),
        "aes_256_gcm": openssl_rate("-evp", "aes-256-gcm"),
        "aes_256_gcm_all_cores": openssl_rate("-evp", "aes-256-gcm", processes=cores),
        "memory_copy": memory_copy_rate(),
        "disk_write": disk_write_rate(folder),
    }


def corpus_limits(corpus, folder):
    """Figures of one corpus; it must be in the page cache."""
    sample = Path(folder) / "sample.tar"
    write_sample(corpus, sample)
    rates = zstd_rates(sample)
    sample.unlink()
    return {
        "zstd_1": rates.get(1),
        "zstd_3": rates.get(3),
        "stat_walk_s": stat_walk_s(corpus),
        "tar_s": tar_s(corpus),
        "untar_s": untar_s(corpus, folder),
    }
