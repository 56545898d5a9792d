#!/usr/bin/env python3
"""Runs tests that read like a terminal session.

    # A comment.
    $ holdfast init --to repo         a command, run by sh in a directory of the test's own
    ~ repository [0-9a-f]{32} .*      a line of output, as a regular expression
    exactly this line                 a line of output, as it stands
    ...                               any number of lines, also none
    ! 3                               the exit status; 0 where it is not said

Output is standard output and standard error together. Lines beginning with > after a command continue it. HOME, the
cache and the passphrase are the test's own. `holdfast`, `json_shape` and the tools of tests/functional/bin are in PATH.
"""

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMMAND_SECONDS_MAX = 120
PASSPHRASE = "correct horse battery staple"


@dataclass
class Step:
    """One command and what is expected of it."""

    line: int
    command: str
    expected: list = field(default_factory=list)
    status: int = 0


def read_steps(text):
    steps = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#") or (not line and not steps):
            continue
        if line.startswith("$ "):
            steps.append(Step(number, line[2:]))
        elif not steps:
            raise ValueError(f"line {number}: output before any command")
        elif line.startswith("> ") and not steps[-1].expected:
            steps[-1].command += "\n" + line[2:]
        elif line.startswith("! "):
            steps[-1].status = int(line[2:])
        else:
            steps[-1].expected.append(line)
    for step in steps:
        while step.expected and not step.expected[-1]:
            step.expected.pop()  # empty lines before the next command belong to the file's layout
    return steps


def line_fits(pattern, line):
    if pattern.startswith("~ "):
        return re.fullmatch(pattern[2:], line) is not None
    return pattern == line


def output_fits(expected, lines):
    """Whether the lines are the expected ones; `...` stands for any number of lines."""
    reachable = {0}
    for pattern in expected:
        if pattern == "...":
            reachable = set(range(min(reachable), len(lines) + 1)) if reachable else set()
        else:
            reachable = {at + 1 for at in reachable if at < len(lines) and line_fits(pattern, lines[at])}
    return len(lines) in reachable


def environment(program, root):
    tools = root / "tools"
    tools.mkdir()
    (tools / "holdfast").symlink_to(program)
    for tool in sorted((HERE / "bin").iterdir()):
        (tools / tool.name).symlink_to(tool)
    home = root / "home"
    home.mkdir()
    return {
        "PATH": f"{tools}:{Path(sys.executable).parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(home),
        "HOLDFAST_STATE_DIR": str(root / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "TMPDIR": str(root),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "BACKUP_ENCRYPTION_KEY": PASSPHRASE,
    }


def perform(step, directory, env):
    try:
        done = subprocess.run(["sh", "-c", step.command], cwd=directory, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                              timeout=COMMAND_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode("utf-8", "backslashreplace").splitlines(), "no end in time"
    return done.stdout.decode("utf-8", "backslashreplace").splitlines(), done.returncode


def complaint(path, step, lines, status):
    text = [f"{path}:{step.line}: $ {step.command}"]
    if status != step.status:
        text.append(f"  exit status {status}, expected {step.status}")
    text += ["  " + line for line in difflib.unified_diff(step.expected, lines, "expected", "printed", lineterm="", n=100)]
    return "\n".join(text)


def run_test(path, program):
    """The complaint about the first step that fails, or None."""
    root = Path(tempfile.mkdtemp(prefix="holdfast-functional-"))
    try:
        env = environment(program, root)
        work = root / "work"
        work.mkdir()
        for step in read_steps(path.read_text(encoding="utf-8")):
            lines, status = perform(step, work, env)
            if status != step.status or not output_fits(step.expected, lines):
                return complaint(path, step, lines, status)
        return None
    finally:
        subprocess.run(["chmod", "-R", "u+rwX", str(root)], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(root, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=os.environ.get("HOLDFAST"), help="the program under test")
    parser.add_argument("tests", nargs="*", type=Path, help="test files; all of them if none is given")
    arguments = parser.parse_args()
    if not arguments.program or not Path(arguments.program).exists():
        sys.exit(f"there is no program at {arguments.program}: give --program or set HOLDFAST")
    failed = 0
    for path in arguments.tests or sorted(HERE.glob("*.test")):
        wrong = run_test(path, Path(arguments.program).resolve())
        failed += wrong is not None
        print(wrong if wrong else f"ok {path.name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
