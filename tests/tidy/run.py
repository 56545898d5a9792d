#!/usr/bin/env python3
"""Checks the rules of the house on the whole project and prints each breach; exits 1 when there is one."""

import sys
from pathlib import Path

import banned
import documents
import layers
import places
import sizes
from project import Project

RULES = layers.RULES + sizes.RULES + banned.RULES + places.RULES + documents.RULES


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    project = Project(root)
    complaints = [complaint for rule in RULES for complaint in rule(project)]
    for complaint in sorted(complaints, key=lambda each: (each.path, each.line)):
        print(complaint)
    print(f"tidy: {len(RULES)} rules, {len(project.code)} C++ files, {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
