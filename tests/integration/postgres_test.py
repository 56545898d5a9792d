#!/usr/bin/env python3
"""The program and real PostgreSQL servers: what is backed up under load comes back as a server that starts and
holds what it should, and every way in which it can fail says so. Without an argument on all versions; unittest's
arguments choose otherwise, such as Postgres15."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from postgres_server import SERVERS, PASSWORD, PostgresServer, free_port  # noqa: E402

PROGRAM = os.environ.get("HOLDFAST", "")
FAILED, USAGE, WARNINGS = 1, 2, 3
SEGMENT = 16 * 1024 * 1024


class Strategy:
    """A strategy with one PostgreSQL component, its repository, and the program run on it."""

    def __init__(self, test, server, source="", plans="", user="owner", database="postgres"):
        self.test = test
        self.place = Path(tempfile.mkdtemp(prefix="holdfast-pg-strategy-"))
        test.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        self.password = PASSWORD
        if int(server.version) > 15 and "tools" not in source:
            source += f', tools: "{server.tool("pg_dump").parent}"'
        plans = plans or """
      base: { type: physical, every: 1h, to: { disk: 7d } }
      dump: { type: logical, at: "02:00", to: { disk: 7d } }"""
        (self.place / "holdfast.yaml").write_text(f"""strategy: test
encryption: {{ key: env:BACKUP_ENCRYPTION_KEY }}
locations:
  disk: {{ url: ./repository }}
components:
  db:
    postgres: {{ url: "{server.url(database, user)}", password: env:DB_PASSWORD{', ' if source else ''}{source.lstrip(', ')} }}
    plans:{plans}
