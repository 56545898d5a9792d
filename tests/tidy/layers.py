"""Layers are law: what is declared is what docs/ARCHITECTURE.md draws, and no #include goes round it."""

import re

from project import Complaint

PICTURE = "docs/ARCHITECTURE.md"
BLOCK = re.compile(r"^```layers\n(?P<body>.*?)^```", re.DOTALL | re.MULTILINE)
# Libraries whose headers are heavy or leak their types: they stay behind a .cpp of the layer that wraps them.
WRAPPED = re.compile(r"^(spdlog|nlohmann|CLI|openssl|sodium|zstd|xxhash|curl|fuse3|pugixml|libssh|yaml-cpp|date/|soci|sqlite3|magic\.h|gtest|gmock|rapidcheck)\b")


def drawn_edges(text):
    """{layer: layers it uses} from lines such as `base ← io ← {codec, wire} ← storage`."""
    block = BLOCK.search(text)
    edges = {}
    for line in block["body"].splitlines() if block else ():
        groups = [set(re.findall(r"\w+", group)) for group in line.split("←")]
        for group in groups:
            for layer in group:
                edges.setdefault(layer, set())
        for lower, upper in zip(groups, groups[1:]):
            for layer in upper:
                edges[layer] |= lower
    return edges


def picture_matches(project):
    """The layers and edges of src/CMakeLists.txt are those in the picture."""
    path = project.root / PICTURE
    drawn = drawn_edges(path.read_text(encoding="utf-8")) if path.exists() else {}
    complaints = []
    for layer in sorted(drawn.keys() | project.edges.keys()):
        declared, picture = project.edges.get(layer), drawn.get(layer)
        if declared != picture:
            complaints.append(Complaint(
                PICTURE, 0, "layer-picture",
                f"layer {layer}: src/CMakeLists.txt declares {words(declared)}, the picture shows "
                f"{words(picture)}; change the one that is wrong"))
    return complaints


def words(layers):
    if layers is None:
        return "no such layer"
    return "use of " + (", ".join(sorted(layers)) or "nothing")


def resolves(project, file, quoted):
    """Whether a quoted include is a file of the project that this file may name so."""
    roots = [project.root.joinpath(*file.parts[:-1]), project.root / "tests"]
    if file.layer:
        own = project.root / "src" / file.layer
        roots = [roots[0], own]
        if "tests" in file.parts:
            roots += [own / "tests", project.root / "tests"]
    roots += [project.root / "src" / layer / "include" for layer in project.edges]
    return any((root / quoted).is_file() for root in roots)


def includes_stay_below(project):
    """A file includes its own layer and those below it, nothing else of the project."""
    complaints = []
    for file in project.code:
        usable = project.usable(file.layer) if file.layer else set(project.edges)
        for number, quoted, _ in file.includes():
            if quoted is None:
                continue
            target = quoted.split("/")[0]
            if target in project.edges and target not in usable:
                complaints.append(Complaint(
                    file.name, number, "layer-include",
                    f"layer {file.layer} may not include {target}; it may use "
                    f"{', '.join(sorted(usable - {file.layer})) or 'no other layer'}"))
            elif not resolves(project, file, quoted):
                complaints.append(Complaint(
                    file.name, number, "layer-include",
                    f'"{quoted}" is no file of the project; a library is included with <>'))
    return complaints


def libraries_stay_wrapped(project):
    """Public headers show no library that a layer wraps."""
    return [Complaint(file.name, number, "wrapped-library",
                      f"a public header includes <{angled}>; keep the library behind a .cpp")
            for file in project.code if file.is_public_header
            for number, _, angled in file.includes()
            if angled and WRAPPED.match(angled) and not file.allows(number, "wrapped-library")]


RULES = [picture_matches, includes_stay_below, libraries_stay_wrapped]
