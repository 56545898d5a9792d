#!/usr/bin/env python3
"""The doctor and real PostgreSQL servers: what is missing is named, and carrying out the statement that it gives mends
it. Without an argument on all versions; unittest's arguments choose otherwise, such as Doctor15."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from postgres_server import SERVERS, PASSWORD, PostgresServer, programs_of  # noqa: E402

PROGRAM = os.environ.get("HOLDFAST", "")
PLANS = {"base": "{ type: physical, every: 1h, to: { disk: 7d } }",
         "dump": "{ type: logical, at: '02:00', to: { disk: 7d } }",
         "log": "{ type: log, when: continuous, to: { disk: 7d } }"}


class DoctorCase(unittest.TestCase):
    version = ""

    def server(self, **more):
        server = PostgresServer(self.version, **more)
        self.addCleanup(server.__exit__)
        return server.__enter__()

    def strategy(self, server, plans, user="owner", source="", password=PASSWORD, drills=""):
        place = Path(tempfile.mkdtemp(prefix="holdfast-pg-doctor-"))
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        if server.version != "15":
            source += f', tools: "{server.tool("pg_dump").parent}"'
        lines = "\n".join(f"      {name}: {PLANS[name]}" for name in plans)
        (place / "holdfast.yaml").write_text(f"""strategy: test
encryption: {{ key: env:BACKUP_ENCRYPTION_KEY }}
locations:
  disk: {{ url: ./repository }}
