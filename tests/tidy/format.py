#!/usr/bin/env python3
"""Checks that clang-format would change no C++ file; exits 77 (skipped) where clang-format 19 is missing."""

import shutil
import subprocess
import sys
from pathlib import Path

from project import Project

PROGRAM = "clang-format-19"


def main():
    if shutil.which(PROGRAM) is None:
        print(f"{PROGRAM} is not installed: ./dev setup")
        return 77
    root = Path(__file__).resolve().parents[2]
    names = [file.name for file in Project(root).code]
    if not names:
        return 0
    done = subprocess.run([PROGRAM, "--dry-run", "-Werror", *names], cwd=root, check=False,
                          stderr=subprocess.PIPE, text=True)
    wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if ": error: " in line})
    if done.returncode != 0:
        print("\n".join(wrong) or done.stderr)
        print("not formatted; ./dev check --fix does it")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
