"""What the rules look at: the project's files, their lines, and the layers that src/CMakeLists.txt declares."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CODE = (".cpp", ".hpp")
ALLOW = re.compile(r"//\s*tidy: allow\((?P<rule>[a-z-]+)\): \S")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?P<text>"(?P<quoted>[^"]+)"|<(?P<angled>[^>]+)>)')
LAYER = re.compile(r"holdfast_layer\((?P<name>\w+)(?P<rest>[^)]*)\)")
KEYWORDS = {"LAYERS", "PUBLIC_LIBRARIES", "LIBRARIES"}


@dataclass(frozen=True)
class Complaint:
    """One breach of one rule; line 0 means the whole file."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.text} [{self.rule}]"


class SourceFile:
    """A file with its lines, and the same lines with comments and literals blanked."""

    def __init__(self, root, path):
        self.name = str(path.relative_to(root))
        self.parts = Path(self.name).parts
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines()

    @cached_property
    def code(self):
        return blank_comments_and_literals(self.text).splitlines()

    @property
    def layer(self):
        return self.parts[1] if self.parts[0] == "src" and len(self.parts) > 2 else None

    @property
    def is_test(self):
        return self.parts[0] == "tests" or (self.layer is not None and "tests" in self.parts[2:])

    @property
    def is_public_header(self):
        return self.layer is not None and self.parts[2] == "include"

    def includes(self):
        """Yields (line number, quoted path or None, angled path or None)."""
        for number, line in enumerate(self.lines, 1):
            found = INCLUDE.match(line)
            if found:
                yield number, found["quoted"], found["angled"]

    def allows(self, number, rule):
        """Whether this line or the one above it says `// tidy: allow(rule): reason`."""
        for index in (number - 1, number - 2):
            found = ALLOW.search(self.lines[index]) if 0 <= index < len(self.lines) else None
            if found and found["rule"] == rule:
                return True
        return False


def blank_comments_and_literals(text):
    """Replaces comments and string and character literals by blanks; keeps lines and columns."""
    token = re.compile(
        r"""//[^\n]*|/\*.*?\*/|R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)"
            |"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""", re.DOTALL | re.VERBOSE)
    return token.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


class Project:
    """The checkout below `root`."""

    def __init__(self, root):
        self.root = Path(root)

    def _files(self, places, endings):
        found = []
        for place in places:
            for path in sorted((self.root / place).rglob("*")):
                if path.is_file() and path.suffix in endings and "build" not in path.parts[-3:-1]:
                    found.append(SourceFile(self.root, path))
        return found

    @cached_property
    def code(self):
        """Every C++ file of the project."""
        return self._files(["src", "tests", "bench"], CODE)

    @cached_property
    def product(self):
        """The C++ files that end up in the program."""
        return [file for file in self.code if file.layer and not file.is_test]

    @cached_property
    def scripts(self):
        return self._files(["tools", "tests", "bench"], [".py"])

    @cached_property
    def edges(self):
        """{layer: the layers it names itself}, as src/CMakeLists.txt declares them."""
        text = (self.root / "src" / "CMakeLists.txt").read_text(encoding="utf-8")
        text = re.sub(r"#[^\n]*", "", text)
        return {found["name"]: named_layers(found["rest"]) for found in LAYER.finditer(text)}

    def usable(self, layer):
        """The layer itself and every layer below it."""
        reached, waiting = set(), [layer]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting.extend(self.edges.get(name, ()))
        return reached


def named_layers(arguments):
    keyword, names = None, set()
    for word in arguments.split():
        if word in KEYWORDS:
            keyword = word
        elif keyword == "LAYERS":
            names.add(word)
    return names
