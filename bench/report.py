"""Renders a results file as docs/benchmarks.md and one SVG plot a corpus."""

from pathlib import Path

import remote_report
from page import COLOURS, CORPORA, MET, MIB, NOT_MET, medians, rate, seconds, svg, table

OPERATIONS = {
    "first": "first backup",
    "unchanged": "unchanged second backup",
    "changed": "backup after 1 % change",
    "restore": "full restore",
    "verify": "full verify",
    "prune": "forget and prune",
}
MEMORY_GOAL = 192 * MIB


def summarise(content):
    """{corpus: {tool: {operation: medians}}}"""
    return {
        corpus: {
            tool: {operation: medians(records) for operation, records in operations.items() if records}
            for tool, operations in tools.items()
        }
        for corpus, tools in content["results"].items()
    }


def peak_memory(operations):
    return max(figures["memory_bytes"] for figures in operations.values())


# -- the goals ---------------------------------------------------------------------------------


class Goals:
    """What is promised for a corpus, computed from the medians; each row says met or not.

    Where the machine forbids a goal its floor is the goal: bytes that must reach the disk, at the rate at
    which one file of incompressible bytes does.
    """

    def __init__(self, name, tools, corpus_bytes, disk_rate):
        self.name = name
        self.corpus_bytes = corpus_bytes
        self.disk_rate = disk_rate
        self.ours = tools.get("holdfast", {})
        self.peers = {tool: figures for tool, figures in tools.items() if tool != "holdfast"}

    def rows(self):
        """(goal, ours, peer's, outcome); nothing where a figure is missing."""
        rows = []
        for operation in ("first", "restore"):
            rows += self.speed(operation, 2, comparable=True)
        rows += self.speed("unchanged", 3, comparable=False)
        if self.name in ("small", "usr"):
            rows += self.size(1.02, "at most 1.02 times the smallest peer's repository")
        if self.name == "tensors":
            rows += self.size(0.9, "repository at least a tenth smaller than the smallest peer's")
        if self.ours:
            peak = peak_memory(self.ours)
            outcome = MET if peak <= MEMORY_GOAL else NOT_MET
            rows.append(("peak memory at most 192 MiB", f"{peak / MIB:.0f} MiB", "", outcome))
        return rows

    def floor_s(self, operation):
        """Seconds that the disk alone takes for what the operation must write; None if unknown."""
        written = {"first": self.repository(self.ours), "restore": self.corpus_bytes}.get(operation)
        return written / 1e6 / self.disk_rate if written and self.disk_rate else None

    def repository(self, figures):
        return figures.get("first", {}).get("repository_bytes")

    def speed(self, operation, factor, *, comparable):
        ours = self.ours.get(operation)
        own_size = self.repository(self.ours)
        rivals = {}
        for tool, figures in self.peers.items():
            size = self.repository(figures)
            near = not comparable or (own_size and size and size <= 1.1 * own_size)
            if operation in figures and near:
                rivals[tool] = figures[operation]["wall_s"]
        title = f"{OPERATIONS[operation]} {factor} times as fast as the fastest peer"
        if comparable:
            title += " whose repository is at most a tenth larger"
        if not ours:
            return []
        if not rivals:
            return [self.incomparable(operation, title, factor)]
        best = min(rivals, key=rivals.get)
        ratio = rivals[best] / ours["wall_s"]
        mine = f"{seconds(ours['wall_s'])} s, {ratio:.1f} times"
        outcome = MET if ratio >= factor else NOT_MET
        floor = self.floor_s(operation)
        if outcome == NOT_MET and floor and rivals[best] / floor < factor:
            outcome = f"the disk's floor is {seconds(floor)} s; "
            outcome += "reached" if ours["wall_s"] <= 1.15 * floor else "**not reached**"
        return [(title, mine, f"{best} {seconds(rivals[best])} s", outcome)]

    def incomparable(self, operation, title, factor):
        """No peer stores as little: the goal says nothing, the fastest of all is shown."""
        times = {tool: figures[operation]["wall_s"] for tool, figures in self.peers.items()
                 if operation in figures}  # fmt: skip
        ours = self.ours[operation]["wall_s"]
        if not times:
            return (title, f"{seconds(ours)} s", "not measured", "—")
        best = min(times, key=times.get)
        outcome = MET if times[best] >= factor * ours else "no peer's repository is as small"
        theirs = f"{best} {seconds(times[best])} s, fastest of all"
        return (title, f"{seconds(ours)} s, {times[best] / ours:.1f} times", theirs, outcome)

    def size(self, factor, title):
        own = self.repository(self.ours)
        sizes = {tool: self.repository(figures) for tool, figures in self.peers.items()}
        sizes = {tool: size for tool, size in sizes.items() if size}
        if not own or not sizes:
            return []
        best = min(sizes, key=sizes.get)
        mine = f"{own / 1e6:,.0f} MB, {own / sizes[best]:.3f} times"
        outcome = MET if own <= factor * sizes[best] else NOT_MET
        return [(title, mine, f"{best} {sizes[best] / 1e6:,.0f} MB", outcome)]


