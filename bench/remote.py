"""The rounds of repositories behind a network: places.py × remote_tools.py over the corpora.

In a round each corpus goes to each place, and there each tool, in rotating order, gets an empty server:
first backup, unchanged second backup, full restore; the plain transfers upload and download. A run that is
interrupted has complete rounds behind it, and --resume takes it up. A place and a corpus are one section of
the results.
"""

import datetime

import corpora
import limits
import setup
from change import Change
from places import PLACES
from remote_tools import make_plain, tools_at
from rounds import WORK, Round

CORPORA = ["usr-third", "random-1g"]
PLACES_MEASURED = ["minio", "minio-20ms", "sftp"]


def section(place, corpus):
    """The name of a place's results on a corpus, beside the local ones."""
    return f"{place}:{corpus}"


def missing(options):
    """What setup.py should have made and is not there."""
    places = [PLACES[name](WORK) for name in options.places]
    absent = {tool.name for place in places for tool in tools_at(place, WORK, options.tools)
              if not tool.available()}  # fmt: skip
    for place in places:
        needed = {"minio": setup.MINIO, "sftp": setup.SSHD}[place.kind]
        absent |= set() if needed.exists() else {needed.name}
        if place.link.delay_ms and not setup.DELAY.exists():
            absent.add(setup.DELAY.name)
    return sorted(absent)


def describe(places, options, results):
    """Versions, latencies, what one connection carries: beside which the figures stand."""
    content = results.content
    content.setdefault("date", str(datetime.date.today()))
    if not content["machine"]:
        content["machine"] = limits.describe_machine(corpora.DATA)
    if not content["limits"].get("machine") and not options.no_limits:
        content["limits"]["machine"] = limits.machine_limits(WORK)
    for place in places:
        if not (options.resume and place.name in content.get("places", {})):
            content.setdefault("places", {})[place.name] = place.describe()
            print(f"{place.name}: {content['places'][place.name]}", flush=True)
        for tool in tools_at(place, WORK, options.tools):
            tool.home.mkdir(parents=True, exist_ok=True)
            content["tools"].setdefault(tool.name, {})["version"] = tool.version()
            content["tools"][tool.name].setdefault("settings", tool.settings)
            tool.close()
    results.save()


def measure(options, results):
    """All rounds; results are saved after every operation."""
    WORK.mkdir(parents=True, exist_ok=True)
    places = [PLACES[name](WORK) for name in options.places]
    try:
        describe(places, options, results)
        for name in options.corpus:
            corpus = corpora.make(name)
            Change(corpus, corpora.DATA / ".change").revert()
            results.content["corpora"][name] = corpora.describe(corpus)
            make_plain(corpus, WORK / "plain" / name, WORK)
            results.content.setdefault("plain", {})[name] = corpora.describe(WORK / "plain" / name)
        for number in range(options.runs):
            for name in options.corpus:
                measure_round(name, number, places, options, results)
    finally:
        for place in places:
            place.stop()


def measure_round(name, number, places, options, results):
    corpus = corpora.make(name)
    limits.warm(corpus)
    for place in places:
        print(f"{name} at {place.name}, round {number + 1} of {options.runs}", flush=True)
        tools = tools_at(place, WORK, options.tools)
        turn = number % len(tools)
        for tool in tools[turn:] + tools[:turn]:
            Round(tool, section(place.name, name), corpus, results, number=number,
                  operations=options.operations).run()  # fmt: skip
