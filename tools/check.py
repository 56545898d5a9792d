"""./dev check: clang-format, the rules of tests/tidy, and clang-tidy on changed or all sources."""

import concurrent.futures
import subprocess
import sys

import build
import steps

FORMATTED = [".cpp", ".hpp"]
PLACES = ["src", "tests", "bench"]


def files(endings):
    """The project's own files with these endings, tracked or not, without what git ignores."""
    listed = steps.run_quietly(["git", "ls-files", "--cached", "--others", "--exclude-standard",
                                *PLACES]).splitlines()
    return sorted({name for name in listed
                   if name.endswith(tuple(endings)) and (steps.ROOT / name).exists()})


def changed(names):
    """Those of `names` that differ from the last commit; all when there is none."""
    head = subprocess.run(["git", "rev-parse", "--verify", "--quiet", "HEAD"], cwd=steps.ROOT,
                          stdout=subprocess.DEVNULL, check=False)
    if head.returncode != 0:
        return names
    differing = set(steps.run_quietly(["git", "diff", "--name-only", "HEAD"]).splitlines())
    differing |= set(steps.run_quietly(["git", "ls-files", "--others",
                                        "--exclude-standard"]).splitlines())
    return [name for name in names if name in differing]


def check_format(fix):
    action = ["-i"] if fix else ["--dry-run", "-Werror"]
    names = files(FORMATTED)
    if names:
        steps.run(["clang-format-19", *action, *names])


def lint_file(directory, name):
    """clang-tidy's complaints about one file, or nothing."""
    done = subprocess.run(["clang-tidy-19", "-p", directory, "--quiet", "--warnings-as-errors=*",
                           "--extra-arg=-Wno-unknown-warning-option", name], cwd=steps.ROOT,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    return done.stdout or done.stderr if done.returncode != 0 else ""


def lint_files(everything):
    build.configure("release", tests="ON")
    names = files([".cpp"])
    if not everything:
        names = changed(names)
    steps.say(f"clang-tidy on {len(names)} files")
    with concurrent.futures.ThreadPoolExecutor(steps.processors()) as pool:
        complaints = list(pool.map(lambda name: lint_file(build.directory("release"), name), names))
    found = [text for text in complaints if text]
    for text in found:
        steps.say(text)
    if found:
        raise steps.StepFailed(f"clang-tidy complains about {len(found)} files")


def run(everything, fix, lint):
    check_format(fix)
    steps.run([sys.executable, "-B", steps.ROOT / "tests" / "tidy" / "run.py"])
    if lint:
        lint_files(everything)
