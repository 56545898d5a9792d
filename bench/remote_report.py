"""The part of docs/benchmarks.md about repositories behind a network, and one SVG plot a corpus."""

from page import COLOURS, CORPORA, MET, MIB, NOT_MET, rate, seconds, svg, table

OPERATIONS = {
    "first": "first backup, upload",
    "unchanged": "unchanged second backup",
    "restore": "full restore, download",
}
TRANSFERS = ("mc", "rclone")
PLACES = {
    "minio": "MinIO",
    "minio-20ms": "MinIO, 20 ms away",
    "sftp": "SFTP",
    "sftp-20ms": "SFTP, 20 ms away",
}
FACTOR = 2
TRANSFER_SHARE_MAX = 1.15
# From here on another byte a second needs more cores, not a better way.
CORES_ARE_THE_LIMIT = 0.85

HEAD = """
## Behind a network

Rounds: {runs}; medians. In a round each tool, in rotating order, gets a server that was started afresh on an empty
directory, makes a first and an unchanged backup, and restores. Servers run on the same machine, so on the same cores
as the tools: what they take is in the tables. Wall seconds end when `sync -f` of the server's directory has
returned, or that of the restored tree.

Added latency is that of a link between two network namespaces on which every packet is under way for half
of it, in each direction, and which limits nothing else: handshakes, slow start and windows are TCP's own
(`bench/delay`).

`mc mirror` and `rclone copy` move the files of a repository that Holdfast made of the corpus as they are: the same
bytes, with nothing to read, compress or encrypt on one side, and nothing to decrypt and lay out on the other.

"""


def sections(content):
    """Names of the results that lie behind a network."""
    return [name for name in content["results"] if name.split(":")[0] in PLACES]


def places_table(content):
    rows = []
    for name, title in PLACES.items():
        found = content.get("places", {}).get(name)
        if found:
            rows.append([
                title, found["server"], f"{found['delay_ms']} ms", f"{found['round_trip_ms']} ms",
                rate(found["connection_rate"]),
            ])  # fmt: skip
    header = ["place", "server", "added latency", "to connect", "1 GiB over one TCP connection"]
    return table(header, rows)


def elsewhere_s(figures):
    return figures.get("server_cpu_s", 0) + figures.get("link_cpu_s", 0)


def place_table(tools):
    names = [name for name in COLOURS if name in tools]
    rows = []
    for operation, title in OPERATIONS.items():
        cells = []
        for name in names:
            figures = tools[name].get(operation)
            cells.append("—" if figures is None else (
                f"{seconds(figures['wall_s'])} s · {seconds(figures['cpu_s'])} s · "
                f"{seconds(elsewhere_s(figures))} s · {figures['busy_share']:.0%}"
            ))  # fmt: skip
        rows.append([title, *cells])
    peaks = [max(figures["memory_bytes"] for figures in tools[name].values()) for name in names]
    rows.append(["peak memory", *(f"{peak / MIB:,.0f} MiB" for peak in peaks)])
    sizes = [tools[name].get("first", {}).get("repository_bytes") for name in names]
    rows.append(["stored at the server", *(f"{size / 1e6:,.1f} MB" if size else "—" for size in sizes)])
    return table(["wall · CPU · CPU of server and link · cores busy", *names], rows)


def fastest(tools, names, operation):
    """(name, seconds) of the fastest of these tools; None where none was measured."""
    found = {name: tools[name][operation]["wall_s"] for name in names
             if operation in tools.get(name, {})}  # fmt: skip
    return min(found.items(), key=lambda pair: pair[1]) if found else None


def peer_row(tools, operation):
    """At least twice the fastest peer, or as fast as bytes get there at all."""
    ours = tools["holdfast"][operation]["wall_s"]
    peers = [name for name in tools if name != "holdfast" and name not in TRANSFERS]
    peer, transfer = fastest(tools, peers, operation), fastest(tools, TRANSFERS, operation)
    if not peer:
        return []
    ratio = peer[1] / ours
    outcome = MET if ratio >= FACTOR else NOT_MET
    if outcome == NOT_MET and transfer and transfer[1] <= peer[1] < FACTOR * transfer[1]:
        reached = "reached" if ours <= TRANSFER_SHARE_MAX * transfer[1] else "**not reached**"
        outcome = f"{transfer[0]} needs {seconds(transfer[1])} s for the bytes alone; {reached}"
    title = f"{OPERATIONS[operation].split(',')[0]} {FACTOR} times as fast as the fastest peer"
    return [(title, f"{seconds(ours)} s, {ratio:.1f} times", f"{peer[0]} {seconds(peer[1])} s", outcome)]


def transfer_row(tools, operation):
    """Within 15 % of the plain transfer where the cores aren't the limit."""
    figures = tools["holdfast"][operation]
    transfer = fastest(tools, TRANSFERS, operation)
    if not transfer:
        return []
    ratio = figures["wall_s"] / transfer[1]
    outcome = MET if ratio <= TRANSFER_SHARE_MAX else NOT_MET
    if outcome == NOT_MET and figures["busy_share"] >= CORES_ARE_THE_LIMIT:
        outcome = f"the cores are the limit: {figures['busy_share']:.0%} busy"
    title = f"{OPERATIONS[operation].split(',')[0]} at most 1.15 times the plain transfer"
    ours = f"{seconds(figures['wall_s'])} s, {ratio:.2f} times"
    return [(title, ours, f"{transfer[0]} {seconds(transfer[1])} s", outcome)]


def goals_table(tools):
    ours = tools.get("holdfast", {})
    rows = []
    for goal, operations in ((peer_row, OPERATIONS), (transfer_row, ("first", "restore"))):
        for operation in operations:
            rows += goal(tools, operation) if operation in ours else []
    return table(["goal", "holdfast", "beside", ""], rows) if rows else ""


def plot(name, places):
    """A row of panels for each operation, a column for each place."""
    panels = []
    for operation, title in OPERATIONS.items():
        for place, tools in places.items():
            values = {tool: tools[tool][operation]["wall_s"] for tool in COLOURS
                      if operation in tools.get(tool, {})}  # fmt: skip
            panels.append((f"{PLACES[place]}: {title.split(',')[0]}, s", values, seconds))
    return svg(f"benchmark of {name} behind a network", f"{name}: {CORPORA[name]}", len(places), panels)


def section(content, summary, plots, runs):
    """The text; empty where nothing was measured. Writes the plots."""
    corpora = [name for name in CORPORA if any(f"{place}:{name}" in summary for place in PLACES)]
    if not corpora:
        return ""
    text = [HEAD.format(runs=runs), places_table(content)]
    for name in corpora:
        places = {place: summary[f"{place}:{name}"] for place in PLACES
                  if f"{place}:{name}" in summary}  # fmt: skip
        size, plain = content["corpora"][name], content["plain"][name]
        text.append(f"\n### {name}, behind a network\n\n{CORPORA[name]}: {size['files']:,} files, "
                    f"{size['bytes'] / 1e6:,.0f} MB. The plain transfers move {plain['files']:,} files, "
                    f"{plain['bytes'] / 1e6:,.0f} MB.\n")  # fmt: skip
        text.append(f"\n![{name} behind a network](benchmarks/{name}-remote.svg)\n")
        (plots / f"{name}-remote.svg").write_text(plot(name, places))
        for place, tools in places.items():
            text.append(f"\n#### {name} at {PLACES[place]}\n\n{place_table(tools)}\n{goals_table(tools)}")
    return "".join(text)
