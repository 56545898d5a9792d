"""Configures and builds a preset in build/<preset>."""

import steps


def directory(preset):
    return steps.ROOT / "build" / preset


def program(preset):
    return directory(preset) / "bin" / "holdfast"


def configure(preset, tests=None):
    """Leaves HOLDFAST_TESTS as the directory has it unless `tests` says otherwise."""
    command = ["cmake", "--preset", preset]
    if tests is not None:
        command.append(f"-DHOLDFAST_TESTS={tests}")
    steps.run_quietly(command)


def build(preset, target="all", tests=None):
    """Builds quietly: what the compiler says appears, what ninja counts doesn't."""
    configure(preset, tests)
    steps.say(f"building {target if target != 'all' else 'everything'} (preset {preset})")
    steps.run(["ninja", "--quiet", "-C", directory(preset), target])