""", encoding="utf-8")
        self.run("init")

    def environment(self):
        return {"PATH": os.environ["PATH"], "BACKUP_ENCRYPTION_KEY": "a key of tests", "DB_PASSWORD": self.password,
                "HOLDFAST_CACHE_DIR": str(self.place / "cache"), "HOLDFAST_STATE_DIR": str(self.place / "state"),
                "HOME": str(self.place), "TMPDIR": str(self.place), "LC_ALL": "C.UTF-8"}

    def command(self, *arguments):
        config = [] if arguments[0] in ("snapshot", "prune", "verify") else ["--config", str(self.place / "holdfast.yaml")]
        return [PROGRAM, *map(str, arguments), *config]

    def run(self, *arguments, status=0):
        done = subprocess.run(self.command(*arguments), env=self.environment(), cwd=self.place, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=600)
        told = done.stdout + done.stderr
        self.test.assertEqual(done.returncode, status, told)
        self.test.assertNotIn(PASSWORD, told)
        return done.stdout if status in (0, WARNINGS) else told

    def back_up(self, plan, status=0):
        return json.loads(self.run("backup", "db", "--plan", plan, "--json", "--quiet", status=status))["runs"][0]

    def restore(self, plan, into, *more, status=0):
        return self.run("restore", "db", "--plan", plan, "--into", into, *more, status=status)


class Load:
    """pgbench, running until it is stopped."""

    def __init__(self, server, database="postgres", scale=1):
        self.server = server
        self.database = database
        environment = server.environment() | {"PGDATABASE": database}
        server.run(server.tool("pgbench"), "-i", "-q", "-s", scale, "-n", env=environment)
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([str(server.tool("pgbench")), "-n", "-c", "4", "-T", "600"], env=environment,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def bench_sums(server, database="postgres"):
    """What pgbench keeps equal in every committed state, and how many transactions there were."""
    sums = server.query("select (select sum(abalance) from pgbench_accounts), (select sum(bbalance) from pgbench_branches), "
                        "(select sum(tbalance) from pgbench_tellers), (select coalesce(sum(delta), 0) from pgbench_history), "
                        "(select count(*) from pgbench_history), (select count(*) from pgbench_accounts)", database)
    *equal, transactions, accounts = (int(value) for value in sums.split("|"))
    return set(equal), transactions, accounts


CONTENT = """
create table facts(id bigint primary key, text text, noise bytea);
insert into facts select i, 'fact ' || i, decode(md5(i::text) || md5((-i)::text), 'hex') from generate_series(1, 40000) i;
create schema other;
create table other.things(id int);
insert into other.things select generate_series(1, 500);
select lo_from_bytea(4711, decode(repeat('c0ffee', 5000), 'hex'));
"""
CHECK = ("select md5(string_agg(id || text || encode(noise, 'hex'), '' order by id)) from facts",
         "select sum(id) from other.things", "select md5(lo_get(4711))")


class PostgresCase(unittest.TestCase):
    version = ""

    def server(self, **more):
        server = PostgresServer(self.version, **more)
        self.addCleanup(server.__exit__)
        return server.__enter__()

    def content(self, server, database="postgres"):
        return [server.query(sql, database) for sql in CHECK]

    def restored_place(self, server):
        """Where a server of that user can start: a name that does not exist yet."""
        place = server.make_directory(server.place / f"restored-{free_port()}")
        return place / "data"

    def start_restored(self, server, data, check):
        """Stops the server, starts another on `data`, and looks at it."""
        server.stop()
        server.start(data)
        try:
            return check()
        finally:
            server.stop()


class Everything:
    """For each version; see below."""

    def test_a_base_backup_under_load_is_a_server_that_starts(self):
        server = self.server()
        fast = server.make_directory(server.place / "fast space")
        server.query(f"create tablespace fast location '{fast}'")
        server.query(CONTENT)
        server.query("create table on_fast(id int primary key) tablespace fast")
        server.query("insert into on_fast select generate_series(1, 30000)")
        content = self.content(server)
        strategy = Strategy(self, server)
        load = Load(server)
        try:
            time.sleep(1)
            before = bench_sums(server)[1]
            first = strategy.back_up("base")
            after = bench_sums(server)[1]
            time.sleep(1)
            second = strategy.back_up("base")
        finally:
            load.stop()
        self.assertEqual(first["state"], "succeeded", first)
        self.assertLess(second["bytes_new"], first["bytes_new"])
        self.assertEqual(server.query("select count(*) from pg_replication_slots"), "0")

        # The first, though a newer one exists: by its instant.
        data = self.restored_place(server)
        started = json.loads(strategy.run("snapshot", "show", first["snapshot"], "--from", strategy.place / "repository",
                                          "--json"))
        strategy.restore("base", data, "--at", started["time"])
        self.assertFalse((data / "holdfast_restore_in_progress").exists())
        self.assertTrue((data / "backup_label").exists())
        link = data / "pg_tblspc" / os.listdir(data / "pg_tblspc")[0]
        self.assertEqual(os.readlink(link), f"{data}.tablespaces/{link.name}")
        if self.version == "15":
            server.run(server.tool("pg_verifybackup"), data)
        server.stop()
        # Nothing of the original must be needed.
        server.data.rename(server.place / "away")
        fast.rename(server.place / "fast away")

        def look():
            self.assertEqual(self.content(server), content)
            self.assertEqual(server.query("select count(*), sum(id) from on_fast"), "30000|450015000")
            equal, transactions, accounts = bench_sums(server)
            self.assertEqual(len(equal), 1)
            self.assertEqual(accounts, 100_000)
            self.assertGreaterEqual(transactions, before)
            self.assertLessEqual(transactions, after + 1)
            self.assertEqual(server.query("select pg_is_in_recovery()"), "f")
            server.query("insert into facts values(0, 'new', '')")
        self.start_restored(server, data, look)

    def test_a_snapshot_restored_by_hand_is_a_server_too(self):
        server = self.server()
        fast = server.make_directory(server.place / "fast")
        server.query(f"create tablespace fast location '{fast}'")
        server.query("create table on_fast tablespace fast as select generate_series(1, 1000) id")
        strategy = Strategy(self, server)
        snapshot = strategy.back_up("base")["snapshot"]
        place = server.make_directory(server.place / "by-hand")
        strategy.run("restore", snapshot, "--from", strategy.place / "repository", "--into", place)
        told = json.loads((place / "tablespaces.json").read_text())
        self.assertEqual([each["location"] for each in told], [str(fast)])
        fast.rename(server.place / "fast away")
        self.start_restored(server, place / "data", lambda: self.assertEqual(
            server.query("select count(*) from on_fast"), "1000"))

    def test_where_blocks_can_not_be_asked_for_an_incremental_plan_is_a_full(self):
        server = self.server()
        server.query(CONTENT)
        content = self.content(server)
        strategy = Strategy(self, server, plans="\n      often: { type: incremental, every: 5m, to: { disk: 7d } }")
        first = strategy.back_up("often")
        second = strategy.back_up("often")
        self.assertEqual((first["state"], second["state"]), ("succeeded", "succeeded"), second)
        self.assertLess(second["bytes_new"], first["bytes_new"] / 3)
        told = strategy.run("runs", "log", second["run"])
        self.assertIn("a full instead of an incremental: the server ", told)
        self.assertIn("summarize_wal" if int(self.version) >= 17 else f"is PostgreSQL {self.version}", told)
        data = self.restored_place(server)
        strategy.restore("often", data)
        self.start_restored(server, data, lambda: self.assertEqual(self.content(server), content))

    def test_dumps_come_back(self):
        server = self.server()
        server.make_role("reader", "nosuperuser")
        server.query('create database "a/b c\'d"')
        server.query(CONTENT, "a/b c'd")
        server.query("create database shop")
        server.query(CONTENT, "shop")
        server.query("comment on database shop is 'the shop'")
        strategy = Strategy(self, server, source="databases: all", plans="""
      dump: { type: logical, at: "02:00", to: { disk: 7d } }
      plan: { type: logical, at: "03:00", to: { disk: 7d }, content: schema }""")
        load = Load(server, "shop")
        try:
            run = strategy.back_up("dump")
        finally:
            load.stop()
        self.assertEqual(run["state"], "succeeded", run)
        self.assertEqual(strategy.back_up("plan")["state"], "succeeded")
        content = self.content(server, "shop")
        dumps = self.restored_place(server)
        strategy.restore("dump", dumps)
        self.assertEqual(sorted(path.name for path in dumps.iterdir()),
                         ["a%2Fb%20c'd.dump", "globals.sql", "postgres.dump", "shop.dump"])
        self.assertIn("CREATE ROLE reader", (dumps / "globals.sql").read_text())
        self.assertIn("SCRAM-SHA-256", (dumps / "globals.sql").read_text())
        environment = server.environment()
        # Into a new name, and, of the other, by its own.
        server.query("create database renamed")
        subprocess.run([server.tool("pg_restore"), "--exit-on-error", "--jobs", "2", "--dbname", "renamed",
                        dumps / "shop.dump"], env=environment, check=True)
        self.assertEqual(self.content(server, "renamed"), content)
        equal, _, accounts = bench_sums(server, "renamed")
        self.assertEqual((len(equal), accounts), (1, 100_000))
        server.query('drop database "a/b c\'d"')
        # A newer pg_dump writes a CREATE DATABASE that an older server doesn't know.
        into = ["--create", "--dbname", "postgres"]
        if f"/{server.version}/" not in str(server.tool("pg_dump")):
            server.query('create database "a/b c\'d"')
            into = ["--dbname", "a/b c'd"]
        subprocess.run([server.tool("pg_restore"), "--exit-on-error", *into, dumps / "a%2Fb%20c'd.dump"],
                       env=environment, check=True)
        self.assertEqual(self.content(server, "a/b c'd"), content)
        # The plan with the schema only.
        plans = self.restored_place(server)
        strategy.restore("plan", plans)
        listed = subprocess.run([server.tool("pg_restore"), "--list", plans / "shop.dump"], stdout=subprocess.PIPE,
                                text=True, check=True).stdout
        self.assertIn("TABLE public facts", listed)
        self.assertNotIn("TABLE DATA", listed)

    def test_a_killed_base_backup_leaves_nothing_that_counts_and_the_next_one_goes_on(self):
        server = self.server()
        server.query("create table large as select i, repeat(md5(i::text), 20) t from generate_series(1, 300000) i")
        strategy = Strategy(self, server)
        # pylint: disable-next=consider-using-with
        child = subprocess.Popen(strategy.command("backup", "db", "--plan", "base"), env=strategy.environment(),
                                 cwd=strategy.place, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while child.poll() is None and time.monotonic() < deadline:
            if server.query("select count(*) from pg_stat_progress_basebackup where backup_streamed > 30000000") == "1":
                break
            time.sleep(0.01)
        self.assertIsNone(child.poll(), "it was not caught in the midst")
        child.send_signal(signal.SIGKILL)
        child.wait()
        deadline = time.monotonic() + 30
        while server.query("select count(*) from pg_replication_slots") != "0":
            self.assertLess(time.monotonic(), deadline, "the slot outlives the backup")
            time.sleep(0.1)
        self.assertEqual(strategy.back_up("base")["state"], "succeeded")
        listed = json.loads(strategy.run("snapshot", "list", "--from", strategy.place / "repository", "--json"))
        self.assertEqual(len(listed["snapshots"]), 1)
        data = self.restored_place(server)
        strategy.restore("base", data)
        self.start_restored(server, data, lambda: self.assertEqual(server.query("select count(*) from large"), "300000"))


def where_installed(version):
    """Debian's own and the newest are always there, others where npm is."""
    return unittest.skipUnless((SERVERS / version / "bin" / "initdb").exists(), f"no PostgreSQL {version} here")


