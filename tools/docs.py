"""Renders man pages, completions and the reference from the program's own declarations."""

import shutil

import steps

OUTPUT = steps.ROOT / "build" / "docs"
COMMITTED = steps.ROOT / "docs" / "reference"


def render(program):
    """Man pages and completions stay in build/docs; the reference is also kept in docs/reference."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    steps.run_quietly([program, "docs", "--into", OUTPUT])
    COMMITTED.mkdir(parents=True, exist_ok=True)
    for page in sorted((OUTPUT / "reference").glob("*.md")):
        shutil.copyfile(page, COMMITTED / page.name)
    steps.say(f"rendered {OUTPUT.relative_to(steps.ROOT)} and {COMMITTED.relative_to(steps.ROOT)}")
