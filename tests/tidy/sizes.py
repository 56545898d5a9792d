"""Sizes and openings: a file says what it is for, and neither it nor its functions outgrow a reader."""

import re

from project import Complaint

FILE_LINES_MAX = 1000
FUNCTION_LINES_MAX = 70
NOT_A_FUNCTION = re.compile(
    r"^\s*(?:template\s*<.*?>\s*)?(?:namespace|class|struct|enum|union|extern)\b|=\s*$|\bconcept\b",
    re.DOTALL)


def files_are_short(project):
    return [Complaint(file.name, 0, "file-size",
                      f"{len(file.lines)} lines, more than {FILE_LINES_MAX}; it holds two concepts")
            for file in project.code + project.scripts if len(file.lines) > FILE_LINES_MAX]


def files_open_with_purpose(project):
    complaints = []
    for file in project.code:
        if not file.text.startswith("// "):
            complaints.append(Complaint(file.name, 1, "purpose",
                                        "begin with a // paragraph that says what the file is for"))
    for file in project.scripts:
        if not re.match(r'(#![^\n]*\n)?"""\S', file.text) and file.text.strip():
            complaints.append(Complaint(file.name, 1, "purpose",
                                        'begin with a """docstring""" that says what the file is for'))
    return complaints


def headers_are_guarded(project):
    return [Complaint(file.name, 0, "guard", "a header has #pragma once")
            for file in project.code
            if file.name.endswith(".hpp") and "#pragma once" not in file.text]


def functions(file):
    """Yields (first line, number of lines) of each function defined at namespace or class level."""
    stack, last, line = [], "", 1
    for character in "\n".join(without_directives(file.code)):
        if character == "\n":
            line += 1
        if character == "{":
            in_function = any(kind == "function" for kind, _ in stack)
            is_function = not in_function and "(" in last and not NOT_A_FUNCTION.search(last)
            start = line - last.strip().count("\n")
            stack.append(("function" if is_function else "other", start))
            last = ""
        elif character == "}":
            kind, start = stack.pop() if stack else ("other", line)
            if kind == "function":
                yield start, line - start + 1
            last = ""
        elif character == ";":
            last = ""
        else:
            last += character


def without_directives(lines):
    """Blanks preprocessor lines with their continuations: macros need not balance braces."""
    continued = False
    for line in lines:
        directive = continued or line.lstrip().startswith("#")
        continued = directive and line.rstrip().endswith("\\")
        yield "" if directive else line


def functions_are_short(project):
    return [Complaint(file.name, start, "function-size",
                      f"a function of {length} lines, more than {FUNCTION_LINES_MAX}; split it")
            for file in project.product
            for start, length in functions(file)
            if length > FUNCTION_LINES_MAX and not file.allows(start, "function-size")]


RULES = [files_are_short, files_open_with_purpose, headers_are_guarded, functions_are_short]