class Postgres15(Everything, PostgresCase):
    version = "15"


class Postgres18(Everything, PostgresCase):
    version = "18"


@where_installed("17")
class Postgres17(Everything, PostgresCase):
    version = "17"


@where_installed("14")
class Postgres14(Everything, PostgresCase):
    """13 and 14 send a base backup in the old way."""

    version = "14"


class Trouble(PostgresCase):
    version = "15"

    def test_a_wrong_password_is_said(self):
        server = self.server()
        strategy = Strategy(self, server)
        strategy.password = "wrong"
        for plan in ("base", "dump"):
            run = strategy.back_up(plan, status=FAILED)
            self.assertIn("password authentication failed", run["message"])
            self.assertIn("28P01", run["message"])

    def test_a_role_that_may_not_is_said(self):
        server = self.server()
        server.make_role("weak", "nosuperuser")
        server.query("create table secrets(id int); revoke all on secrets from public")
        strategy = Strategy(self, server, user="weak")
        self.assertRegex(strategy.back_up("base", status=FAILED)["message"], "(?i)replication")
        self.assertIn("permission denied", strategy.back_up("dump", status=FAILED)["message"])

    def test_a_role_with_just_enough_is_enough(self):
        server = self.server()
        server.query(CONTENT)
        server.make_role("backup", "nosuperuser replication")
        server.query("grant pg_read_all_data to backup")
        strategy = Strategy(self, server, user="backup", source="databases: all")
        self.assertEqual(strategy.back_up("base")["state"], "succeeded")
        # Large objects have owners of their own.
        server.query("select lo_unlink(4711)")
        self.assertEqual(strategy.back_up("dump")["state"], "succeeded")

    def test_a_role_that_reads_no_passwords_is_warned(self):
        server = self.server()
        server.make_role("plain", "nosuperuser")
        strategy = Strategy(self, server, user="plain", source="databases: all")
        run = strategy.back_up("dump", status=WARNINGS)
        self.assertIn("passwords of roles", " ".join(run["warnings"]))
        dumps = self.restored_place(server)
        strategy.restore("dump", dumps)
        self.assertIn("CREATE ROLE plain", (dumps / "globals.sql").read_text())
        self.assertNotIn("SCRAM", (dumps / "globals.sql").read_text())

    def test_tls_is_spoken_and_the_certificate_is_checked(self):
        server = self.server(tls=True)
        good = Strategy(self, server, source=f'tls: verify-full, ca: "{server.certificate}"')
        for plan in ("base", "dump"):
            self.assertEqual(good.back_up(plan)["state"], "succeeded")
        untrusting = Strategy(self, server, source="tls: verify-full")
        refused = Strategy(self, server, source="tls: disable")
        for plan in ("base", "dump"):
            self.assertIn("certificate", untrusting.back_up(plan, status=FAILED)["message"])
            self.assertRegex(refused.back_up(plan, status=FAILED)["message"], "pg_hba.conf rejects.*28000")

    def test_a_server_that_is_down_is_said(self):
        server = self.server()
        strategy = Strategy(self, server)
        server.stop()
        for plan in ("base", "dump"):
            self.assertIn("Connection refused", strategy.back_up(plan, status=FAILED)["message"])

    def test_a_database_that_is_not_there_is_said(self):
        server = self.server()
        strategy = Strategy(self, server, source="databases: [postgres, nowhere]")
        self.assertIn("no database 'nowhere'", strategy.back_up("dump", status=FAILED)["message"])

    def test_a_server_that_dies_in_the_midst_is_said(self):
        server = self.server()
        server.query("create table large as select i, repeat(md5(i::text), 20) t from generate_series(1, 300000) i")
        strategy = Strategy(self, server)
        # pylint: disable-next=consider-using-with
        child = subprocess.Popen(strategy.command("backup", "db", "--plan", "base", "--json"), env=strategy.environment(),
                                 cwd=strategy.place, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True)
        while child.poll() is None and server.query("select count(*) from pg_stat_progress_basebackup "
                                                    "where backup_streamed > 10000000") != "1":
            time.sleep(0.01)
        server.stop(signal.SIGQUIT)
        told, _ = child.communicate(timeout=60)
        self.assertEqual(child.returncode, FAILED, told)
        self.assertEqual(json.loads(told)["runs"][0]["state"], "failed")

    def test_without_a_slot_the_backup_goes_on(self):
        server = self.server(settings={"max_replication_slots": 0})
        strategy = Strategy(self, server)
        run = strategy.back_up("base", status=WARNINGS)
        self.assertIn("slot", " ".join(run["warnings"]))
        data = self.restored_place(server)
        strategy.restore("base", data)
        self.start_restored(server, data, lambda: server.query("select 1"))

    def test_a_bad_page_is_a_warning_that_names_it(self):
        server = self.server()
        server.query("create table facts as select i, md5(i::text) from generate_series(1, 50000) i; checkpoint")
        path = server.query("select pg_relation_filepath('facts')")
        server.stop()
        with open(server.data / path, "r+b") as file:
            file.seek(3 * 8192 + 5000)
            file.write(b"rotten")
        server.start()
        strategy = Strategy(self, server)
        run = strategy.back_up("base", status=WARNINGS)
        told = " ".join(run["warnings"])
        self.assertIn(path, told)
        self.assertRegex(told, r"block 3\b")
        self.assertIn("public.facts of database postgres", told)
        data = self.restored_place(server)
        strategy.restore("base", data)
        self.assertEqual((data / path).read_bytes(), (server.data / path).read_bytes())

    def test_the_wal_is_in_the_snapshot(self):
        server = self.server()
        strategy = Strategy(self, server)
        load = Load(server, scale=1)
        try:
            strategy.back_up("base")
        finally:
            load.stop()
        data = self.restored_place(server)
        strategy.restore("base", data)
        label = (data / "backup_label").read_text()
        first = re.search(r"START WAL LOCATION: \S+ \(file (\w+)\)", label)[1]
        segments = sorted(path.name for path in (data / "pg_wal").iterdir() if len(path.name) == 24)
        self.assertEqual(segments[0], first)
        self.assertTrue(all((data / "pg_wal" / name).stat().st_size == SEGMENT for name in segments))

    def test_a_directory_with_something_in_it_is_left_alone(self):
        server = self.server()
        strategy = Strategy(self, server)
        strategy.back_up("base")
        data = self.restored_place(server)
        data.mkdir()
        (data / "something").write_text("precious")
        self.assertIn("is not empty", strategy.restore("base", data, status=FAILED))
        self.assertEqual([path.name for path in data.iterdir()], ["something"])
        self.assertIn("isn't restored in place", strategy.run("restore", "db", "--in-place", status=USAGE))

    def test_no_tool_gets_the_password_as_argument_or_variable(self):
        server = self.server()
        tools = server.make_directory(server.place / "tools")
        for name in ("pg_dump", "pg_dumpall"):
            script = tools / name
            script.write_text(f'#!/bin/sh\n{{ echo "$0" "$@"; env; }} >> {server.place}/seen\nexec {server.tool(name)} "$@"\n')
            script.chmod(0o755)
        strategy = Strategy(self, server, source=f'tools: "{tools}"')
        self.assertEqual(strategy.back_up("dump")["state"], "succeeded")
        seen = (server.place / "seen").read_text()
        self.assertIn("--format=custom", seen)
        self.assertIn("PGPASSFILE=/proc/", seen)
        for secret in (PASSWORD, "a key of tests", "PGPASSWORD", "DB_PASSWORD"):
            self.assertNotIn(secret, seen)

    def test_chosen_schemas_and_tables(self):
        server = self.server()
        server.query(CONTENT)
        strategy = Strategy(self, server, source="schemas: other")
        strategy.back_up("dump")
        dumps = self.restored_place(server)
        strategy.restore("dump", dumps)
        listed = subprocess.run([server.tool("pg_restore"), "--list", dumps / "postgres.dump"], stdout=subprocess.PIPE,
                                text=True, check=True).stdout
        self.assertIn("TABLE other things", listed)
        self.assertNotIn("facts", listed)


if __name__ == "__main__":
    unittest.main(verbosity=2)
