"""Calls the project does without, each with what to use instead."""

import re
from dataclasses import dataclass

from project import Complaint


@dataclass(frozen=True)
class Ban:
    """`pattern` may not occur in the product outside `except_in` (prefixes of paths)."""

    pattern: str
    instead: str
    except_in: tuple = ()


NAMES = r"(?<![\w.>])(?:std::|::)?"
FILE_SYSTEM = (r"\b(?:std::filesystem|fs)::(?:exists|is_\w+|create_\w+|remove|remove_all|rename|copy\w*"
               r"|file_size|resize_file|last_write_time|status|symlink_status|read_symlink|canonical"
               r"|current_path|temp_directory_path)\s*\((?![^;]*\b(?:ec|error)\w*\s*\))")

BANS = [
    Ban(NAMES + r"(?:jthread|thread|async)\b(?!::)(?=[\s({<])|\bstd::(?:jthread|thread)\b(?!::)|\bpthread_create\b",
        "io::Executor: what runs beside it must run in the simulation too", ("src/io/",)),
    Ban(r"(?<![\w.>:])s?rand\s*\(|\bstd::(?:random_device|mt19937(?:_64)?|default_random_engine)\b",
        "base's Random, which the simulation seeds", ("src/base/",)),
    Ban(r"(?<![\w.>:])(?:system|popen)\s*\(", "a child process of io, which passes no shell and no secrets"),
    Ban(NAMES + r"(?:strcpy|strcat|sprintf|vsprintf|gets|strtok)\s*\(", "fmt::format, std::string, std::span"),
    Ban(NAMES + r"(?:atoi|atol|atoll|atof|strtol|strtoul|strtoull)\s*\(|\bstd::sto(?:i|l|ll|ul|ull|f|d|ld)\b",
        "std::from_chars, which reports what it could not read"),
    Ban(r"\b(?:gettimeofday|clock_gettime)\s*\(|(?<![\w.>:])(?:std::)?time\s*\(\s*(?:nullptr|NULL|0|&)"
        r"|\b(?:system_clock|steady_clock|high_resolution_clock)::now\b",
        "base's Clock, which the simulation drives", ("src/base/", "src/io/")),
    Ban(NAMES + r"(?:strerror|localtime|gmtime|asctime|ctime|getpw(?:nam|uid)|getgr(?:nam|gid))\s*\(",
        "the variant with _r: this one hands out memory that all threads share"),
    Ban(r"\bthrow\b", "return an Error through Result"),
    Ban(r"\busing\s+namespace\s+std\b", "std:: in full"),
    Ban(NAMES + r"(?:printf|fprintf|puts|putchar|vprintf)\s*\(|\bstd::(?:cout|cerr|clog|print|println)\b",
        "base::log, or a result that the command line prints", ("src/cli/",)),
    Ban(NAMES + r"getenv\s*\(", "an option that the command line fills from the environment", ("src/cli/",)),
    Ban(FILE_SYSTEM, "the overload with a std::error_code: the other one throws"),
    Ban(r"\bstd::filesystem::(?:recursive_)?directory_iterator\b", "io's directory reading: this one throws"),
    Ban(r"(?<![\w.>:])assert\s*\(", "CHECK, which stays on in release"),
    Ban(r"\bstd::regex\b", "a parser of its own: std::regex throws and overflows the stack on long input"),
    Ban(r"\bfor\s*\([^;]*\s:\s[^;]*(?:\)->|\bTRY\((?:[^()]|\([^()]*\))*\)\.)\w+",
        "a variable that holds what the call returned: C++20 ends the temporary before the loop begins"),
    Ban(r"\b(?:dynamic_pointer_cast|const_cast)\b", "an interface that says what it means"),
]
NAMED_NOTHING = re.compile(r"(?:^|_)(?:manager|helpers?|utils?|utilities|common|misc)(?:_|$)")
BOOL_PARAMETER = re.compile(r"[\w>]\s*\((?:[^()]*,)?\s*(?:const\s+)?bool\s+\w+[^()]*\)\s*"
                            r"(?:const|noexcept|override|&|;|=|\{)")


def no_banned_calls(project):
    complaints = []
    for ban in BANS:
        pattern = re.compile(ban.pattern)
        for file in project.product:
            if file.name.startswith(ban.except_in or ("\0",)):
                continue
            for number, line in enumerate(file.code, 1):
                found = pattern.search(line)
                if found and not file.allows(number, "banned"):
                    complaints.append(Complaint(
                        file.name, number, "banned",
                        f"{found[0].strip()}: use {ban.instead}"))
    return complaints


def names_say_something(project):
    """A file is named after its concept."""
    return [Complaint(file.name, 0, "name", "name the file after the concept it holds")
            for file in project.code + project.scripts
            if NAMED_NOTHING.search(file.parts[-1].split(".")[0])]


def without_private_sections(lines):
    """Blanks what follows `private:` or `protected:` up to `public:` or the end of that class."""
    depth = None
    for line in lines:
        section = re.match(r"(\s*)(public|private|protected):", line)
        indent = len(line) - len(line.lstrip())
        if section:
            depth = None if section[2] == "public" else indent
        elif depth is not None and line.lstrip().startswith("}") and indent < depth:
            depth = None
        yield "" if depth is not None else line


def no_bool_parameters(project):
    """An enum or an options struct says at the call what true would not."""
    complaints = []
    for file in project.code:
        if not file.is_public_header:
            continue
        text = "\n".join(without_private_sections(file.code))
        for found in BOOL_PARAMETER.finditer(text):
            number = text.count("\n", 0, found.start()) + 1
            if not file.allows(number, "bool-parameter"):
                complaints.append(Complaint(file.name, number, "bool-parameter",
                                            "a public function takes no bool: use an enum or options"))
    return complaints


RULES = [no_banned_calls, names_say_something, no_bool_parameters]
