"""Hands over to bench/, which brings its own programs and measures beside them."""

import sys

import steps

SETUP = steps.ROOT / "bench" / "setup.py"
RUN = steps.ROOT / "bench" / "run.py"


def setup():
    if SETUP.exists():
        steps.run([sys.executable, SETUP])


def run(arguments):
    if not RUN.exists():
        raise steps.StepFailed("there is no bench/run.py in this checkout")
    setup()
    steps.run([sys.executable, RUN, *arguments])
