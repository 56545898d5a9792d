#!/usr/bin/env python3
"""The daemon on a clock that runs fast: what five documents say of files, configuration, checkpoints, audit logs and
git is carried out; it is killed, its locations break and heal, and status tells the truth at every step."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

PROGRAM = os.environ.get("HOLDFAST", "")
FAST_CLOCK = os.environ.get("HOLDFAST_FAST_CLOCK", "")
DAY = 86_400
START = 1_795_046_400  # 2026-11-19 00:00 UTC, a Thursday

STRATEGY = """\
strategy: shop
environment: production
timezone: Europe/Berlin
encryption: { key: file:key }
locations:
  ssd: { url: ./ssd, media: ssd, access: 0s, host: db1 }
  hdd: { url: ./hdd, media: hdd, access: 5m, removable: true }
  cloud: { url: ./cloud, media: object, offsite: true, access: 30m }
components:
  uploads:
    files: { paths: [uploads], exclude: ["*.tmp"] }
    objectives: { rpo: 26h }
    plans:
      daily: { type: incremental, at: "03:00", to: { ssd: 7d, hdd: 30d } }
      weekly: { type: full, at: "Sun 03:00", to: { cloud: 30d } }
  configuration:
    files: { paths: [.env] }
    plans: { changed: { when: change, settle: 1s, sweep: 6h, to: { cloud: { versions: 3 } } } }
  checkpoints:
    files: { paths: [checkpoints] }
    plans: { epoch: { when: event epoch, to: { ssd: { last: 2, per: model } } } }
  audit-logs:
    files: { paths: [audit] }
    plans: { daily: { at: "04:00", to: { cloud: 365d } } }
