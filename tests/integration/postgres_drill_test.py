#!/usr/bin/env python3
"""Drills of PostgreSQL: a base backup and dumps come back as a scratch server that answers what the strategy asks,
and each way in which one can't be asked or is wrong says so. Without an argument on all versions; unittest's
arguments choose otherwise, such as Drills15."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from postgres_server import SERVERS, PASSWORD, PostgresServer, programs_of  # noqa: E402

PROGRAM = os.environ.get("HOLDFAST", "")
OK, FAILED, UNKNOWN = 0, 4, 6


def has_landlock():
    """Whether the kernel confines processes: landlock_create_ruleset(NULL, 0, VERSION) says since when."""
    create_ruleset, version = 444, 1
    return ctypes.CDLL(None).syscall(create_ruleset, None, 0, version) > 0


class Strategy:
    """A strategy with one PostgreSQL component and drills, its repository, and the program run on it."""

    def __init__(self, test, server, drills, source="", more="", database="postgres", programs=True, plans=""):
        self.test = test
        self.place = Path(tempfile.mkdtemp(prefix="holdfast-pg-drill-"))
        test.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        self.path = os.environ["PATH"]
        if server.version != "15" and programs:
            self.path += f":{programs_of(server.version)}"
            if (programs_of(server.version) / "pg_dump").exists():
                source += f', tools: "{programs_of(server.version)}"'
            else:
                source += f', tools: "{server.tool("pg_dump").parent}"'
        (self.place / "holdfast.yaml").write_text(f"""strategy: test
encryption: {{ key: env:BACKUP_ENCRYPTION_KEY }}
locations:
  disk: {{ url: ./repository }}
