#!/usr/bin/env python3
"""What `strategy render` writes is taken by those it is for: systemd's own checks, the published schema of Kubernetes.

All examples are rendered, and one strategy of every way to say when.
"""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("HOLDFAST", "")
ANALYZE = shutil.which("systemd-analyze")
KUBERNETES = "1.30"

EVERY_TIME = """
strategy: times
timezone: Europe/Berlin
encryption: { key: env:BACKUP_ENCRYPTION_KEY }
locations: { disk: { url: /backups } }
components:
  home:
    files: { paths: [/home] }
    plans:
      seconds: { every: 30s, to: disk, keep: 1d }
      odd-seconds: { every: 90s, to: disk, keep: 1d }
      minutes: { every: 5m, to: disk, keep: 1d }
      ninety: { every: 90m, to: disk, keep: 1d }
      day: { every: 1d, to: disk, keep: 1d }
      week: { every: 7d, to: disk, keep: 7d }
      times: { at: ["02:00", "Mon-Fri 14:30"], to: disk, keep: 7d, jitter: 10m }
      last: { at: "1st,last 23:00", to: disk, keep: 7d }
      cron: { cron: "*/10 8-17 1-7 jan-mar Mon", to: disk, keep: 7d }
      star: { cron: "0 4 */2 * Sun", to: disk, keep: 7d }
      fortnight: { every: 14d, to: disk, keep: 7d }
      change: { when: change, sweep: 1h, to: disk, keep: 7d }
      asked: { when: manual, to: disk, keep: 7d }
"""


def examples():
    return sorted((ROOT / "examples").glob("*.yaml"))


def run(*words):
    return subprocess.run([str(word) for word in words], check=False, capture_output=True, text=True)


class Rendered(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.times = self.folder / "times.yaml"
        self.times.write_text(EVERY_TIME, encoding="utf-8")

    def render(self, kind, path):
        into = self.folder / kind / path.stem
        done = run(PROGRAM, "strategy", "render", kind, "--config", path, "--into", into, "--program", PROGRAM)
        self.assertEqual(done.returncode, 0, done.stderr)
        return into, done.stderr

    def strategies(self):
        for path in [*examples(), self.times]:
            with self.subTest(path.name):
                yield path

    def test_units_are_units(self):
        self.assertIsNotNone(ANALYZE, "systemd-analyze is missing: ./dev setup installs it")
        for path in self.strategies():
            into, _ = self.render("systemd", path)
            units = [each for each in into.rglob("*") if each.suffix in (".service", ".timer")]
            self.assertGreater(len(units), 2)
            # `daemon` is told apart from the timers; both are checked with what they name.
            done = run(ANALYZE, "verify", "--man=no", *units)
            said = [line for line in done.stderr.splitlines() if any(each.name in line for each in units)]
            self.assertEqual((done.returncode, said), (0, []), done.stderr)

    def test_calendars_are_calendars(self):
        self.assertIsNotNone(ANALYZE, "systemd-analyze is missing: ./dev setup installs it")
        for path in self.strategies():
            into, _ = self.render("systemd", path)
            said = {line.removeprefix("OnCalendar=") for timer in into.rglob("*.timer")
                    for line in timer.read_text(encoding="utf-8").splitlines() if line.startswith("OnCalendar=")}
            self.assertTrue(said)
            done = run(ANALYZE, "calendar", *said)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("never", done.stdout)

    def test_units_are_spelt_right(self):
        """systemd-analyze warns of what it doesn't know, and ends well all the same: a slip is seen here."""
        into, _ = self.render("systemd", self.times)
        unit = next(into.rglob("daemon/*.service"))
        unit.write_text(unit.read_text(encoding="utf-8").replace("WatchdogSec", "WatchdogSecs"), encoding="utf-8")
        self.assertIn("WatchdogSecs", run(ANALYZE, "verify", "--man=no", unit).stderr)

    def test_manifests_fit_the_schema(self):
        import kubernetes_validate
        for path in self.strategies():
            into, _ = self.render("kubernetes", path)
            manifests = [each for file in into.rglob("*.yaml") for each in yaml.safe_load_all(file.read_text("utf-8"))]
            kinds = [each["kind"] for each in manifests]
            self.assertIn("ConfigMap", kinds)
            self.assertIn("CronJob", kinds)
            for manifest in manifests:
                kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
            jobs = [each for each in manifests if each["kind"] == "CronJob"]
            self.assertEqual(len({each["metadata"]["name"] for each in jobs}), len(jobs))
            for job in jobs:
                self.assertEqual(job["spec"]["concurrencyPolicy"], "Forbid")
                self.assertRegex(job["metadata"]["name"], r"^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$")

    def test_the_schema_sees_mistakes(self):
        import kubernetes_validate
        into, _ = self.render("kubernetes", self.times)
        manifests = list(yaml.safe_load_all(next(into.rglob("*.yaml")).read_text("utf-8")))
        job = next(each for each in manifests if each["kind"] == "CronJob")
        job["spec"]["concurrencyPolicies"] = "Forbid"
        with self.assertRaises(Exception):
            kubernetes_validate.validate(job, KUBERNETES, strict=True)

    def test_the_config_map_holds_the_strategy(self):
        into, _ = self.render("kubernetes", self.times)
        manifests = list(yaml.safe_load_all(next(into.rglob("*.yaml")).read_text("utf-8")))
        data = next(each for each in manifests if each["kind"] == "ConfigMap")["data"]
        self.assertEqual(data["file-0"], EVERY_TIME)

    def test_cron_has_lines_of_cron(self):
        for path in self.strategies():
            into, _ = self.render("cron", path)
            for file in into.iterdir():
                self.assertNotIn(".", file.name)  # cron passes over such names
                lines = file.read_text(encoding="utf-8").splitlines()
                for line in lines:
                    fits = re.fullmatch(r"|#.*|[A-Z_]+=.*|([-*/,0-9]+ ){5}root .*", line)
                    self.assertIsNotNone(fits, line)

    def test_what_cannot_be_said_is_said(self):
        for kind, parts in (("cron", ["every 30 seconds", "last day of the month", "every 14 days"]),
                            ("kubernetes", ["every 30 seconds", "must both fit", "last day of the month"]),
                            ("systemd", ["every 14 days", "home/asked"])):
            into, notes = self.render(kind, self.times)
            text = "".join(each.read_text(encoding="utf-8") for each in into.rglob("*") if each.is_file())
            for part in parts:
                self.assertIn(part, " ".join(re.sub(r"\n# ", " ", text).split()))
                self.assertIn(part, notes)


if __name__ == "__main__":
    unittest.main()
