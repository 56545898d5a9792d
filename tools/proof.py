"""The proof on large trees: backed up, damaged, repaired, backed up again, pruned, restored, compared by rsync.

Too long for the tests: it is run by hand on trees of any size, such as /usr, a module cache, a disk of mixed
files. The trees must not change meanwhile.
"""

import random
import shutil
import tempfile
from pathlib import Path

import steps
from demo import Demo

FLIPPED = 5
SEED = 20


class Proof(Demo):
    """One tree going through all of it, in the scratch directory."""

    def objects(self, repository, kind):
        return sorted(path for path in (repository / kind).rglob("*") if path.is_file())

    def damage(self, repository):
        """Bit flips in several packs, one pack cut short, one gone, one of the trees' packs flipped."""
        chance = random.Random(SEED)
        packs = self.objects(repository, "data")
        chosen = chance.sample(packs, min(FLIPPED + 2, len(packs)))
        if len(chosen) > 2:
            steps.say(f"\nremoving {chosen[0].name[:12]}, cutting {chosen[1].name[:12]} in half")
            chosen[0].unlink()
            with open(chosen[1], "r+b") as cut:
                cut.truncate(chosen[1].stat().st_size // 2)
        flipped = chosen[2:] or chosen
        flipped += chance.sample(self.objects(repository, "tree"), 1)
        for pack in flipped:
            at = chance.randrange(pack.stat().st_size)
            steps.say(f"flipping a bit of {pack.name[:12]} at {at}")
            with open(pack, "r+b") as target:
                target.seek(at)
                byte = target.read(1)[0]
                target.seek(at)
                target.write(bytes([byte ^ 0x10]))

    def prove(self, tree):
        repository, restored = self.root / "repository", self.root / "restored"
        where = ["--from", repository]
        self.holdfast("init", "--to", repository)
        # Something that only the snapshot which is forgotten later needs.
        extra = self.root / "extra"
        extra.mkdir()
        (extra / "noise").write_bytes(random.Random(SEED).randbytes(200 << 20))
        self.holdfast("backup", tree, extra, "--to", repository, accepted=(0, 3))
        self.holdfast("backup", tree, "--to", repository, accepted=(0, 3))
        self.holdfast("verify", *where, "--level", "readable")
        self.damage(repository)
        self.holdfast("verify", *where, "--level", "readable", "--quiet", accepted=(4,), lines=6)
        self.holdfast("restore", "latest", *where, "--into", restored, accepted=(4,), lines=6)
        self.holdfast("repository", "repair", *where, accepted=(0, 3, 4), lines=12)
        self.holdfast("verify", *where, "--level", "sound")
        self.holdfast("backup", tree, "--to", repository, accepted=(0, 3))
        for snapshot in self.snapshots(repository)[:-1]:
            self.holdfast("snapshot", "forget", snapshot, *where)
        self.holdfast("prune", "--to", repository)
        self.holdfast("verify", *where, "--level", "sound")
        # Over what the restore from the damaged repository left: only what is missing is written.
        self.holdfast("restore", "latest", *where, "--into", restored)
        self.compare_trees(tree, restored / tree.relative_to("/"))
        shutil.rmtree(restored)
        self.holdfast("restore", "latest", *where, "--into", restored)
        self.compare_trees(tree, restored / tree.relative_to("/"))


def run(program, trees, scratch):
    for tree in trees:
        tree = Path(tree).resolve()
        root = Path(tempfile.mkdtemp(prefix="holdfast-proof-", dir=scratch))
        used = steps.run_quietly(["du", "-sh", tree]).split()[0]
        steps.say(f"=== {tree.name}: {used}; DEMO={root.name}")
        try:
            Proof(program, root).prove(tree)
        finally:
            shutil.rmtree(root, ignore_errors=True)
        steps.say(f"\n=== {tree.name} came back byte for byte\n")
