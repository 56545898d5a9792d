#!/usr/bin/env python3
"""Measures Holdfast beside restic, rustic and borg on the same machine in the same run.

For each corpus: N rounds; in a round every tool, in a rotating order, goes through first backup, unchanged
second backup, backup after one per cent changed, full restore, full verification, prune. So noise of
the machine hits all alike, and one repository lies on the disk at a time. Backups, restores and prunes
end when the file system has been synced. Results go to bench/results/<date>.json after every operation;
docs/benchmarks.md and its plots are rendered from there.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import setup


def reach_venv():
    """Runs again with the interpreter that has numpy."""
    if Path(sys.prefix).resolve() != setup.VENV.resolve() and setup.PYTHON.exists():
        os.execv(setup.PYTHON, [str(setup.PYTHON), *sys.argv])


reach_venv()

import corpora  # noqa: E402
import limits  # noqa: E402
import report  # noqa: E402
from change import Change  # noqa: E402
from measure import CommandFailed, Cost, run_measured, settle  # noqa: E402
from scratch import Scratch, size_for  # noqa: E402
from tools import TOOLS  # noqa: E402

OPERATIONS = ["first", "unchanged", "changed", "restore", "verify", "prune"]
WORK = corpora.DATA / "work"
RESULTS = setup.ROOT / "bench" / "results"
CHANGE_SEED = 7
TRUSTED_AFTER_S = 3


class Results:
    """The JSON file of a day; what is measured again replaces what was there."""

    def __init__(self, path):
        self.path = path
        self.content = {"machine": {}, "tools": {}, "corpora": {}, "limits": {}, "results": {}}
        if path.exists():
            self.content = json.loads(path.read_text())
        self.begun = set()

    def add(self, corpus, tool, operation, record):
        tools = self.content["results"].setdefault(corpus, {})
        operations = tools.setdefault(tool, {})
        if (corpus, tool, operation) not in self.begun:
            self.begun.add((corpus, tool, operation))
            operations[operation] = []
        operations[operation].append(record)
        self.save()

    def save(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(self.content, indent=1, sort_keys=True) + "\n")
        partial.rename(self.path)


def describe_machine():
    """What a reader must know to judge the figures; no names of hosts, no paths."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    file_system = subprocess.run(
        ["stat", "-f", "-c", "%T", str(corpora.DATA)], capture_output=True, text=True
    ).stdout.strip()
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_bytes": memory,
        "kernel": platform.release().split("-")[0],
        "file_system": file_system,
        "load_at_start": round(os.getloadavg()[0], 2),
    }


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