components:
  db:
    postgres: {{ url: "{server.url(database)}", password: env:DB_PASSWORD{source} }}
    plans:
      base: {{ type: physical, every: 1h, to: {{ disk: 7d }} }}
      dump: {{ type: logical, at: "02:00", to: {{ disk: 7d }} }}
{plans}{more}drills:
{drills}
""", encoding="utf-8")
        self.run("init")

    def environment(self):
        return {"PATH": self.path, "BACKUP_ENCRYPTION_KEY": "a key of tests", "DB_PASSWORD": PASSWORD,
                "HOLDFAST_CACHE_DIR": str(self.place / "cache"), "HOLDFAST_STATE_DIR": str(self.place / "state"),
                "HOME": str(self.place), "TMPDIR": str(self.place), "LC_ALL": "C.UTF-8"}

    def command(self, *arguments):
        return [PROGRAM, *map(str, arguments), "--config", str(self.place / "holdfast.yaml")]

    def start(self, *arguments):
        return subprocess.Popen(self.command(*arguments), env=self.environment(), cwd=self.place,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def run(self, *arguments, status=OK):
        done = subprocess.run(self.command(*arguments), env=self.environment(), cwd=self.place, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=600)
        told = done.stdout + done.stderr
        self.test.assertEqual(done.returncode, status, told)
        self.test.assertNotIn(PASSWORD, told)
        return done.stdout

    def back_up(self, plan):
        run = json.loads(self.run("backup", "db", "--plan", plan, "--json", "--quiet"))["runs"][0]
        self.test.assertEqual(run["state"], "succeeded", run)
        return run

    def drill(self, name, status=OK):
        told = json.loads(self.run("drill", name, "--json", "--quiet", status=status))["drills"][0]
        self.test.assertEqual(self.leftovers(), [])
        return told

    def leftovers(self):
        left = [path.name for path in (self.place / "state").glob("**/sandbox/*") if path.name != "gate"]
        return left + self.servers()

    def servers(self):
        """Processes of scratch servers of this strategy: what they have open lies in its place."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if os.readlink(entry / "cwd").startswith(str(self.place)):
                    found.append(entry.name + " " + (entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                pass
        return found


class DrillCase(unittest.TestCase):
    version = ""

    def server(self, **more):
        server = PostgresServer(self.version, **more)
        self.addCleanup(server.__exit__)
        return server.__enter__()


def by_text(report):
    return {check["text"]: check for check in report["checks"]}


class Everything:
    """For each version."""

    def test_a_base_backup_answers(self):
        server = self.server(settings={"shared_preload_libraries": "", "archive_mode": "on",
                                       "archive_command": "touch /tmp/holdfast-must-not-be; true"})
        fast = server.make_directory(server.place / "fast space")
        server.query(f"create tablespace fast location '{fast}'")
        server.query("create database shop")
        server.query("create table messages(id bigint primary key, text text);"
                     "insert into messages select i, 'm' || i from generate_series(1, 5000) i;"
                     "create table on_fast(id int primary key) tablespace fast;"
                     "insert into on_fast select generate_series(1, 100); create table hollow(id int)", "shop")
        server.query("alter database shop set session_preload_libraries = 'nowhere'")
        # Settings of the original that must not be followed.
        for setting in ("synchronous_standby_names = 'nobody'", "ssl = off", "archive_command = 'false'",
                        "listen_addresses = '*'", "shared_preload_libraries = 'nowhere_either'"):
            server.query("alter system set " + setting)
        strategy = Strategy(self, server, database="shop", drills="""
  right:
    restore: [db]
    within: 5m
    expect:
      - { "on": db, query: select count(*) from messages, at-least: 5000, at-most: 5000 }
      - { "on": db, query: "select text from messages where id = 7", equals: m7 }
      - { "on": db, tables: [messages, public.on_fast] }
      - { "on": db, query: "select current_setting('archive_mode') || current_setting('listen_addresses')", equals: "off" }
      - { run: 'test -O "$HOLDFAST_SANDBOX" && psql -X -A -t -c "select count(*) from on_fast" "$HOLDFAST_URL_DB" | grep -qx 100' }
  wrong:
    restore: [db]
    expect:
      - { "on": db, query: select count(*) from messages, at-least: 5001 }
      - { "on": db, query: select id from messages where false }
      - { "on": db, query: select nothing from nowhere }
      - { "on": db, tables: [hollow] }
      - { "on": db, tables: [absent] }
      - { "on": db, query: select pg_sleep(20), timeout: 1s }
      - { "on": db, query: select 'x', at-least: 1 }""")
        self.assertIn("synchronous_standby_names", (server.data / "postgresql.auto.conf").read_text())
        strategy.back_up("base")
        server.stop()
        fast.rename(server.place / "fast away")

        report = strategy.drill("right")
        self.assertEqual(report["outcome"], "passed", report)
        component = report["components"][0]
        self.assertGreater(component["start_seconds"], 0)
        self.assertGreater(component["replay_seconds"], 0)
        checks = by_text(report)
        self.assertEqual(checks["messages, public.on_fast"]["message"], "messages: 5000 rows, public.on_fast: 100 rows")
        self.check_amcheck(report)

        report = strategy.drill("wrong", status=FAILED)
        self.assertEqual(report["outcome"], "failed")
        checks = by_text(report)
        told = {text: check["message"] for text, check in checks.items() if check["kind"] != "amcheck"}
        self.assertTrue(all(checks[text]["outcome"] == "failed" for text in told), report)
        self.assertIn("it answers 5000 instead of at least 5001", told["select count(*) from messages"])
        self.assertIn("no row", told["select id from messages where false"])
        self.assertIn('relation "nowhere" does not exist', told["select nothing from nowhere"])
        self.assertIn("is empty", told["hollow"])
        self.assertIn("there is no table absent", told["absent"])
        self.assertIn("timeout", told["select pg_sleep(20)"])
        self.assertIn("no number", told["select 'x'"])

    def check_amcheck(self, report, version=None):
        version = version or self.version
        found = [check for check in report["checks"] if check["kind"] == "amcheck"]
        has_it = any(Path(folder).exists() for folder in (
            f"/usr/share/postgresql/{version}/extension/amcheck.control",
            SERVERS / version / "share/postgresql/extension/amcheck.control"))
        if has_it:
            self.assertEqual([check["outcome"] for check in found], ["passed"], report)
            self.assertRegex(found[0]["message"], r"\d+ indexes and \d+ tables in 2 databases")
        else:
            self.assertEqual(found, [])
            self.assertIn("were not checked", " ".join(report["notes"]))

    def test_dumps_answer(self):
        server = self.server()
        server.make_role("reader", "nosuperuser")
        server.query("alter role reader set work_mem = '7MB'; grant pg_read_all_data to reader")
        fast = server.make_directory(server.place / "fast")
        server.query(f"create tablespace fast location '{fast}'")
        server.query("create database \"a/b c'd\" owner reader")
        server.query("create table messages(id bigint primary key) tablespace fast;"
                     "insert into messages select generate_series(1, 300); alter table messages owner to reader;"
                     "select lo_from_bytea(4711, 'large')", "a/b c'd")
        server.query("create table plain as select 1 id")
        strategy = Strategy(self, server, source=', databases: all', drills="""
  right:
    restore: [db]
    expect:
      - { "on": db, query: select count(*) from messages, equals: "300" }
      - { "on": db, query: "select tableowner || ' ' || tablespace from pg_tables where tablename = 'messages'",
          equals: reader fast }
      - { "on": db, query: "select encode(lo_get(4711), 'escape')", equals: large }
      - { "on": db, query: "select rolconfig from pg_roles where rolname = 'reader'", equals: "{work_mem=7MB}" }""",
                            database="a%2Fb%20c'd")
        strategy.back_up("dump")
        server.stop()
        report = strategy.drill("right")
        self.assertEqual(report["outcome"], "passed", report)
        self.assertGreater(report["components"][0]["replay_seconds"], 0)
        # Loaded into the oldest server that is as new as the one dumped, and as its pg_dump.
        told = server.tool("pg_dump").parts
        self.check_amcheck(report, "15" if self.version == "14" else told[told.index("bin") - 1])


    def test_a_drill_recovers_to_an_instant(self):
        server = self.server()
        server.query("create table messages(id serial primary key, at timestamptz default clock_timestamp())")
        strategy = Strategy(self, server, plans="      log: { type: log, when: continuous, to: { disk: 7d } }\n",
                            drills="  d: { restore: [db], expect: [ { run: 'true' } ] }")
        daemon = strategy.start("daemon", "--listen", "127.0.0.1:0")
        try:
            self.wait_for(server, "select count(*) > 0 from pg_replication_slots where active and not temporary")
            strategy.back_up("base")
            server.query("insert into messages select generate_series(1, 100)")
            time.sleep(2.1)
            between = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            time.sleep(1.1)
            server.query("insert into messages select generate_series(101, 150)")
            self.wait_for(server, "select bool_or(flush_lsn >= pg_current_wal_flush_lsn()) from pg_stat_replication")
            time.sleep(3)
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(60)
        server.stop()
        config = strategy.place / "holdfast.yaml"
        config.write_text(config.read_text().split("drills:")[0] + f"""drills:
  then:
    restore: [db]
    instant: "{between}"
    expect:
      - {{ "on": db, query: "select count(*) from messages", equals: "100" }}
      - {{ "on": db, query: "select pg_is_in_recovery()", equals: f }}
  latest: {{ restore: [db], expect: [ {{ "on": db, query: select count(*) from messages, equals: "150" }} ] }}
  random: {{ restore: [db], instant: random, expect: [ {{ "on": db, tables: [pg_class] }} ] }}
""")
        for name in ("then", "latest", "random", "random"):
            report = strategy.drill(name)
            self.assertEqual(report["outcome"], "passed", report)

    def wait_for(self, server, question):
        deadline = time.monotonic() + 60
        while server.query(question) != "t":
            self.assertLess(time.monotonic(), deadline, question)
            time.sleep(0.2)


class Drills15(Everything, DrillCase):
    version = "15"


class Drills18(Everything, DrillCase):
    version = "18"


def where_installed(version):
    return unittest.skipUnless((SERVERS / version / "bin" / "initdb").exists(), f"no PostgreSQL {version} here")


@where_installed("17")
class Drills17(Everything, DrillCase):
    version = "17"


@where_installed("14")
class Drills14(Everything, DrillCase):
    version = "14"


ONE = """
  one: { restore: [db], expect: [ { "on": db, query: select count(*) from messages, at-least: 1 } ] }
  slow: { restore: [db], expect: [ { "on": db, query: select pg_sleep(60) } ] }"""


class Trouble(DrillCase):
    version = "15"

    def one(self, drills=ONE, **more):
        server = self.server(**more)
        server.query("create table messages(id int primary key, text text);"
                     "insert into messages select i, md5(i::text) from generate_series(1, 20000) i; checkpoint")
        return server, Strategy(self, server, drills=drills)

    def test_a_broken_index_fails_the_drill(self):
        server, strategy = self.one(checksums=False)
        path = server.query("select pg_relation_filepath('messages_pkey')")
        server.stop()
        with open(server.data / path, "r+b") as file:
            # The keys of a leaf, in the midst.
            file.seek(5 * 8192 + 6000)
            file.write(os.urandom(1500))
        server.start()
        strategy.back_up("base")
        report = strategy.drill("one", status=FAILED)
        found = [check for check in report["checks"] if check["kind"] == "amcheck"][0]
        self.assertEqual(found["outcome"], "failed", report)
        self.assertIn("messages_pkey of database postgres", found["message"])

    def test_without_a_server_of_its_version_nothing_is_known(self):
        server = PostgresServer("18")
        self.addCleanup(server.__exit__)
        server.__enter__()
        strategy = Strategy(self, server, drills=ONE, programs=False)
        strategy.back_up("base")
        report = strategy.drill("one", status=UNKNOWN)
        self.assertEqual(report["outcome"], "unknown")
        self.assertIn("there is no PostgreSQL server 18 here", report["components"][0]["message"])
        self.assertEqual(report["checks"][0]["outcome"], "unknown")

    def test_a_drill_that_is_interrupted_leaves_nothing(self):
        _, strategy = self.one()
        strategy.back_up("base")
        child = strategy.start("drill", "slow", "--quiet")
        self.wait_for_server(strategy)
        child.send_signal(signal.SIGINT)
        self.assertNotEqual(child.wait(60), OK)
        self.assertEqual(strategy.leftovers(), [])

    def test_a_drill_that_is_killed_takes_its_server_along(self):
        _, strategy = self.one()
        strategy.back_up("base")
        child = strategy.start("drill", "slow", "--quiet")
        self.wait_for_server(strategy)
        child.send_signal(signal.SIGKILL)
        child.wait()
        deadline = time.monotonic() + 30
        while strategy.servers():
            self.assertLess(time.monotonic(), deadline, strategy.servers())
            time.sleep(0.1)
        self.assertNotEqual(strategy.leftovers(), [])
        self.assertEqual(strategy.drill("one")["outcome"], "passed")

    def wait_for_server(self, strategy):
        deadline = time.monotonic() + 60
        while not any("pg_sleep" in line or "SELECT" in line for line in strategy.servers()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    @unittest.skipUnless(has_landlock(), "this kernel has no Landlock")
    def test_the_server_is_cut_off(self):
        victim = Path(tempfile.mkdtemp(prefix="holdfast-pg-victim-"))
        self.addCleanup(shutil.rmtree, victim, ignore_errors=True)
        victim.chmod(0o777)
        _, strategy = self.one(drills=f"""
  out:
    restore: [db]
    expect:
      - {{ "on": db, query: "copy messages to '{victim}/out'" }}
      - {{ "on": db, query: "copy messages to program 'cat > {victim}/program'" }}
      - {{ "on": db, query: "select count(*) from pg_stat_file('{victim}', true)" }}""")
        strategy.back_up("base")
        report = strategy.drill("out", status=FAILED)
        self.assertEqual(os.listdir(victim), [], report)
        self.assertIn("Permission denied", by_text(report)[f"copy messages to '{victim}/out'"]["message"])

    def test_a_cluster_that_does_not_start_fails(self):
        server, strategy = self.one()
        with open(server.data / "postgresql.auto.conf", "a", encoding="utf-8") as settings:
            settings.write("= rotten\n")
        strategy.back_up("base")
        report = strategy.drill("one", status=FAILED)
        self.assertIn("contains errors", report["components"][0]["message"])
        self.assertEqual(report["components"][0]["outcome"], "failed")

    def test_dumps_that_cannot_be_loaded(self):
        server, strategy = self.one()
        server.query("create function broken() returns int immutable language sql as 'select 1 / id from messages limit 1'")
        server.query("create table late(id int); insert into late values (1); create index on late((id / broken()))")
        # The function finds no table while the archive is loaded: search_path is empty then.
        strategy.back_up("dump")
        report = strategy.drill("one", status=FAILED)
        self.assertEqual(report["components"][0]["outcome"], "failed")
        self.assertIn("database postgres", report["components"][0]["message"])
        self.assertIn("messages", report["components"][0]["message"])

    def test_a_target_keeps_a_server_that_starts(self):
        target = Path(tempfile.mkdtemp(prefix="holdfast-pg-target-"))
        self.addCleanup(shutil.rmtree, target, ignore_errors=True)
        target.chmod(0o755)
        server = self.server()
        server.query("create table messages as select generate_series(1, 20) id")
        strategy = Strategy(self, server, more=f"""targets:
  spare: {{ path: "{target}" }}
""", drills="""
  there: { restore: [db], in: spare, expect: [ { "on": db, query: select count(*) from messages, equals: "20" } ] }""")
        strategy.back_up("base")
        self.assertEqual(strategy.drill("there")["outcome"], "passed")
        data = target / "there" / "db" / "data"
        self.assertTrue((data / "PG_VERSION").exists())
        self.assertFalse((data / "postmaster.pid").exists())
        self.assertEqual(strategy.servers(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
