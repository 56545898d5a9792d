"""Removes restored trees without slowing the restores that follow.

ext4 gives the number of a removed inode away again only a minute or more after its removal, and searches past all of
those one by one: a restore that begins just after some ten thousand files were removed costs several times
its processor time, whichever tool it is. So trees are put aside until a round is over, and what makes many files waits until the
file system has forgotten.
"""

import os
import subprocess
import time
from pathlib import Path

MANY_FILES = 10_000
FORGOTTEN_AFTER_S = 75


class Removals:
    """Trees that wait below `place` for their removal."""

    def __init__(self, place):
        self.place = Path(place)
        self.count = 0
        self.last_large = None
        self.remove()  # what an interrupted run left

    def defer(self, tree):
        """Moves a tree aside."""
        self.place.mkdir(parents=True, exist_ok=True)
        self.count += 1
        Path(tree).rename(self.place / str(self.count))

    def remove(self):
        """Removes what was put aside, and remembers when."""
        if not self.place.exists():
            return
        files = sum(len(names) for _, _, names in os.walk(self.place))
        subprocess.run(["rm", "-rf", str(self.place)], check=True)
        subprocess.run(["sync", "-f", str(self.place.parent)], check=True)
        if files >= MANY_FILES:
            self.last_large = time.monotonic()

    def wait(self):
        """Until the last removal of many files is far enough back."""
        if self.last_large is not None:
            time.sleep(max(0.0, self.last_large + FORGOTTEN_AFTER_S - time.monotonic()))
