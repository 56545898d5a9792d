#!/usr/bin/env python3
"""The metrics as Prometheus' own Python reader sees them: what is rendered parses, and is what docs/metrics.md promises."""

import re
import unittest
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).resolve().parents[2]
# The text in which everything occurs; a test of the report layer compares it with what it renders.
RENDERED = ROOT / "src" / "report" / "tests" / "golden" / "metrics.txt"
ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<type>\w+) \| (?P<labels>[^|]*) \|", re.MULTILINE)


def promised():
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    return {row["name"]: (row["type"], set(re.findall(r"`(\w+)`", row["labels"]))) for row in ROW.finditer(text)}


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.families = list(text_string_to_metric_families(RENDERED.read_text(encoding="utf-8")))
        cls.samples = [sample for family in cls.families for sample in family.samples]

    def test_each_is_promised_and_each_promise_is_kept(self):
        found = {sample.name: (family.type, set(sample.labels)) for family in self.families
                 for sample in family.samples}
        self.assertEqual(found, promised())
        self.assertGreater(len(found), 20)

    def test_each_has_help(self):
        for family in self.families:
            self.assertTrue(family.documentation, family.name)

    def test_no_sample_is_told_twice(self):
        keys = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in self.samples]
        self.assertEqual(len(keys), len(set(keys)))

    def test_values_and_labels_come_through(self):
        values = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in self.samples}
        place = (("component", "files"), ("location", "ssd"))
        self.assertEqual(values["holdfast_recovery_point_age_seconds", place], 600)
        self.assertEqual(values["backup_success_total", (place[0], place[1], ("plan", "daily"))], 10)
        names = {sample.labels["component"] for sample in self.samples if sample.name == "holdfast_component_enabled"}
        self.assertEqual(names, {"files", 'a "quoted"\\name\nof two lines, ä'})


if __name__ == "__main__":
    unittest.main()
