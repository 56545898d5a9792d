"""Renders man pages and shell completions from the program's own declarations."""

import steps

OUTPUT = steps.ROOT / "build" / "docs"


def render(program):
    OUTPUT.mkdir(parents=True, exist_ok=True)
    steps.run([program, "docs", "--into", OUTPUT])
    steps.say(f"rendered {OUTPUT.relative_to(steps.ROOT)}")
