"""Changes one per cent of a corpus in place, reproducibly, and takes it back.

The corpus itself is changed, since a copy would have other inodes and every tool would read all of it
again. What is overwritten goes to a journal first, so that a benchmark that was killed in between leaves
nothing behind: the next one reverts before it starts.
"""

import json
import os
import random
import shutil
from pathlib import Path

BLOCK = 64 * 1024
RUN = 4
FEW_FILES = 1000


class Change:
    """One per cent of the tree at `corpus`; `journal` is a directory of this object's own."""

    def __init__(self, corpus, journal):
        self.corpus = Path(corpus)
        self.journal = Path(journal)
        self.entries = []

    def apply(self, seed):
        """Trees of many files: one file in a hundred gets a line in its middle, a tenth of these under
        a new name. Trees of few large files: one per cent of their bytes, in runs of 256 KiB."""
        self.revert()
        self.journal.mkdir(parents=True)
        chance = random.Random(seed)
        files = sorted(self._files())
        if len(files) < FEW_FILES:
            self._change_ranges(files, chance)
        else:
            self._change_files(files, chance, seed)

    def revert(self):
        """Takes the change back, contents and times; does nothing when there is none."""
        if not self.journal.exists():
            return
        lines = []
        if (self.journal / "entries").exists():
            lines = (self.journal / "entries").read_text().splitlines()
        for line in reversed(lines):
            entry = json.loads(line)
            self._revert_entry(entry)
        shutil.rmtree(self.journal)

    def _revert_entry(self, entry):
        target = self.corpus / entry["name"]
        if entry["kind"] == "directory":
            os.utime(target, ns=(entry["time_ns"], entry["time_ns"]))
            return
        if entry["kind"] == "created":
            target.unlink(missing_ok=True)
            return
        saved = (self.journal / entry["saved"]).read_bytes()
        if entry["kind"] == "range":
            with open(target, "r+b") as sink:
                sink.seek(entry["offset"])
                sink.write(saved)
        else:
            target.write_bytes(saved)
            os.chmod(target, entry["mode"])
            os.chown(target, entry["owner"], entry["group"])
        os.utime(target, ns=(entry["time_ns"], entry["time_ns"]))

    def _files(self):
        for folder, _, names in os.walk(self.corpus):
            for name in names:
                full = Path(folder, name)
                if full.is_file() and not full.is_symlink() and full.stat().st_nlink == 1:
                    yield full

    def _note(self, kind, target, saved=None, **more):
        found = target.stat()
        entry = {"kind": kind, "name": str(target.relative_to(self.corpus)), **more}
        entry.update(time_ns=found.st_mtime_ns, mode=found.st_mode & 0o7777)
        entry.update(owner=found.st_uid, group=found.st_gid)
        if saved is not None:
            entry["saved"] = f"{len(self.entries)}"
            (self.journal / entry["saved"]).write_bytes(saved)
        self.entries.append(entry)
        with open(self.journal / "entries", "a") as sink:
            sink.write(json.dumps(entry) + "\n")

    def _change_files(self, files, chance, seed):
        chosen = chance.sample(files, len(files) // 100)
        for place, target in enumerate(chosen):
            content = target.read_bytes()
            middle = len(content) // 2
            line = f"\nchanged {chance.getrandbits(64):016x}\n".encode()
            changed = content[:middle] + line + content[middle:]
            if place % 10 != 9:
                self._note("file", target, saved=content)
                target.write_bytes(changed)
                continue
            self._note("directory", target.parent)
            self._note("file", target, saved=content)
            target.unlink()
            renamed = target.with_name(f"{target.name}.{seed}.new")
            renamed.write_bytes(changed)
            self._note("created", renamed)

    def _change_ranges(self, files, chance):
        for target in files:
            runs = target.stat().st_size // (BLOCK * RUN)
            with open(target, "r+b") as sink:
                for run in sorted(chance.sample(range(runs), max(1, runs // 100))):
                    offset = run * RUN * BLOCK
                    sink.seek(offset)
                    self._note("range", target, saved=sink.read(RUN * BLOCK), offset=offset)
                    sink.seek(offset)
                    sink.write(chance.randbytes(RUN * BLOCK))
                    sink.flush()
