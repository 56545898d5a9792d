"""The demo: a real tree is backed up twice, verified, restored and compared by rsync, on a scratch disk area.

Each step shows the command as a user would type it and what it printed. The demo succeeds only when
rsync finds the restored tree identical in contents and metadata.
"""

import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import steps

# Parts of the system that exist wherever the project builds; together a few hundred megabytes at most.
COPIED = [Path("/usr/include"), Path("/usr/share/doc"), Path("/etc/alternatives")]

# What changed less than two seconds before a backup is read again by the next; the demo wants to show
# what happens on a machine where most files are older than that.
SETTLE_SECONDS = 2.5


def add_difficult_files(tree):
    """What backup programs get wrong: holes, hard links, attributes, names that are not text."""
    place = tree / "difficult"
    place.mkdir()
    with open(place / "sparse.img", "wb") as sparse:
        sparse.write(b"begins\n")
        sparse.seek(1 << 30)
        sparse.write(b"a gibibyte of nothing lies before this\n")
    (place / "first-name").write_text("one file, two names\n")
    os.link(place / "first-name", place / "second-name")
    os.symlink("../nowhere/at/all", place / "dangling")
    os.mkfifo(place / "pipe")
    with open(os.fsencode(place) + b"/not-\xff-text \n", "wb") as odd:
        odd.write(b"a name is bytes\n")
    (place / "empty").mkdir()
    (place / "attributes").write_text("has an extended attribute\n")
    try:
        os.setxattr(place / "attributes", "user.origin", b"demo")
    except OSError:
        steps.say("(this file system keeps no extended attributes; going on without)")
    os.chmod(place / "attributes", 0o2750)


def make_tree(tree):
    tree.mkdir()
    for source in COPIED:
        if source.exists():
            steps.run_quietly(["cp", "-a", "--parents", source.relative_to("/"), tree], cwd="/")
    shutil.copytree(steps.ROOT / "src", tree / "src", symlinks=True)
    add_difficult_files(tree)
    files = sum(len(names) for _, _, names in os.walk(tree))
    used = steps.run_quietly(["du", "-sh", tree]).split()[0]
    steps.say(f"  {files} files, {used}")
    time.sleep(SETTLE_SECONDS)


class Demo:
    """The scratch directory, and commands run in it as a user would."""

    def __init__(self, program, root):
        self.program = program
        self.root = root
        self.env = os.environ | {
            "BACKUP_ENCRYPTION_KEY": secrets.token_urlsafe(24),
            "XDG_CACHE_HOME": str(root / "cache"),
        }
        self.env.pop("HOLDFAST_REPOSITORY", None)

    def holdfast(self, *words, accepted=(0,), lines=None):
        """Runs and shows a command; returns its output. Of long output the last `lines` are shown."""
        shown = " ".join(str(word).replace(str(self.root), "$DEMO") for word in words)
        steps.say(f"\n$ holdfast {shown}")
        begun = time.monotonic()
        done = subprocess.run([str(self.program), *map(str, words)], env=self.env, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
        took = time.monotonic() - begun
        printed = done.stdout.replace(str(self.root), "$DEMO").splitlines()
        for line in printed[-lines if lines else 0:]:
            steps.say(f"  {line}")
        steps.say(f"  ({took:.2f} s, exit code {done.returncode})")
        if done.returncode not in accepted:
            raise steps.StepFailed(f"holdfast {words[0]} ended with {done.returncode}")
        return done.stdout

    def snapshots(self, repository):
        """Ids, oldest first."""
        done = subprocess.run([str(self.program), "snapshot", "list", "--from", repository, "--json"],
                              env=self.env, check=True, stdout=subprocess.PIPE)
        return [snapshot["id"] for snapshot in json.loads(done.stdout)["snapshots"]]

    def compare(self, original, restored):
        self.compare_trees(original, restored)
        self.compare_holes(original, restored)

    def compare_trees(self, original, restored):
        """Raises unless an outside tool finds contents, names, links, owners, modes, times, ACLs, xattrs equal."""
        command = ["rsync", "--archive", "--hard-links", "--acls", "--xattrs", "--dry-run",
                   "--checksum", "--delete", "--itemize-changes", f"{original}/", f"{restored}/"]
        shown = str(restored).replace(str(self.root), "$DEMO", 1)
        steps.say(f"\n$ rsync -aHAXn --checksum --delete -i $DEMO/tree/ {shown}/")
        differences = steps.run_quietly(command)
        if differences:
            steps.say(differences)
            raise steps.StepFailed("the restored tree differs (lines above)")
        steps.say("  no difference: contents, owners, modes, times, links, ACLs and attributes agree")

    def compare_holes(self, original, restored):
        name = Path("difficult") / "sparse.img"
        before, after = ((top / name).stat().st_blocks * 512 for top in (original, restored))
        steps.say(f"  the sparse file takes {before} bytes on disk, restored {after}")
        if after > before + (1 << 20):
            raise steps.StepFailed("the sparse file's hole was filled")


def play(demo):
    tree, repository, restored = (demo.root / name for name in ("tree", "repository", "restored"))
    steps.say("making a tree from parts of this system, with difficult files added")
    make_tree(tree)
    demo.holdfast("init", "--to", repository)
    demo.holdfast("backup", tree, "--to", repository)
    steps.say("\nnothing has changed; only what is new is read and stored:")
    demo.holdfast("backup", tree, "--to", repository)
    demo.holdfast("snapshot", "list", "--from", repository)
    demo.holdfast("verify", "--from", repository, "--level", "readable")
    demo.holdfast("restore", "latest", "--from", repository, "--into", restored)
    demo.compare(tree, restored / tree.relative_to("/"))
    used = steps.run_quietly(["du", "-sh", repository]).split()[0]
    steps.say(f"\nThe tree came back identical. Two snapshots of it take {used}, encrypted.")


def run(program, keep):
    root = Path(tempfile.mkdtemp(prefix="holdfast-demo-"))
    steps.say(f"DEMO={root}")
    try:
        play(Demo(program, root))
    finally:
        if keep:
            steps.say(f"left in place: {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)
