"""How ./dev runs other programs and what it says meanwhile."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class StepFailed(Exception):
    """A step failed; the message names it and what to do."""


def say(text):
    print(text, flush=True)


def run(command, *, env=None, cwd=ROOT):
    """Runs a command whose output the user wants to see."""
    command = [str(word) for word in command]
    done = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise StepFailed(f"{' '.join(command[:3])} … failed (exit code {done.returncode})")


def run_quietly(command, *, env=None, cwd=ROOT):
    """Runs a command whose output matters only when it fails; returns that output."""
    command = [str(word) for word in command]
    done = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise StepFailed(f"{' '.join(command[:3])} … failed:\n{done.stdout}")
    return done.stdout


def processors():
    return len(os.sched_getaffinity(0))
