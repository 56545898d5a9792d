#!/usr/bin/env python3
"""Measures Holdfast beside restic, rustic and borg on the same machine in the same run.

For each corpus: N rounds; in a round every tool, in a rotating order, goes through first backup, unchanged
second backup, backup after one per cent changed, full restore, full verification, prune. So noise of
the machine hits all alike, and one repository lies on the disk at a time. Backups, restores and prunes
end when the file system has been synced. Results go to bench/results/<date>.json after every operation;
docs/benchmarks.md and its plots are rendered from there. With --remote the same for repositories behind a
network (remote.py).
"""

import argparse
import datetime
import os
import signal
import sys
from pathlib import Path

import setup


def reach_venv():
    """Runs again with the interpreter that has numpy."""
    if Path(sys.prefix).resolve() != setup.VENV.resolve() and setup.PYTHON.exists():
        os.execv(setup.PYTHON, [str(setup.PYTHON), *sys.argv])


reach_venv()

import corpora  # noqa: E402
import limits  # noqa: E402
import remote  # noqa: E402
import remote_tools  # noqa: E402
import report  # noqa: E402
from change import Change  # noqa: E402
from places import PLACES  # noqa: E402
from rounds import WORK, Results, Round, clear_work  # noqa: E402
from tools import OPERATIONS, TOOLS  # noqa: E402

RESULTS = setup.ROOT / "bench" / "results"


def measure_corpus(name, options, results):
    corpus = corpora.make(name)
    Change(corpus, corpora.DATA / ".change").revert()
    print(f"{name}: {results.content['corpora'].get(name)}", flush=True)
    limits.warm(corpus)
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
            limits.warm(corpus)
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
    parser.add_argument("--remote", action="store_true", help="repositories behind a network")
    parser.add_argument("--corpus", type=words(corpora.MAKERS), default=None,
                        help=f"a,b,… (without it: {','.join(corpora.NAMES)}; "
                             f"remote: {','.join(remote.CORPORA)})")  # fmt: skip
    tools = list(dict.fromkeys([*TOOLS, *remote_tools.NAMES]))
    parser.add_argument("--tools", type=words(tools), default=None, help=f"of {','.join(tools)}")
    parser.add_argument("--places", type=words(PLACES), default=remote.PLACES_MEASURED,
                        help=f"remote: of {','.join(PLACES)}")  # fmt: skip
    parser.add_argument("--operations", type=words(OPERATIONS), default=OPERATIONS, help="a,b,…")
    parser.add_argument("--runs", type=int, default=5, help="rounds; the tables show medians")
    parser.add_argument("--output", default=f"{datetime.date.today()}.json", help="in bench/results")
    parser.add_argument("--resume", action="store_true", help="keep what an interrupted run measured")
    parser.add_argument("--flatness", action="store_true", help="only Holdfast's memory, by size")
    parser.add_argument("--no-limits", action="store_true", help="don't measure the machine again")
    parser.add_argument("--render", action="store_true", help="only render what was measured")
    parser.add_argument("--no-render", action="store_true", help="leave docs/ alone")
    options = parser.parse_args()
    options.corpus = options.corpus or (remote.CORPORA if options.remote else corpora.NAMES)
    known = remote_tools.NAMES if options.remote else list(TOOLS)
    options.tools = [name for name in options.tools or known if name in known]
    return options


def measure(options, results):
    WORK.mkdir(parents=True, exist_ok=True)
    results.content["date"] = str(datetime.date.today())
    results.content["machine"] = limits.describe_machine(corpora.DATA)
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
            limits.warm(corpora.DATA / name)
            results.content["limits"][name] = limits.corpus_limits(corpora.DATA / name, WORK)
        results.save()
    for name in options.corpus:
        measure_corpus(name, options, results)


def missing_tools(options):
    """Names of programs that setup.py or the build have not made."""
    if options.remote:
        return remote.missing(options)
    return [name for name in options.tools if not TOOLS[name](WORK).available()]


def main():
    options = parse_arguments()
    results = Results(RESULTS / options.output, resume=options.resume)
    if not options.render:
        missing = missing_tools(options)
        if missing:
            print(f"bench: {', '.join(missing)} not there: bench/setup.py installs the peers, "
                  "./dev build makes holdfast", file=sys.stderr)  # fmt: skip
            return 1
        # Servers, mounts and devices are taken away however the run ends.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: ended by a signal"))
        clear_work()
        try:
            (remote.measure if options.remote else measure)(options, results)
        finally:
            clear_work()
    if not options.no_render:
        report.render(results.content, setup.ROOT / "docs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