components:
  db:
    postgres: {{ url: "{server.url(user=user)}", password: env:DB_PASSWORD{source} }}
    plans:
{lines}
{drills}""", encoding="utf-8")
        environment = {"PATH": os.environ["PATH"], "BACKUP_ENCRYPTION_KEY": "a key of tests", "DB_PASSWORD": password,
                       "HOLDFAST_CACHE_DIR": str(place / "cache"), "HOLDFAST_STATE_DIR": str(place / "state"),
                       "HOME": str(place), "TMPDIR": str(place), "LC_ALL": "C.UTF-8"}

        def run(*arguments):
            return subprocess.run([PROGRAM, *arguments, "--config", str(place / "holdfast.yaml")], env=environment,
                                  cwd=place, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=300)
        self.assertEqual(run("init").returncode, 0)

        def doctor():
            done = run("doctor", "--json")
            self.assertNotIn(PASSWORD, done.stdout + done.stderr)
            subjects = {each["subject"]: each["checks"] for each in json.loads(done.stdout)["subjects"]}
            return {each["check"]: each for each in subjects["component db"]}
        return doctor

    def state(self, found):
        return {name: check["outcome"] for name, check in found.items()}


class Everything:
    """For each version."""

    def test_what_is_missing_is_mended_by_what_it_says(self):
        server = self.server(settings={"wal_level": "minimal", "max_wal_senders": 0, "max_replication_slots": 0,
                                       "archive_mode": "off"})
        # As a role that may nothing; the statements are carried out by the owner.
        server.make_role("weak", "nosuperuser")
        server.query("create table secret(id int)")
        doctor = self.strategy(server, PLANS, user="weak", source=", databases: all")
        found = doctor()
        for name in ("wal_level", "max_wal_senders", "max_replication_slots", "role", "privileges"):
            self.assertEqual(found[name]["outcome"], "problem", found)
        self.assertEqual(found["max_slot_wal_keep_size"]["outcome"], "warning", found)
        for name in ("wal_level", "max_wal_senders", "max_replication_slots", "role", "privileges", "role-passwords",
                     "max_slot_wal_keep_size"):
            for statement in found[name]["advice"].split(";")[:-1]:
                server.query(statement)
        # Settings on its command line would win.
        config = server.data / "postgresql.conf"
        config.write_text("\n".join(line for line in config.read_text().splitlines()
                                    if not line.startswith(("wal_level", "max_wal_s", "max_replication_s"))) + "\n")
        server.stop()
        server.start()
        found = doctor()
        bad = {name: check for name, check in found.items() if check["outcome"] != "ok"}
        self.assertEqual(bad, {})
        self.assertEqual(found["replication"]["outcome"], "ok")
        self.assertIn(f"PostgreSQL {self.version}.", found["version"]["message"])

    def test_a_rule_that_is_missing_is_written_out(self):
        server = self.server()
        rules = server.data / "pg_hba.conf"
        rules.write_text("host all all all scram-sha-256\n")
        server.query("select pg_reload_conf()")
        doctor = self.strategy(server, ["base"])
        found = doctor()
        self.assertEqual(found["replication"]["outcome"], "problem", found)
        line = found["replication"]["advice"].split(": ", 1)[1].split(";")[0]
        self.assertRegex(line, r'^host replication "owner" 127.0.0.1/32 scram-sha-256$')
        with open(rules, "a", encoding="utf-8") as file:
            file.write(line + "\n")
        server.query("select pg_reload_conf()")
        self.assertEqual(doctor()["replication"]["outcome"], "ok")

    def test_slots_are_looked_at(self):
        server = self.server(settings={"max_slot_wal_keep_size": "1MB", "min_wal_size": "32MB", "max_wal_size": "32MB"})
        server.query("select pg_create_physical_replication_slot('holdfast_forgotten', true)")
        doctor = self.strategy(server, ["dump"])
        self.assertEqual(doctor()["slot"]["outcome"], "ok")
        for _ in range(4):
            server.query("create table if not exists filler(t text); insert into filler select repeat('x', 1000) "
                         "from generate_series(1, 30000)")
            server.query("select pg_switch_wal()")
            server.query("checkpoint")
        slot = doctor()["slot"]
        self.assertEqual(slot["outcome"], "problem", slot)
        self.assertIn("is lost", slot["message"])
        server.query(slot["advice"].rstrip(";"))
        self.assertNotIn("slot", doctor())


class Doctor15(Everything, DoctorCase):
    version = "15"

    def test_a_dump_asks_for_no_wal(self):
        server = self.server(settings={"wal_level": "minimal", "max_wal_senders": 0})
        found = self.strategy(server, ["dump"])()
        self.assertNotIn("wal_level", found)
        self.assertEqual(set(self.state(found).values()), {"ok"}, found)
        self.assertIn("pg_dump in ", found["tools"]["message"])

    def test_a_server_that_is_away_is_unknown_and_a_wrong_password_a_problem(self):
        server = self.server()
        wrong = self.strategy(server, ["base"], password="wrong")()
        self.assertEqual(self.state(wrong), {"connection": "problem"})
        self.assertIn("28P01", wrong["connection"]["message"])
        doctor = self.strategy(server, ["base"])
        server.stop()
        self.assertEqual(self.state(doctor()), {"connection": "unknown"})

    def test_archiving_that_fails_and_databases_that_are_missing(self):
        server = self.server(settings={"archive_mode": "on", "archive_command": "false"})
        server.query("create table t(id int); select pg_switch_wal()")
        doctor = self.strategy(server, ["base", "dump"], source=", databases: [postgres, nowhere]")
        server.query("select pg_sleep(2)")
        found = doctor()
        self.assertEqual(found["archive"]["outcome"], "warning", found)
        self.assertIn("nowhere", found["databases"]["message"])

    def test_standbys_that_commits_wait_for(self):
        server = self.server()
        server.query("alter system set synchronous_standby_names = 'nobody'")
        server.query("select pg_reload_conf()")
        found = self.strategy(server, ["base"])()
        self.assertEqual(found["synchronous"]["outcome"], "problem", found)
        server.query("alter system reset synchronous_standby_names")
        server.query("select pg_reload_conf()")


class Doctor18(Everything, DoctorCase):
    version = "18"

    def test_a_drill_needs_a_server_of_that_version(self):
        drills = "drills:\n  d: { restore: [db], expect: [ { run: 'true' } ] }\n"
        server = self.server()
        found = self.strategy(server, ["dump"], drills=drills)()
        self.assertEqual(found["drill-server"]["outcome"], "ok", found)
        self.assertIn(str(programs_of("18")), found["drill-server"]["message"])


@unittest.skipUnless((SERVERS / "14" / "bin" / "initdb").exists(), "no PostgreSQL 14 here")
class Doctor14(Everything, DoctorCase):
    version = "14"


if __name__ == "__main__":
    unittest.main(verbosity=2)