def check_restored(tool, corpus, *, contents):
    """Complains when a restored tree differs: always numbers and sizes, on request every byte."""
    restored = tool.restored_tree(corpus)
    found, expected = tree_totals(restored), tree_totals(corpus)
    if found != expected:
        raise CommandFailed(f"{tool.name}: {found} restored of {expected} (files, bytes)")
    if contents:
        done = subprocess.run(
            ["diff", "-rq", "--no-dereference", str(corpus), str(restored)],
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
        self.operations = operations
        self.change = Change(corpus, corpora.DATA / ".change")

    def run(self):
        """A failure of a tool is recorded and ends its round, not the others'."""
        try:
            self.tool.fresh()
            self.operate()
        except (CommandFailed, RuntimeError) as error:
            print(f"  {self.tool.name}: {error}", file=sys.stderr, flush=True)
            failures = self.results.content.setdefault("failures", [])
            failures.append(f"{self.name}/{self.tool.name}: {str(error).splitlines()[0][:200]}")
            self.results.save()
        finally:
            self.change.revert()
            remove(self.tool.home)
            # Times of the last two seconds are trusted by no tool that is careful.
            time.sleep(TRUSTED_AFTER_S)

    def operate(self):
        tool, latest = self.tool, 0
        # Again for each tool: the machine may have dropped it meanwhile.
        warm(self.corpus)
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
            with Scratch(WORK / "restored", size_for(tree_totals(self.corpus)[1])) as place:
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
        }
        stages = own_account(text)
        if stages:
            record["account"] = stages
        if operation in self.operations:
            self.results.add(self.name, tool.name, operation, record)
        print(
            f"  {tool.name:9} {operation:10} {cost.wall_s:8.2f} s wall {cost.cpu_s:8.2f} s CPU "
            f"{cost.memory_bytes / (1 << 20):7.0f} MiB   repository "
            f"{record['repository_bytes'] / 1e6:9.1f} MB",
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


def warm(corpus):
    """Reads the corpus once, so that every measurement finds it in the page cache."""
    limits.tar_s(corpus)


def measure_corpus(name, options, results):
    corpus = corpora.make(name)
    Change(corpus, corpora.DATA / ".change").revert()
    print(f"{name}: {results.content['corpora'].get(name)}", flush=True)
    warm(corpus)
    tools = [TOOLS[tool](WORK) for tool in options.tools]
    for number in range(options.runs):
        print(f"{name}, round {number + 1} of {options.runs}", flush=True)
        turn = number % len(tools)
        for tool in tools[turn:] + tools[:turn]:
            chosen = options.operations
            Round(tool, name, corpus, results, number=number, operations=chosen).run()


def measure_flatness(options, results):
    """Peak memory of Holdfast on a tenth of the files and on a tenth of the bytes, beside the whole."""
    tool = TOOLS["holdfast"](WORK)
    for name in ("small", "random"):
        for label, corpus in ((f"{name}-tenth", corpora.make_tenth(name)), (name, corpora.make(name))):
            warm(corpus)
            section = f"flat:{label}"
            results.content["corpora"][section] = corpora.describe(corpus)
            for number in range(options.runs):
                chosen = ["first", "unchanged", "restore", "verify"]
                Round(tool, section, corpus, results, number=number, operations=chosen).run()
        

def words(known):
    """An argparse type: comma-separated words, each one known."""

    def parse(text):
        found = text.split(",")
        for word in found:
            if word not in known:
                raise argparse.ArgumentTypeError(f"'{word}' is none of {', '.join(known)}")
        return found

    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--corpus", type=words(corpora.NAMES), default=corpora.NAMES, help="a,b,…")
    parser.add_argument("--tools", type=words(TOOLS), default=list(TOOLS), help="a,b,…")
    parser.add_argument("--operations", type=words(OPERATIONS), default=OPERATIONS, help="a,b,…")
    parser.add_argument("--runs", type=int, default=5, help="rounds; the tables show medians")
    parser.add_argument("--output", default=f"{datetime.date.today()}.json", help="in bench/results")
    parser.add_argument("--flatness", action="store_true", help="only Holdfast's memory, by size")
    parser.add_argument("--no-limits", action="store_true", help="don't measure the machine again")
    parser.add_argument("--render", action="store_true", help="only render what was measured")
    parser.add_argument("--no-render", action="store_true", help="leave docs/ alone")
    return parser.parse_args()


def measure(options, results):
    WORK.mkdir(parents=True, exist_ok=True)
    results.content["date"] = str(datetime.date.today())
    results.content["machine"] = describe_machine()
    for name in options.tools:
        tool = TOOLS[name](WORK)
        tool.home.mkdir(parents=True, exist_ok=True)
        settings = {"version": tool.version(), "settings": tool.settings}
        results.content["tools"][name] = settings
    if options.flatness:
        measure_flatness(options, results)
        return
    for name in options.corpus:
        results.content["corpora"][name] = corpora.describe(corpora.make(name))
    if not options.no_limits:
        print("the machine's limits", flush=True)
        results.content["limits"]["machine"] = limits.machine_limits(WORK)
        for name in options.corpus:
            warm(corpora.DATA / name)
            results.content["limits"][name] = limits.corpus_limits(corpora.DATA / name, WORK)
        results.save()
    for name in options.corpus:
        measure_corpus(name, options, results)


def main():
    options = parse_arguments()
    results = Results(RESULTS / options.output)
    if not options.render:
        missing = [name for name in options.tools if not TOOLS[name](WORK).available()]
        if missing:
            print(f"bench: {', '.join(missing)} not there: bench/setup.py installs the peers, "
                  "./dev build makes holdfast", file=sys.stderr)  # fmt: skip
            return 1
        try:
            measure(options, results)
        finally:
            remove(WORK)
    if not options.no_render:
        report.render(results.content, setup.ROOT / "docs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
