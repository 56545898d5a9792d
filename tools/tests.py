"""Runs the tests through ctest, and the simulation by itself."""

import build
import steps

SLOW_LABELS = ["simulation", "integration"]


def run(preset, labels, quick, arguments):
    command = ["ctest", "--test-dir", build.directory(preset), "--output-on-failure",
               "--no-tests=error", "--parallel", steps.processors()]
    if labels:
        command += ["--label-regex", f"^({'|'.join(labels)})$"]
    if quick:
        command += ["--label-exclude", f"^({'|'.join(SLOW_LABELS)})$"]
    if not arguments:
        command.append("--progress")
    if preset == "tsan":
        # ThreadSanitizer wants its addresses free, which a kernel with much randomisation denies it.
        command = ["setarch", "--addr-no-randomize", *command]
    steps.run(command + arguments)


def simulate(preset, arguments):
    steps.run([build.directory(preset) / "bin" / "simulation_tests", *arguments])
