"""How each program is called: one class a tool, the same operations for all.

A tool lives in a directory of its own below the work directory: repository, cache and restored tree. Each
operation is a list of steps; the harness measures them together. Where the repository lies elsewhere than in
that directory is the business of remote_tools.py.
"""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import setup

PASSPHRASE = "correct horse battery staple"
OPERATIONS = ["first", "unchanged", "changed", "restore", "verify", "prune"]
FULL_ID = re.compile(r'"id":\s*"([0-9a-f]{16,64})"')


@dataclass
class Step:
    """One command; `writes` is the path that must be durable before the clock stops."""

    command: list
    writes: Path = None
    cwd: Path = None
    accepted: tuple = (0,)


class Tool:
    """What all have in common. Subclasses give the commands."""

    name = ""
    program = Path()
    settings = ""
    operations = OPERATIONS

    def __init__(self, work):
        self.home = Path(work) / self.name
        self.repository = self.home / "repository"
        self.cache = self.home / "cache"
        self.target = self.home / "restored"

    @property
    def address(self):
        """What the program calls the repository."""
        return str(self.repository)

    def environment(self):
        """Without what a user's settings or a colleague's shell could add."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, "HOME": str(self.home), "TMPDIR": str(self.home), **self.variables()}

    def available(self):
        return self.program.exists()

    def fresh(self):
        """An empty repository and no cache; not measured."""
        subprocess.run(["rm", "-rf", str(self.home)], check=True)
        self.home.mkdir(parents=True)
        self.initialise()

    def initialise(self):
        self.query(*self.init_command())

    def close(self):
        """Takes away all that fresh() and the operations made."""
        subprocess.run(["rm", "-rf", str(self.home)], check=True)

    def elsewhere_cpu_s(self):
        """{part: CPU seconds so far} of what works for the program in other processes, such as a server."""
        return {}

    def original(self, corpus):
        """What a restored tree must be equal to."""
        return corpus

    def query(self, *command):
        """Runs a command that is not measured; returns its standard output."""
        done = subprocess.run(
            command, env=self.environment(), cwd=self.home, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr[-2000:]}")
        return done.stdout

    def command(self, *arguments):
        return [str(self.program), *map(str, arguments)]

    def restored_tree(self, corpus):
        """Where the corpus lies in the restored directory."""
        below = self.target / str(corpus).lstrip("/")
        return below if below.exists() else self.target

    def repository_bytes(self):
        """Sum of the files' lengths."""
        total = 0
        for folder, _, names in os.walk(self.repository):
            total += sum(os.lstat(os.path.join(folder, name)).st_size for name in names)
        return total


class Holdfast(Tool):
    name = "holdfast"
    settings = "defaults"

    def __init__(self, work):
        super().__init__(work)
        default = setup.ROOT / "build" / "release" / "bin" / "holdfast"
        self.program = Path(os.environ.get("HOLDFAST_BENCH_PROGRAM", default))

    def variables(self):
        return {"BACKUP_ENCRYPTION_KEY": PASSPHRASE, "HOLDFAST_CACHE_DIR": str(self.cache)}

    def version(self):
        return self.query(str(self.program), "--version").split()[-1]

    def init_command(self):
        return self.command("init", "--to", self.address)

    def backup(self, corpus, number):
        line = self.command("backup", corpus, "--to", self.address, "--json")
        return [Step(line, writes=self.repository, accepted=(0, 3))]

    def oldest(self):
        listing = json.loads(
            self.query(*self.command("snapshot", "list", "--from", self.address, "--json"))
        )
        return listing["snapshots"][0]["id"]

    def restore(self, number):
        line = self.command("restore", "latest", "--from", self.address, "--into", self.target)
        return [Step(line, writes=self.target.parent)]

    def verify(self):
        return [Step(self.command("verify", "--from", self.address, "--level", "readable"))]

    def prune(self, snapshot):
        forget = self.command("snapshot", "forget", snapshot, "--from", self.address)
        prune = self.command("prune", "--to", self.address)
        return [Step(forget), Step(prune, writes=self.repository)]


class Restic(Tool):
    name = "restic"
    program = setup.RESTIC
    settings = "defaults"

    def variables(self):
        return {
            "RESTIC_PASSWORD": PASSPHRASE,
            "RESTIC_CACHE_DIR": str(self.cache),
            "RESTIC_REPOSITORY": self.address,
        }

    def version(self):
        return self.query(str(self.program), "version").split()[1]

    def init_command(self):
        return self.command("init")

    def backup(self, corpus, number):
        return [Step(self.command("backup", corpus), writes=self.repository)]

    def oldest(self):
        return FULL_ID.search(self.query(*self.command("snapshots", "--json"))).group(1)

    def restore(self, number):
        line = self.command("restore", "latest", "--target", self.target)
        return [Step(line, writes=self.target.parent)]

    def verify(self):
        return [Step(self.command("check", "--read-data"))]

    def prune(self, snapshot):
        prune = Step(self.command("prune"), writes=self.repository)
        return [Step(self.command("forget", snapshot)), prune]


class Rustic(Tool):
    name = "rustic"
    program = setup.RUSTIC
    settings = "defaults"

    def variables(self):
        return {
            "RUSTIC_PASSWORD": PASSPHRASE,
            "RUSTIC_CACHE_DIR": str(self.cache),
            "RUSTIC_REPOSITORY": self.address,
        }

    def version(self):
        return self.query(str(self.program), "--version").split()[1]

    def init_command(self):
        return self.command("init")

    def backup(self, corpus, number):
        return [Step(self.command("backup", corpus), writes=self.repository)]

    def oldest(self):
        return FULL_ID.search(self.query(*self.command("snapshots", "--json"))).group(1)

    def restore(self, number):
        return [Step(self.command("restore", "latest", self.target), writes=self.target.parent)]

    def verify(self):
        return [Step(self.command("check", "--read-data"))]

    def prune(self, snapshot):
        prune = Step(self.command("prune"), writes=self.repository)
        return [Step(self.command("forget", snapshot)), prune]


class Borg(Tool):
    name = "borg"
    program = setup.BORG
    settings = "defaults, encryption repokey (borg has no default there)"

    def variables(self):
        return {
            "BORG_PASSPHRASE": PASSPHRASE,
            "BORG_BASE_DIR": str(self.cache),
            "BORG_REPO": self.address,
            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
        }

    def version(self):
        return self.query(str(self.program), "--version").split()[1]

    def init_command(self):
        return self.command("init", "--encryption", "repokey")

    def backup(self, corpus, number):
        return [Step(self.command("create", f"::run-{number}", corpus), writes=self.repository)]

    def oldest(self):
        return "run-0"

    def restore(self, number):
        self.target.mkdir(parents=True)
        line = self.command("extract", f"::run-{number}")
        return [Step(line, writes=self.target.parent, cwd=self.target)]

    def verify(self):
        return [Step(self.command("check", "--verify-data"))]

    def prune(self, snapshot):
        compact = Step(self.command("compact"), writes=self.repository)
        return [Step(self.command("delete", f"::{snapshot}")), compact]


TOOLS = {tool.name: tool for tool in (Holdfast, Restic, Rustic, Borg)}
