#!/usr/bin/env python3
"""The log of real PostgreSQL servers under the daemon: what was committed at an instant is what a server restored to
that instant holds, nothing missing and nothing later; through kill -9 of the daemon and of the server, locations
that go away, and a promotion."""

import datetime
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from postgres_server import SERVERS, PASSWORD, PostgresServer  # noqa: E402

PROGRAM = os.environ.get("HOLDFAST", "")
HISTORY = """select id, to_char(pg_xact_commit_timestamp(xmin) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
             xmin from history order by id"""


class World:
    """A server with a table of what was committed when, a strategy with its log, and the daemon."""

    def __init__(self, test, server, locations=("disk",), source=""):
        self.server = server
        self.place = Path(tempfile.mkdtemp(prefix="holdfast-pg-log-"))
        self.place.chmod(0o755)
        test.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        test.addCleanup(self.end_daemon)
        self.test = test
        self.daemon = None
        self.next_id = 0
        places = "\n".join(f"  {name}: {{ url: ./{name} }}" for name in locations)
        to = ", ".join(f"{name}: 7d" for name in locations)
        (self.place / "holdfast.yaml").write_text(f"""strategy: test
encryption: {{ key: env:BACKUP_ENCRYPTION_KEY }}
locations:
{places}
components:
  db:
    postgres: {{ url: "{server.url('postgres', 'owner')}", password: env:DB_PASSWORD{source} }}
    plans:
      wal: {{ type: log, when: continuous, flush: 1s, to: {{ {to} }} }}
      base: {{ type: physical, when: manual, to: {{ {to} }} }}
      often: {{ type: incremental, when: manual, to: {{ {to} }} }}
""", encoding="utf-8")
        self.run("init")
        server.query("create table history(id int primary key, filler text)")
        server.query("create table load(id int primary key, filler text)")

    def environment(self):
        return {"PATH": os.environ["PATH"], "BACKUP_ENCRYPTION_KEY": "a key of tests", "DB_PASSWORD": PASSWORD,
                "HOLDFAST_CACHE_DIR": str(self.place / "cache"), "HOLDFAST_STATE_DIR": str(self.place / "state"),
                "HOME": str(self.place), "LC_ALL": "C.UTF-8"}

    def command(self, *arguments):
        return [PROGRAM, *map(str, arguments), "--config", str(self.place / "holdfast.yaml")]

    def run(self, *arguments, status=0):
        done = subprocess.run(self.command(*arguments), env=self.environment(), cwd=self.place, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        if status is not None:
            self.test.assertEqual(done.returncode, status, f"{arguments}: {done.stdout}{done.stderr}")
        return done

    def json(self, *arguments, status=0):
        return json.loads(self.run(*arguments, "--json", status=status).stdout)

    def start_daemon(self):
        log = open(self.place / "daemon.log", "ab")  # pylint: disable=consider-using-with
        with log:
            self.daemon = subprocess.Popen(self.command("daemon", "--listen", "127.0.0.1:0"), env=self.environment(), cwd=self.place,
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def end_daemon(self, how=signal.SIGTERM):
        if self.daemon is None:
            return
        self.daemon.send_signal(how)
        self.daemon.wait(60)
        self.daemon = None

    def metrics(self):
        """As the newest daemon tells them; empty if it doesn't answer yet."""
        told = re.findall(r"answers at (\S+)", self.log())
        if not told:
            return ""
        try:
            with urllib.request.urlopen(f"http://{told[-1]}/metrics", timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def log(self):
        return (self.place / "daemon.log").read_text(encoding="utf-8", errors="replace")

    def commit(self, count=1, pause=0.0):
        for _ in range(count):
            self.server.query(f"insert into history values ({self.next_id}, repeat('x', 100))")
            self.next_id += 1
            time.sleep(pause)

    def write(self, megabytes):
        """That much WAL, and more."""
        self.server.query("truncate load")
        self.server.query(f"""insert into load select n, string_agg(md5(n::text || m::text), '') from
                              generate_series(1, {megabytes * 320}) n, generate_series(1, 100) m group by n""")

    def history(self):
        rows = [line.split("|") for line in self.server.query(HISTORY).splitlines()]
        return [(int(number), when, int(transaction)) for number, when, transaction in rows]

    def position(self):
        return lsn(self.server.query("select pg_current_wal_flush_lsn()").strip())

    def durable(self, name="disk"):
        """Where the log ends at a location, by the names of its pieces."""
        ends = [int(each.name.split("-")[3], 16) for each in (self.place / name).glob("log/*/1-*")]
        return max(ends, default=0)

    def wait_for(self, what, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            self.test.assertLess(time.monotonic(), deadline, f"{what} did not come:\n{self.log()}")
            time.sleep(0.1)

    def wait_durable(self, *names):
        position = self.position()
        for name in names or ("disk",):
            self.wait_for(f"{position:x} at {name}", lambda name=name: self.durable(name) >= position)

    def restored(self, at, *more):
        """The numbers in the history of a server restored to that instant."""
        into = self.place / f"restored-{random.randrange(10**9)}"
        report = self.json("restore", "db", "--at", at, "--into", into, *more)
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "postgres:postgres", into], check=True)
        self.server.stop()
        self.server.start(into)
        try:
            self.wait_for("the end of recovery",
                          lambda: self.server.query("select pg_is_in_recovery()").strip() == "f")
            numbers = [int(each) for each in
                       self.server.query("select id from history order by id").split()]
            self.server.query("select count(*), sum(length(filler)) from load")
        finally:
            self.server.stop()
            shutil.rmtree(into)
        return numbers, report


def lsn(text):
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


class LogTests:
    """On one version; the classes below say which."""

    VERSION = ""

    def setUp(self):
        self.server = PostgresServer(self.VERSION, {"wal_keep_size": "0", "track_commit_timestamp": "on",
                                                    "max_wal_size": "64MB", "min_wal_size": "32MB"})
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)

    @staticmethod
    def seconds_after(world, when):
        """How long after an instant the log is known to lead."""
        end = world.json("status", status=None)["components"][0]["places"][0].get("log_end")
        moment = datetime.datetime.fromisoformat
        return -1 if end is None else (moment(end) - moment(when)).total_seconds()

    def check_instants(self, world, history, count=3, **options):
        """Random commits of the history, each restored to by its time: it is the last one there."""
        for number, when, _ in random.Random(7).sample(history, count):
            with self.subTest(at=when):
                numbers, report = world.restored(when, **options)
                self.assertEqual(numbers, list(range(number + 1)))
                self.assertEqual(report["last_commit"][:19], when[:19])

    def test_every_instant(self):
        world = World(self, self.server)
        world.start_daemon()
        world.wait_for("the slot", lambda: "holdfast_db" in
                       self.server.query("select slot_name from pg_replication_slots where active"))
        world.commit(3)
        world.run("backup", "db", "--plan", "base")
        world.commit(10, pause=0.1)
        world.write(20)
        self.server.query("checkpoint")
        world.commit(5)
        self.server.query("select pg_switch_wal()")
        world.commit(5)
        self.server.query("select pg_create_restore_point('before the change')")
        world.commit(2)
        history = world.history()
        world.wait_durable()
        # Whole blocks have replaced what came before them.
        pieces = sorted(each.name[:44] for each in (world.place / "disk").glob("log/*/1-*"))
        self.assertTrue(any(int(p.split("-")[3], 16) - int(p.split("-")[2], 16) == 1 << 24 for p in pieces), pieces)
        status = world.json("status")
        place = status["components"][0]["places"][0]
        self.assertLess(place["age_seconds"], 30, place)
        self.assertEqual(world.json("verify", "--from", str(world.place / "disk"), "--level", "sound")["verified"],
                         True)
        world.end_daemon()
        after_base = [row for row in history if row[0] >= 3]
        self.check_instants(world, after_base)
        self.assertEqual(world.restored("before the change")[0], list(range(23)))
        self.assertEqual(world.restored(str(after_base[4][2]))[0], list(range(after_base[4][0] + 1)))
        numbers, report = world.restored("latest")
        self.assertEqual(numbers, list(range(25)))
        self.assertGreater(report["log_bytes"], 20 << 20)
        wrong = world.run("restore", "db", "--at", "2030-01-01T00:00:00Z", "--into", world.place / "x", status=1)
        self.assertIn("the log reaches to", wrong.stderr)
        wrong = world.run("restore", "db", "--at", "no such point", "--into", world.place / "y", status=1)
        self.assertIn("doesn't hold", wrong.stderr)

    def test_a_canary_tells_the_delay(self):
        """What it says is at least as long as a look at the pieces says, and not much longer."""
        world = World(self, self.server, source=", canary: 1s")
        world.start_daemon()
        world.wait_for("the canary", lambda: "holdfast_canary_delay_seconds{" in world.metrics())
        world.commit(3, pause=0.5)
        world.wait_for("a canary in the table", lambda: self.server.query(
            "select count(*) from holdfast.canary where at > now() - interval '3 seconds'").strip() == "1")
        found = re.search(r'holdfast_canary_delay_seconds\{component="db",location="disk"\} ([0-9.e-]+)',
                          world.metrics())
        self.assertGreater(float(found[1]), 0)
        self.assertLess(float(found[1]), 10)
        # Somebody else's table of that name is left alone, and it is told.
        world.end_daemon()
        self.server.query("drop table holdfast.canary")
        self.server.query("create table holdfast.canary(text text)")
        world.start_daemon()
        world.wait_for("the slot", lambda: "holdfast_db" in
                       self.server.query("select slot_name from pg_replication_slots where active"))
        time.sleep(3)
        self.assertNotIn("holdfast_canary_delay_seconds{", world.metrics())

    def test_killed_again_and_again(self):
        """The daemon and the server, at random moments, under load."""
        world = World(self, self.server)
        chance = random.Random(11)
        world.start_daemon()
        world.commit(2)
        world.run("backup", "db", "--plan", "base")
        for step in range(6):
            world.write(chance.randrange(1, 12))
            world.commit(chance.randrange(1, 4))
            time.sleep(chance.random() * 2)
            if step % 3 == 2:
                self.server.stop(signal.SIGQUIT)
                self.server.start()
            else:
                world.end_daemon(signal.SIGKILL)
                self.server.query("checkpoint")
                world.start_daemon()
            world.commit(1)
        history = world.history()
        world.wait_durable()
        world.end_daemon()
        self.check_instants(world, [row for row in history if row[0] >= 2])
        self.assertEqual(world.restored("latest")[0], [row[0] for row in history])

    def test_a_location_that_goes_away(self):
        """It gets what it missed from the other one; the server's slot goes on meanwhile."""
        world = World(self, self.server, locations=("disk", "far"))
        world.start_daemon()
        world.commit(2)
        world.run("backup", "db", "--plan", "base")
        world.wait_durable("disk", "far")
        (world.place / "far").rename(world.place / "away")
        world.write(90)  # more than the tail holds
        world.commit(3)
        world.wait_durable("disk")
        before = world.position()
        world.wait_for("the slot to go on", lambda: lsn(self.server.query(
            "select restart_lsn from pg_replication_slots").strip()) >= before)
        (world.place / "away").rename(world.place / "far")
        world.commit(2)
        history = world.history()
        world.wait_durable("disk", "far")
        world.end_daemon()
        self.assertNotIn("a gap", world.log())
        self.check_instants(world, history[2:], count=2)
        numbers, _ = world.restored("latest", "--from", "far")
        self.assertEqual(numbers, [row[0] for row in history])

    def test_all_locations_away(self):
        """The server keeps its WAL until one is back."""
        world = World(self, self.server)
        world.start_daemon()
        world.commit(2)
        world.run("backup", "db", "--plan", "base")
        world.wait_durable()
        (world.place / "disk").rename(world.place / "away")
        world.write(80)
        self.server.query("checkpoint")
        world.commit(3)
        time.sleep(2)
        (world.place / "away").rename(world.place / "disk")
        history = world.history()
        world.wait_durable()
        world.end_daemon()
        self.assertEqual(world.restored("latest")[0], [row[0] for row in history])

    def test_a_promotion(self):
        """A restored server that takes the place of the old one: its timeline is followed, and either can be had."""
        world = World(self, self.server)
        world.start_daemon()
        world.commit(2)
        world.run("backup", "db", "--plan", "base")
        world.commit(6, pause=0.05)
        history = world.history()
        world.write(40)  # the old timeline goes on, blocks beyond where the new one will begin
        world.wait_durable()
        world.end_daemon()
        # Back to the fourth, and on from there.
        into = world.place / "promoted"
        world.run("restore", "db", "--at", history[4][1], "--into", into)
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "postgres:postgres", into], check=True)
        self.server.stop()
        self.server.start(into)
        world.wait_for("the promotion", lambda: self.server.query("select pg_is_in_recovery()").strip() == "f")
        world.start_daemon()
        world.wait_for("the new timeline", lambda: any((world.place / "disk").glob("log/*/2-00000002-*")))
        world.next_id = 100
        world.commit(4, pause=0.05)
        later = world.history()
        world.wait_for("its end", lambda: any(
            int(each.name.split("-")[3], 16) >= world.position()
            for each in (world.place / "disk").glob("log/*/1-00000002-*")))
        world.end_daemon()
        self.assertEqual(world.restored("latest")[0], [0, 1, 2, 3, 4, 100, 101, 102, 103])
        self.assertEqual(world.restored(later[6][1])[0], [0, 1, 2, 3, 4, 100, 101])

    def test_a_gap_is_told(self):
        """The slot was dropped while nobody followed, and the server forgot: nothing is pretended."""
        world = World(self, self.server)
        world.start_daemon()
        world.commit(2)
        world.run("backup", "db", "--plan", "base")
        world.commit(2)
        world.wait_durable()
        reached = world.history()[-1]
        # That nothing was committed until then is known later.
        done = world.run("restore", "db", "--at", reached[1], "--into", world.place / "early", status=1)
        self.assertTrue("doesn't show yet" in done.stderr or "can't be recovered" in done.stderr, done.stderr)
        world.wait_for("a mark", lambda: self.seconds_after(world, reached[1]) > 5)
        world.end_daemon()
        slot = self.server.query("select slot_name from pg_replication_slots").strip()
        self.server.query(f"select pg_drop_replication_slot('{slot}')")
        for _ in range(3):
            world.write(40)
            self.server.query("checkpoint")
        world.start_daemon()
        world.commit(1)
        world.wait_durable()
        world.wait_for("the finding", lambda: any(
            each["kind"] == "gap" for each in world.json("status")["findings"]), seconds=90)
        self.assertEqual(world.restored(reached[1])[0], [0, 1, 2, 3])
        self.server.start()
        world.run("backup", "db", "--plan", "base")
        world.commit(1)
        world.wait_durable()
        world.end_daemon()
        self.assertEqual(world.restored("latest")[0], list(range(6)))


