"""One tool going once through the operations on one corpus, and the file in which what it took is kept."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import corpora
import limits
from change import Change
from measure import CommandFailed, Cost, run_measured, settle
from scratch import Scratch, size_for
from tools import OPERATIONS

WORK = corpora.DATA / "work"
CHANGE_SEED = 7
TRUSTED_AFTER_S = 3


class Results:
    """The JSON file of a day; what is measured again replaces what was there, unless a run is taken up where
    it was interrupted."""

    def __init__(self, path, *, resume=False):
        self.path = path
        self.resume = resume
        self.content = {"machine": {}, "tools": {}, "corpora": {}, "limits": {}, "results": {}}
        if path.exists():
            self.content = json.loads(path.read_text())
        self.begun = set()

    def add(self, corpus, tool, operation, record):
        tools = self.content["results"].setdefault(corpus, {})
        operations = tools.setdefault(tool, {})
        if not self.resume and (corpus, tool, operation) not in self.begun:
            self.begun.add((corpus, tool, operation))
            operations[operation] = []
        operations.setdefault(operation, []).append(record)
        self.save()

    def holds(self, corpus, tool, operations, number):
        """Whether an interrupted run has measured this round. Drops what it has of a part of it."""
        if not self.resume:
            return False
        found = self.content["results"].get(corpus, {}).get(tool, {})
        if all(len(found.get(operation, [])) > number for operation in operations):
            return True
        for operation in operations:
            found.get(operation, [])[number:] = []
        self.forget_failures(f"{corpus}/{tool}: ")
        return False

    def note_failure(self, corpus, tool, text):
        """A line of the page; the same is said once."""
        line = f"{corpus}/{tool}: {text}"
        failures = self.content.setdefault("failures", [])
        if line not in failures:
            failures.append(line)
        self.save()

    def forget_failures(self, prefix):
        kept = [line for line in self.content.get("failures", []) if not line.startswith(prefix)]
        self.content["failures"] = kept

    def save(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(self.content, indent=1, sort_keys=True) + "\n")
        partial.rename(self.path)


def tree_totals(path):
    """(files, bytes) of the regular files: a quick comparison of a restored tree."""
    done = subprocess.run(
        ["find", str(path), "-type", "f", "-printf", "%s\\n"], capture_output=True, check=True
    )
    sizes = done.stdout.split()
    return len(sizes), sum(map(int, sizes))


def remove(path):
    """rm is several times as fast as Python on trees of many files."""
    subprocess.run(["rm", "-rf", str(path)], check=True)


def clear_work():
    """Takes away what this run, or one that was killed, left below the work directory."""
    for name in ("restored", "untar"):
        Scratch(WORK / name, 0).close()
    remove(WORK)


def check_restored(tool, corpus, *, contents):
    """Complains when a restored tree differs: always numbers and sizes, on request every byte."""
    restored, original = tool.restored_tree(corpus), tool.original(corpus)
    found, expected = tree_totals(restored), tree_totals(original)
    if found != expected:
        raise CommandFailed(f"{tool.name}: {found} restored of {expected} (files, bytes)")
    if contents:
        done = subprocess.run(
            ["diff", "-rq", "--no-dereference", str(original), str(restored)],
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode != 0:
            raise CommandFailed(f"{tool.name}: restored tree differs: {done.stdout[:500]}")


class Round:
    """One tool going once through the operations on one corpus."""

    def __init__(self, tool, name, corpus, results, *, number, operations):
        self.tool = tool
        self.name = name
        self.corpus = corpus
        self.results = results
        self.number = number
        self.operations = [one for one in operations if one in tool.operations]
        self.change = Change(corpus, corpora.DATA / ".change")

    def run(self):
        """A failure of a tool is recorded and ends its round, not the others'."""
        if not self.operations:
            return
        if self.results.holds(self.name, self.tool.name, self.operations, self.number):
            print(f"  {self.tool.name:9} was measured", flush=True)
            return
        try:
            self.tool.fresh()
            self.operate()
        except (CommandFailed, RuntimeError, OSError, subprocess.SubprocessError) as error:
            print(f"  {self.tool.name}: {error}", file=sys.stderr, flush=True)
            text = str(error).splitlines()[0][:200]
            self.results.note_failure(self.name, self.tool.name, text)
        finally:
            self.change.revert()
            self.tool.close()
            if {"changed", "prune"} & set(self.operations):
                # Times of the last two seconds are trusted by no tool that is careful.
                time.sleep(TRUSTED_AFTER_S)

    def operate(self):
        tool, latest = self.tool, 0
        # Again for each tool: the machine may have dropped it meanwhile.
        limits.warm(self.corpus)
        self.measure("first", tool.backup(self.corpus, 0))
        oldest = tool.oldest()
        last = max(OPERATIONS.index(operation) for operation in self.operations)
        if "unchanged" in self.operations:
            latest += 1
            self.measure("unchanged", tool.backup(self.corpus, latest))
        if "changed" in self.operations or "prune" in self.operations:
            latest += 1
            self.change.apply(CHANGE_SEED)
            self.measure("changed", tool.backup(self.corpus, latest))
        if last < OPERATIONS.index("restore"):
            return
        if "restore" in self.operations:
            size = size_for(tree_totals(tool.original(self.corpus))[1])
            with Scratch(WORK / "restored", size) as place:
                tool.target = place / "tree"
                self.measure("restore", tool.restore(latest))
                check_restored(tool, self.corpus, contents=self.number == 0)
        if "verify" in self.operations:
            self.measure("verify", tool.verify())
        if "prune" in self.operations:
            self.measure("prune", tool.prune(oldest))

    def measure(self, operation, steps):
        tool, cost, text = self.tool, Cost(), ""
        settle(tool.home)
        before = tool.elsewhere_cpu_s()
        for step in steps:
            spent, text = run_measured(
                step.command,
                environment=tool.environment(),
                log=tool.home / "log",
                cwd=step.cwd or tool.home,
                durable=step.writes,
                accepted=step.accepted,
            )
            cost.add(spent)
        record = {
            "wall_s": round(cost.wall_s, 3),
            "cpu_s": round(cost.cpu_s, 3),
            "memory_bytes": cost.memory_bytes,
            "repository_bytes": tool.repository_bytes(),
            "busy_share": round(cost.busy_s / cost.wall_s / os.cpu_count(), 3),
        }
        for part, seconds in tool.elsewhere_cpu_s().items():
            record[part] = round(seconds - before[part], 3)
        stages = own_account(text)
        if stages:
            record["account"] = stages
        if operation in self.operations:
            self.results.add(self.name, tool.name, operation, record)
        print(
            f"  {tool.name:9} {operation:10} {cost.wall_s:8.2f} s wall {cost.cpu_s:8.2f} s CPU "
            f"{cost.memory_bytes / (1 << 20):7.0f} MiB   repository "
            f"{record['repository_bytes'] / 1e6:9.1f} MB   {record['busy_share']:4.0%} busy",
            flush=True,
        )


def own_account(text):
    """The JSON object in which a program ends, without lists and identifiers; None where there is none."""
    for line in reversed(text.strip().splitlines()[-1:]):
        try:
            found = json.loads(line)
        except ValueError:
            return None
        if isinstance(found, dict):
            kinds = (int, float, dict)
            return {key: value for key, value in found.items() if isinstance(value, kinds)}
    return None