# -- tables ------------------------------------------------------------------------------------


def corpus_table(tools):
    names = [name for name in COLOURS if name in tools]
    rows = []
    for operation, title in OPERATIONS.items():
        cells = []
        for name in names:
            figures = tools[name].get(operation)
            if figures is None:
                cells.append("not measured")
                continue
            cells.append(
                f"{seconds(figures['wall_s'])} s · {seconds(figures['cpu_s'])} s · "
                f"{figures['memory_bytes'] / MIB:,.0f} MiB"
            )
        if any(cell != "not measured" for cell in cells):
            rows.append([title, *cells])
    for operation, title in (
        ("first", "repository after the first backup"),
        ("changed", "repository after all backups"),
        ("prune", "repository after the prune"),
    ):
        sizes = [tools[name].get(operation, {}).get("repository_bytes") for name in names]
        if any(sizes):
            rows.append([title, *(f"{size / 1e6:,.1f} MB" if size else "—" for size in sizes)])
    return table(["wall · CPU · peak memory", *names], rows)


def goals_table(name, tools, content):
    disk_rate = content["limits"].get("machine", {}).get("disk_write")
    rows = Goals(name, tools, content["corpora"][name]["bytes"], disk_rate).rows()
    return table(["goal", "holdfast", "peer", ""], rows) if rows else ""


def machine_table(limits):
    machine = limits.get("machine", {})
    rows = [
        ["SHA-256, one core", rate(machine.get("sha256"))],
        ["SHA-256, all cores", rate(machine.get("sha256_all_cores"))],
        ["HMAC-SHA-256, one core", rate(machine.get("hmac_sha256"))],
        ["AES-256-GCM, one core", rate(machine.get("aes_256_gcm"))],
        ["AES-256-GCM, all cores", rate(machine.get("aes_256_gcm_all_cores"))],
        ["memory copy, one core", rate(machine.get("memory_copy"))],
        ["disk write with fsync", rate(machine.get("disk_write"))],
    ]
    return table(["limit", "measured"], rows)


def rates_table(name, content, summary):
    """Holdfast's rates beside what the machine allows on this corpus."""
    found = content["limits"].get(name)
    size = content["corpora"][name]["bytes"]
    rows = []
    if found:
        rows += [
            ["zstd -1, one core, first 256 MiB", rate(found["zstd_1"])],
            ["zstd -3, one core, first 256 MiB", rate(found["zstd_3"])],
            ["walk with a stat of each entry", f"{seconds(found['stat_walk_s'])} s"],
            ["read: tar to a pipe", f"{seconds(found['tar_s'])} s, {rate(size / found['tar_s'] / 1e6)}"],
            ["copy: tar to tar, synced",
             f"{seconds(found['untar_s'])} s, {rate(size / found['untar_s'] / 1e6)}"],
        ]  # fmt: skip
    ours = summary[name].get("holdfast", {})
    for operation in ("first", "restore", "verify"):
        if operation in ours:
            wall, cpu = ours[operation]["wall_s"], ours[operation]["cpu_s"]
            rows.append([
                f"holdfast, {OPERATIONS[operation]}",
                f"{rate(size / wall / 1e6)}, {rate(size / max(cpu, 0.001) / 1e6)} a CPU second",
            ])  # fmt: skip
    rows += stage_rows(content["results"][name].get("holdfast", {}))
    return table(["stage or limit", "measured"], rows) if rows else ""


def stage_rows(operations):
    """What the program says of its own stages, when its account has them."""
    rows = []
    for record in operations.get("first", [])[-1:]:
        for stage, figures in record.get("account", {}).get("stages", {}).items():
            if isinstance(figures, dict) and figures.get("seconds"):
                speed = figures.get("bytes", 0) / figures["seconds"] / 1e6
                rows.append([f"holdfast, stage {stage}", f"{rate(speed)} a CPU second"])
    return rows


def flatness_section(summary):
    rows = []
    for name, title in (("small", "ten times the files"), ("random", "ten times the bytes")):
        tenth = summary.get(f"flat:{name}-tenth", {}).get("holdfast")
        whole = summary.get(f"flat:{name}", {}).get("holdfast")
        if not tenth or not whole:
            continue
        for operation in (operation for operation in OPERATIONS if operation in whole):
            less, more = (part[operation]["memory_bytes"] for part in (tenth, whole))
            met = MET if more <= 1.1 * less else NOT_MET
            rows.append([f"{OPERATIONS[operation]}, {title}", f"{less / MIB:.1f} MiB",
                         f"{more / MIB:.1f} MiB", met])  # fmt: skip
    if not rows:
        return ""
    text = "\n## Memory as the input grows\n\nThe goal: ten times as much adds less than a tenth.\n\n"
    return text + table(["holdfast", "a tenth", "all", ""], rows)