"""


class Fast:
    """A folder with a strategy, and the clock of everybody in it."""

    def __init__(self, speed):
        self.folder = Path(tempfile.mkdtemp(prefix="holdfast-daemon-"))
        self.speed = speed
        self.origin = int(time.time())
        self.environment = {**os.environ, "HOLDFAST_CACHE_DIR": str(self.folder / "cache"), "LD_PRELOAD": FAST_CLOCK,
                            "HOLDFAST_TEST_CLOCK": f"{self.origin} {START} {speed}", "TZ": "UTC"}
        self.daemon = None
        self.log = open(self.folder / "daemon.log", "a", encoding="utf-8")
        self.write("key", "a passphrase that nobody guesses")
        (self.folder / "key").chmod(0o600)
        self.write("holdfast.yaml", STRATEGY)

    def close(self):
        self.end()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def now(self):
        return START + (time.time() - self.origin) * self.speed

    def command(self, *arguments, expected=(0,)):
        done = subprocess.run([PROGRAM, *arguments, "--state", str(self.folder / "state")], cwd=self.folder,
                              env=self.environment, capture_output=True, text=True, timeout=120, check=False)
        if expected is not None and done.returncode not in expected:
            raise AssertionError(f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.said()}")
        return done

    def ask(self, *arguments, expected=(0,)):
        return json.loads(self.command(*arguments, "--json", expected=expected).stdout)

    def start(self):
        self.daemon = subprocess.Popen([PROGRAM, "daemon", "--listen", "127.0.0.1:0", "--state", str(self.folder / "state")], cwd=self.folder,
                                       env=self.environment, stdout=self.log, stderr=self.log)

    def end(self, number=signal.SIGTERM):
        if self.daemon is None:
            return None
        self.daemon.send_signal(number)
        status = self.daemon.wait(timeout=40)
        self.daemon = None
        return status

    def said(self):
        return (self.folder / "daemon.log").read_text(encoding="utf-8")

    def runs(self, **wanted):
        runs = self.ask("runs", "list", "--limit", "1000")["runs"]
        return [run for run in runs if all(run[key] == value for key, value in wanted.items())]

    def snapshots(self, component, location):
        for each in self.ask("status", expected=None)["components"]:
            if each["name"] == component:
                for place in each["places"]:
                    if place["location"] == location:
                        return place["snapshots"]
        return None

    def wait(self, condition, seconds=60):
        until = time.time() + seconds
        while time.time() < until:
            found = condition()
            if found:
                return found
            time.sleep(0.3)
        raise AssertionError("it did not come\n" + self.said()[-4000:])

    def wait_until(self, fake):
        time.sleep(max(0.0, (fake - self.now()) / self.speed))


class DaemonTest(unittest.TestCase):
    def setUp(self):
        self.place = None

    def tearDown(self):
        if self.place is not None:
            self.place.close()

    def make(self, speed):
        self.place = place = Fast(speed)
        place.write("uploads/a.jpg", "picture")
        place.write("uploads/b.tmp", "nothing")
        place.write(".env", "SECRET=1")
        place.write("checkpoints/model", "weights")
        place.write("audit/log", "who did what")
        place.command("init")
        return place

    def test_days_pass_and_everything_runs(self):
        place = self.make(1440)  # a day a minute
        place.start()
        # What was never looked at counts as changed; nothing else is due.
        place.wait(lambda: place.runs(component="configuration", state="succeeded"))
        self.assertEqual(place.runs(component="uploads"), [])
        place.wait_until(START + 1.2 * DAY)
        place.wait(lambda: len(place.runs(component="uploads", state="succeeded")) == 2)
        self.assertEqual(len(place.runs(component="audit-logs", state="succeeded")), 2)
        slots = sorted(run["slot"] for run in place.runs(component="uploads"))
        # 03:00 in Berlin is 02:00 UTC in November.
        self.assertEqual(slots, ["2026-11-19T02:00:00Z", "2026-11-20T02:00:00Z"])
        self.assertEqual(place.snapshots("uploads", "ssd"), 2)
        self.assertEqual(place.snapshots("uploads", "hdd"), 2)
        self.assertEqual(place.end(), 0)
        restored = place.folder / "restored"
        place.command("restore", "uploads", "--into", str(restored))
        found = sorted(path.name for path in restored.rglob("*") if path.is_file())
        self.assertEqual(found, ["a.jpg"])

    def test_changes_events_and_versions(self):
        place = self.make(1)
        place.start()
        place.wait(lambda: place.runs(component="configuration", state="succeeded"))
        for version in range(2, 7):
            before = len(place.runs(component="configuration", state="succeeded"))
            # As editors do it.
            place.write(".env.new", f"SECRET={version}")
            (place.folder / ".env.new").rename(place.folder / ".env")
            place.wait(lambda: len(place.runs(component="configuration", state="succeeded")) > before)
        self.assertEqual(place.snapshots("configuration", "cloud"), 3)
        for epoch in range(4):
            place.write("checkpoints/model", f"weights {epoch}")
            place.command("event", "epoch", "--tag", "model=a", "--id", str(epoch), "--wait")
        place.command("event", "epoch", "--tag", "model=b", "--wait")
        self.assertEqual(place.snapshots("checkpoints", "ssd"), 3)

    def test_killed_it_goes_on(self):
        place = self.make(1440)
        for i in range(40):
            (place.folder / f"uploads/{i}").write_bytes(os.urandom(4 << 20))
        place.start()
        place.wait(lambda: place.runs(component="uploads", state="running"))
        place.daemon.kill()
        place.daemon.wait()
        place.start()
        place.wait(lambda: place.runs(component="uploads", state="interrupted"))
        place.wait(lambda: place.runs(component="uploads", state="succeeded"))
        self.assertEqual(place.end(), 0)
        place.command("restore", "uploads", "--into", str(place.folder / "restored"))

    def test_a_location_breaks_and_heals(self):
        place = self.make(1440)
        place.start()
        place.wait(lambda: place.snapshots("uploads", "hdd") == 1)
        (place.folder / "hdd").rename(place.folder / "away")
        place.wait(lambda: place.runs(component="uploads", state="warnings"), 180)
        status = place.ask("status", expected=None)
        self.assertIn("upload", [finding["kind"] for finding in place.wait(
            lambda: place.ask("status", expected=None)["findings"])])
        self.assertEqual(place.command("status", expected=None).returncode, 6)
        self.assertEqual(status["waiting_copies"], 1)
        (place.folder / "away").rename(place.folder / "hdd")
        place.wait(lambda: place.ask("status", expected=None)["waiting_copies"] == 0, 90)
        place.wait(lambda: place.snapshots("uploads", "hdd") >= 2)
        place.wait(lambda: "upload" not in [f["kind"] for f in place.ask("status", expected=None)["findings"]], 90)

    def test_signals_and_a_second_daemon(self):
        place = self.make(1)
        place.start()
        place.wait(lambda: "is carried out" in place.said())
        second = place.command("daemon", expected=(1,))
        self.assertIn("daemon", second.stderr)
        place.write("holdfast.yaml", STRATEGY + "  broken: { files: { paht: [x] } }\n")
        place.daemon.send_signal(signal.SIGHUP)
        place.wait(lambda: "was not taken" in place.said())
        place.write("holdfast.yaml", STRATEGY + "  extra:\n    files: { paths: [audit] }\n"
                                                "    plans: { now: { when: event now, to: { ssd: 1d } } }\n")
        place.daemon.send_signal(signal.SIGHUP)
        place.wait(lambda: "was read again" in place.said())
        place.command("event", "now", "--wait")
        self.assertEqual(place.snapshots("extra", "ssd"), 1)
        self.assertEqual(place.end(), 0)
        self.assertNotIn("guesses", place.said())

    def test_without_a_daemon_nobody_waits(self):
        place = self.make(1)
        done = place.command("event", "epoch", "--wait", expected=(1,))
        self.assertIn("no daemon", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