class Log15(LogTests, unittest.TestCase):
    VERSION = "15"


class Log18(LogTests, unittest.TestCase):
    """What the server's version could make a difference to."""

    VERSION = "18"

    def test_an_incremental_is_a_base(self):
        self.server.query("alter system set summarize_wal = on")
        self.server.query("select pg_reload_conf()")
        world = World(self, self.server)
        world.start_daemon()
        world.commit(2)
        world.run("backup", "db", "--plan", "base")
        world.write(2)
        world.commit(2)
        newest = world.json("backup", "db", "--plan", "often", "--quiet")["runs"][0]["snapshot"]
        world.commit(4, pause=0.1)
        history = world.history()
        world.wait_durable()
        world.end_daemon()
        numbers, report = world.restored(history[5][1])
        self.assertEqual(numbers, list(range(6)))
        self.assertEqual(report["snapshot"], newest)

    test_a_gap_is_told = test_a_location_that_goes_away = test_all_locations_away = None


@unittest.skipUnless((SERVERS / "14" / "bin" / "initdb").exists(), "PostgreSQL 14 is not installed")
class Log14(LogTests, unittest.TestCase):
    VERSION = "14"
    test_a_gap_is_told = test_a_location_that_goes_away = test_all_locations_away = None
    test_killed_again_and_again = test_a_promotion = test_a_canary_tells_the_delay = None


if __name__ == "__main__":
    if not re.search("holdfast", PROGRAM):
        sys.exit("HOLDFAST names the program")
    unittest.main(verbosity=2)
