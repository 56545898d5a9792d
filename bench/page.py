"""What the parts of docs/benchmarks.md have in common: names, numbers as text, tables, bars."""

import statistics

CORPORA = {
    "small": "node_modules trees and a Go module cache: small files of real packages",
    "usr": "a copy of /usr: programs, libraries, headers, documentation",
    "random": "four files that do not compress",
    "dumps": "eight successive SQL dumps, 1 to 2 % of the rows changed between two",
    "usr-third": "every third entry of the directories in usr",
    "random-1g": "1 GiB that does not compress, in four files",
    "tensors": "four successive bf16 checkpoints, half of the matrices moved a little between two",
}
COLOURS = {"holdfast": "#0b6e4f", "restic": "#8fa3bf", "rustic": "#c98f5a", "borg": "#a99bbd",
           "mc": "#d0d4d9", "rclone": "#b9bfc6"}  # fmt: skip
MIB = 1 << 20
MET = "met"
NOT_MET = "**not met**"


def medians(records):
    """The median of each figure over the runs."""
    keys = [key for key, value in records[-1].items() if isinstance(value, (int, float))]
    found = {key: [record[key] for record in records if key in record] for key in keys}
    return {key: statistics.median(values) for key, values in found.items()}


def seconds(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def rate(value):
    return f"{value:,.0f} MB/s" if value else "not measured"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def panel(x, y, title, values, text):
    """One small bar chart; values are {tool: number}, text makes their labels."""
    parts = [f'<text x="{x}" y="{y}" class="title">{title}</text>']
    largest = max(values.values()) or 1
    for place, (tool, value) in enumerate(values.items()):
        top = y + 10 + place * 20
        width = max(1.0, 130 * value / largest)
        parts.append(f'<text x="{x}" y="{top + 11}">{tool}</text>')
        parts.append(
            f'<rect x="{x + 56}" y="{top}" width="{width:.1f}" height="14" fill="{COLOURS[tool]}"/>'
        )
        parts.append(f'<text x="{x + 60 + width:.1f}" y="{top + 11}">{text(value)}</text>')
    return parts


def svg(label, title, columns, panels):
    """A picture of panels (title, {tool: number}, text of a number), so many in a row."""
    rows = -(-len(panels) // columns)
    tallest = max(len(values) for _, values, _ in panels)
    step = 122 + max(0, tallest - 4) * 20
    width, height = 12 + columns * 256, 46 + rows * step
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{label}">',
        "<style>text{font:11px sans-serif;fill:#333}.title{font-weight:bold;font-size:12px}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="16" y="22" class="title">{title} (shorter is better)</text>',
    ]
    for place, (name, values, text) in enumerate(panels):
        if values:
            parts += panel(16 + place % columns * 256, 52 + place // columns * step, name, values, text)
    return "\n".join([*parts, "</svg>"]) + "\n"
