#!/usr/bin/env python3
"""The schema says what the parser takes: all examples fit it, read by another reader of YAML, and mistakes don't.

The examples parse alike in both readers, so a strategy can be written by tools that share no code with the program.
"""

import copy
import json
import os
import subprocess
import unittest
from pathlib import Path

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("HOLDFAST", "")


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def keys_of(value):
    if isinstance(value, dict):
        for key, below in value.items():
            yield key
            yield from keys_of(below)
    elif isinstance(value, list):
        for below in value:
            yield from keys_of(below)


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text = subprocess.run([PROGRAM, "strategy", "schema"], check=True, capture_output=True, text=True).stdout
        cls.schema = json.loads(text)
        jsonschema.Draft202012Validator.check_schema(cls.schema)
        cls.validator = jsonschema.Draft202012Validator(cls.schema)
        cls.examples = sorted((ROOT / "examples").glob("*.yaml"))

    def mistakes(self, document):
        return [f"{list(each.path)}: {each.message[:200]}" for each in self.validator.iter_errors(document)]

    def test_there_are_examples(self):
        self.assertEqual(len(self.examples), 6)

    def test_examples_fit(self):
        for path in self.examples:
            with self.subTest(path.name):
                self.assertEqual(self.mistakes(load(path)), [])

    def test_examples_have_no_words_that_readers_disagree_about(self):
        for path in self.examples:
            with self.subTest(path.name):
                self.assertEqual([key for key in keys_of(load(path)) if not isinstance(key, str)], [])

    def test_the_program_takes_them(self):
        for path in self.examples:
            with self.subTest(path.name):
                done = subprocess.run([PROGRAM, "strategy", "check", "--json", "--config", str(path)],
                                      check=False, capture_output=True, text=True)
                self.assertEqual(json.loads(done.stdout)["errors"], 0, done.stdout)

    def test_mistakes_do_not_fit(self):
        shop = load(ROOT / "examples" / "shop.yaml")

        def spoilt(change):
            document = copy.deepcopy(shop)
            change(document)
            return document

        def plan(document):
            return document["components"]["uploads"]["plans"]["daily"]

        for change in (lambda d: d.update(repositories={}),
                       lambda d: d.pop("strategy"),
                       lambda d: plan(d).update(every="1h"),
                       lambda d: plan(d).pop("at"),
                       lambda d: plan(d).update(at="noon"),
                       lambda d: plan(d).update(keep="7 days"),
                       lambda d: plan(d).update(keep={"dayly": 7}),
                       lambda d: d["locations"]["ssd"].update(mirror="s3://x"),
                       lambda d: d["locations"]["ssd"].update(offsite="yes"),
                       lambda d: d["encryption"].update(key="hunter2"),
                       lambda d: d["components"].update({"no spaces": shop["components"]["code"]}),
                       lambda d: d["environments"]["staging"].update(environments={})):
            self.assertNotEqual(self.mistakes(spoilt(change)), [])
        for change in (lambda d: plan(d).update(keep="${KEEP}"),
                       lambda d: d["environments"]["staging"]["components"]["cache"].update(plans={"rdb": {}})):
            self.assertEqual(self.mistakes(spoilt(change)), [])


if __name__ == "__main__":
    unittest.main()
