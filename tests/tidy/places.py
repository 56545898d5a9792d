"""Every file has its place: it is built, it is included, it has its test, its layer says what it is for."""

from pathlib import Path

from project import Complaint

UNTESTED = "tests/tidy/untested_headers.txt"
BUILT_TESTS = ("support", "simulation", "integration", "preload")


def sources_are_built(project):
    """A .cpp lies where a glob of the build finds it, and a test where it becomes one."""
    complaints = []
    for file in project.code:
        if not file.name.endswith(".cpp"):
            continue
        if file.parts[0] == "src" and file.layer not in project.edges:
            complaints.append(Complaint(file.name, 0, "dead-file", "lies in no declared layer"))
        elif file.parts[0] == "tests" and file.parts[1] not in BUILT_TESTS:
            complaints.append(Complaint(file.name, 0, "dead-file",
                                        f"is built only in tests/{{{','.join(BUILT_TESTS)}}}"))
        elif file.name.endswith("_test.cpp") and not file.is_test:
            complaints.append(Complaint(file.name, 0, "dead-file", "a test lies in tests/"))
    return complaints


def headers_are_included(project):
    """A header that nothing includes is dead."""
    quoted = {quoted for file in project.code for _, quoted, _ in file.includes() if quoted}
    basenames = {Path(path).name for path in quoted}
    complaints = []
    for file in project.code:
        if not file.name.endswith(".hpp"):
            continue
        alive = ("/".join(file.parts[3:]) in quoted if file.is_public_header
                 else file.parts[-1] in basenames)
        if not alive:
            complaints.append(Complaint(file.name, 0, "dead-file", "is included nowhere; remove it"))
    return complaints


def allowed_untested(project):
    """{header: reason} from the allow-list, lines of `path: reason`."""
    path = project.root / UNTESTED
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    pairs = [line.split(": ", 1) for line in lines if line.strip() and not line.startswith("#")]
    return {pair[0]: pair[1] if len(pair) == 2 else "" for pair in pairs}


def headers_have_tests(project):
    """Beside every public header lies a test of its name, or a reason why not."""
    tests = {(file.layer, file.parts[-1]) for file in project.code
             if file.layer and file.is_test and file.name.endswith("_test.cpp")}
    kinds = ("", "_property", "_fuzz", "_conformance")
    allowed = allowed_untested(project)
    complaints = []
    for file in project.code:
        if not file.is_public_header:
            continue
        stem = Path(file.name).stem
        tested = any((file.layer, f"{stem}{kind}_test.cpp") in tests for kind in kinds)
        reason = allowed.pop(file.name, None)
        if tested and reason is not None:
            complaints.append(Complaint(UNTESTED, 0, "untested", f"{file.name} has a test by now"))
        elif not tested and not reason:
            complaints.append(Complaint(
                file.name, 0, "untested",
                f"needs src/{file.layer}/tests/{stem}_test.cpp, or a reason in {UNTESTED}"))
    complaints += [Complaint(UNTESTED, 0, "untested", f"{name} does not exist") for name in allowed]
    return complaints


def layers_have_readmes(project):
    return [Complaint(f"src/{layer}", 0, "readme", "write README.md: why it exists, what belongs here")
            for layer in sorted(project.edges)
            if not (project.root / "src" / layer / "README.md").exists()]


RULES = [sources_are_built, headers_are_included, headers_have_tests, layers_have_readmes]