# -- plots -------------------------------------------------------------------------------------


def plot(name, tools):
    """An SVG: a panel for each operation's seconds, then repository and memory."""
    panels = []
    for operation, title in OPERATIONS.items():
        values = {tool: tools[tool][operation]["wall_s"] for tool in COLOURS
                  if operation in tools.get(tool, {})}  # fmt: skip
        if values:
            panels.append((f"{title}, s", values, seconds))
    sizes = {tool: tools[tool]["first"]["repository_bytes"] / 1e6 for tool in COLOURS
             if "first" in tools.get(tool, {})}  # fmt: skip
    panels.append(("repository, MB", sizes, lambda value: f"{value:,.0f}"))
    memory = {tool: peak_memory(tools[tool]) / MIB for tool in COLOURS if tools.get(tool)}
    panels.append(("peak memory, MiB", memory, lambda value: f"{value:,.0f}"))
    return svg(f"benchmark of corpus {name}", f"{name}: {CORPORA[name]}", 3, panels)


# -- the page ----------------------------------------------------------------------------------

HEAD = """# Benchmarks

Rendered by `bench/run.py` from `bench/results/{file}`; don't edit. `bench/setup.py` installs the peers,
`bench/corpora.py` makes the corpora, `bench/run.py` measures and renders, `bench/notes.md` holds the notes.

## How it is measured

- Every tool with its own defaults and encryption on; Holdfast with its defaults. Rounds: {runs}; medians.
- In a round each tool, in rotating order, gets an empty repository and an empty cache, and goes through all
  operations. The corpus is in the page cache.
- Wall seconds end when `sync -f` of the target has returned, for all alike: what is counted is durable.
- CPU is user and system time. Peak memory is the highest sum of RssAnon and RssShmem over a tool's processes,
  sampled every 20 ms.
- "1 % change": of many files one in a hundred is edited or renamed; of few large files one per cent of the
  bytes is overwritten, in runs of 256 KiB. Restores are compared with the corpus.
- A restore goes to a fresh file system (ext4 with a journal, in a file), so that it doesn't pay for the removal
  of what another tool had restored before.
- "Full verify" reads and decrypts everything: `holdfast verify --level readable`, `restic check --read-data`,
  `rustic check --read-data`, `borg check --verify-data`.
- "Forget and prune" removes the first of three snapshots. By default rustic deletes in a later
  run, after a grace time, and restic and rustic leave a few per cent of unused data in place.

## Machine

{machine}

"""


def machine_text(machine):
    return (
        f"{machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_bytes'] / 2**30:.0f} GiB of memory, Linux {machine['kernel']}, "
        f"file system {machine['file_system']}; a virtual machine. "
        f"Load when the measurement began: {machine['load_at_start']}."
    )


def rounds(content, names):
    """How often these were measured: "5", or "2 to 5"."""
    counts = {len(records) for name in names for operations in content["results"][name].values()
              for records in operations.values() if records}  # fmt: skip
    return " to ".join(map(str, sorted({min(counts), max(counts)}))) if counts else "none"


def render(content, docs):
    """Writes docs/benchmarks.md and docs/benchmarks/*.svg."""
    docs = Path(docs)
    plots = docs / "benchmarks"
    plots.mkdir(parents=True, exist_ok=True)
    summary = summarise(content)
    measured = {name: summary[name] for name in CORPORA if name in summary}
    machine = machine_text(content["machine"])
    text = [HEAD.format(file=f"{content['date']}.json", runs=rounds(content, measured), machine=machine)]
    text.append(machine_table(content["limits"]))
    versions = [[name, tool["version"], tool["settings"]] for name, tool in sorted(content["tools"].items())]
    text.append("\n" + table(["tool", "version", "settings"], versions))
    notes = Path(__file__).with_name("notes.md")
    if notes.exists():
        text.append("\n" + notes.read_text().strip() + "\n")
    for name, tools in measured.items():
        size = content["corpora"][name]
        text.append(f"\n## {name}\n\n{CORPORA[name]}: {size['files']:,} files, "
                    f"{size['bytes'] / 1e6:,.0f} MB.\n")  # fmt: skip
        text.append(f"\n![{name}](benchmarks/{name}.svg)\n")
        for part in (corpus_table(tools), goals_table(name, tools, content),
                     rates_table(name, content, summary)):  # fmt: skip
            if part:
                text.append("\n" + part)
        (plots / f"{name}.svg").write_text(plot(name, tools))
    text.append(flatness_section(summary))
    runs = rounds(content, remote_report.sections(content))
    text.append(remote_report.section(content, summary, plots, runs))
    if content.get("failures"):
        text.append("\n## Failures\n\n" + "\n".join(f"- {line}" for line in content["failures"]) + "\n")
    (docs / "benchmarks.md").write_text("".join(text))
