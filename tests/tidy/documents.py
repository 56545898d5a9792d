"""Documents that the project names exist: in comments of the code, and behind links of the documents."""

import re
from pathlib import Path

from project import Complaint

NAMED = re.compile(r"\b(?:[\w-]+/)*[\w-]+\.md\b")
LINK = re.compile(r"\]\((?!https?://|#|mailto:)(?P<path>[^)#\s]+)[^)]*\)")
FENCED = re.compile(r"^(```|    ).*?^\1|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def comment_of(line):
    """What follows the first // that is not inside a string."""
    for found in re.finditer("//", line):
        if line.count('"', 0, found.start()) % 2 == 0:
            return line[found.start():]
    return ""


def comments_name_documents(project):
    """A document that a comment names lies in the checkout, by its path or by its name under docs/."""
    known = {path.name for path in (project.root / "docs").rglob("*.md")}
    complaints = []
    for file in project.code:
        for number, line in enumerate(file.lines, 1):
            for found in NAMED.finditer(comment_of(line)):
                name = found[0]
                if name not in known and not (project.root / name).exists():
                    complaints.append(Complaint(file.name, number, "document",
                                                f"{name} is no document of this project"))
    return complaints


def links_lead_somewhere(project):
    complaints = []
    paths = [*project.root.glob("*.md"), *(project.root / "docs").rglob("*.md"),
             *(project.root / "src").rglob("*.md"), *(project.root / "tests").rglob("*.md"),
             *(project.root / "bench").rglob("*.md")]
    for path in sorted(paths):
        text = FENCED.sub(lambda found: re.sub(r"[^\n]", " ", found[0]),
                          path.read_text(encoding="utf-8"))
        for found in LINK.finditer(text):
            if not Path(path.parent, found["path"]).exists():
                complaints.append(Complaint(
                    str(path.relative_to(project.root)), text.count("\n", 0, found.start()) + 1,
                    "document", f"the link to {found['path']} leads nowhere"))
    return complaints


RULES = [comments_name_documents, links_lead_somewhere]
