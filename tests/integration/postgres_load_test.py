#!/usr/bin/env python3
"""Dumps are loaded into running PostgreSQL servers: all of them, one, one under a new name; what is there already is
left alone, and passwords stay where they are. Without an argument on all versions."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from postgres_server import PASSWORD, PostgresServer  # noqa: E402

PROGRAM = os.environ.get("HOLDFAST", "")
OK, FAILED, USAGE, WARNINGS = 0, 1, 2, 3


class LoadCase(unittest.TestCase):
    version = ""

    def setUp(self):
        self.place = Path(tempfile.mkdtemp(prefix="holdfast-pg-load-"))
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)

    def server(self, **more):
        server = PostgresServer(self.version, **more)
        self.addCleanup(server.__exit__)
        return server.__enter__()

    def run_program(self, *arguments, status=OK, secret=None):
        environment = {"PATH": os.environ["PATH"], "BACKUP_ENCRYPTION_KEY": "a key of tests", "DB_PASSWORD": PASSWORD,
                       "HOLDFAST_CACHE_DIR": str(self.place / "cache"), "HOLDFAST_STATE_DIR": str(self.place / "state"),
                       "HOME": str(self.place), "TMPDIR": str(self.place), "LC_ALL": "C.UTF-8"}
        if secret:
            environment["PGPASSFILE"] = str(secret)
        done = subprocess.run([PROGRAM, *arguments, "--config", str(self.place / "holdfast.yaml")], env=environment,
                              cwd=self.place, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=300)
        told = done.stdout + done.stderr
        self.assertEqual(done.returncode, status, told)
        self.assertNotIn(PASSWORD, told)
        return told

    def backed_up(self, tools=""):
        """A server with two databases, roles and a tablespace, and its dumps."""
        server = self.server()
        server.make_role("reader", "nosuperuser")
        fast = server.make_directory(server.place / "fast")
        server.query(f"create tablespace fast location '{fast}'")
        for name in ("shop", "a/b c'd"):
            quoted = name.replace('"', '""')
            server.query(f'create database "{quoted}" owner reader')
            server.query("create table messages(id bigint primary key) tablespace fast;"
                         "insert into messages select generate_series(1, 3000);"
                         "alter table messages owner to reader; select lo_from_bytea(4711, 'large')", name)
        folder = tools or server.tool("pg_dump").parent
        (self.place / "holdfast.yaml").write_text(f"""strategy: test
encryption: {{ key: env:BACKUP_ENCRYPTION_KEY }}
locations:
  disk: {{ url: ./repository }}
components:
  db:
    postgres: {{ url: "{server.url()}", password: env:DB_PASSWORD, databases: all, tools: "{folder}" }}
    plans:
      base: {{ type: physical, every: 1h, to: {{ disk: 7d }} }}
      dump: {{ type: logical, at: "02:00", to: {{ disk: 7d }} }}
""", encoding="utf-8")
        self.run_program("init", "--quiet")
        self.run_program("backup", "db", "--plan", "dump", "--quiet")
        # Newer, and no dump.
        self.run_program("backup", "db", "--plan", "base", "--quiet")
        return server

    def messages(self, server, database):
        return server.query("select count(*), min(tableowner), encode(lo_get(4711), 'escape') from messages, pg_tables "
                            "where tablename = 'messages'", database)


class Everything:
    """For each version."""

    def test_all_of_it_into_another_server(self):
        self.backed_up()
        there = self.server()
        there.make_role("mine", "nosuperuser")
        secret = self.place / "passwords"
        escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
        secret.write_text(f"*:*:*:*:{escaped}\n", encoding="utf-8")
        secret.chmod(0o600)
        told = self.run_program("restore", "db", "--to", there.url(), "--json", "--quiet", secret=secret)
        self.assertEqual(json.loads(told)["into"], there.url())
        for name in ("shop", "a/b c'd"):
            self.assertEqual(self.messages(there, name), "3000|reader|large")
        # The role's password came along; those that were there kept theirs.
        there.run(there.tool("psql"), "-c", "select 1", env=there.environment(user="reader"))
        there.run(there.tool("psql"), "-c", "select 1", env=there.environment(user="mine"))
        self.assertEqual([path.name for path in (self.place / "state").glob("**/sandbox/*")], ["gate"])
        # Again: everything is taken.
        told = self.run_program("restore", "db", "--to", there.url(), "--quiet", secret=secret, status=FAILED)
        self.assertIn("isn't empty", told)
        self.assertIn("NAME:NEW", told)

    def test_one_database_under_a_new_name_into_its_own_server(self):
        server = self.backed_up()
        server.query("delete from messages", "shop")
        self.run_program("restore", "db", "--to", server.url(), "--database", "shop:copy", "--quiet")
        self.assertEqual(self.messages(server, "copy"), "3000|reader|large")
        self.assertEqual(server.query("select count(*) from messages", "shop"), "0")
        server.query("drop database shop")
        self.run_program("restore", "db", "--to", server.url(), "--database", "shop", "--quiet")
        self.assertEqual(self.messages(server, "shop"), "3000|reader|large")
        told = self.run_program("restore", "db", "--to", server.url(), "--database", "other", "--quiet", status=FAILED)
        self.assertIn("holds no database other", told)


class Load15(Everything, LoadCase):
    version = "15"

    def test_what_is_refused(self):
        server = self.backed_up()
        with_password = f"postgresql://owner:{'geheim'}@127.0.0.1:{server.port}/postgres"
        told = self.run_program("restore", "db", "--to", with_password, status=USAGE)
        self.assertIn("holds a password", told)
        self.assertNotIn("geheim", told)
        told = self.run_program("restore", "db", "--to", server.url(), "--plan", "base", status=FAILED)
        self.assertIn("no archive", told)
        told = self.run_program("restore", "db", "--to", server.url(), "--into", "x", status=USAGE)
        self.assertIn("exclude each other", told)
        server.stop()
        told = self.run_program("restore", "db", "--to", server.url(), status=FAILED)
        self.assertIn("Connection refused", told)

    def test_no_tool_gets_the_password_as_argument_or_variable(self):
        probe = PostgresServer(self.version)
        tools = self.place / "tools"
        tools.mkdir()
        for name in ("pg_dump", "pg_dumpall", "pg_restore", "psql"):
            script = tools / name
            script.write_text(f'#!/bin/sh\n{{ echo "$0" "$@"; env; }} >> {self.place}/seen\n'
                              f'exec {probe.tool(name)} "$@"\n')
            script.chmod(0o755)
        server = self.backed_up(tools=tools)
        self.run_program("restore", "db", "--to", server.url(), "--database", "shop:copy", "--quiet")
        seen = (self.place / "seen").read_text()
        self.assertIn("pg_restore --no-password", seen)
        self.assertIn("PGPASSFILE=/proc/", seen)
        for secret in (PASSWORD, "a key of tests", "PGPASSWORD", "DB_PASSWORD"):
            self.assertNotIn(secret, seen)


class Load18(Everything, LoadCase):
    version = "18"


if __name__ == "__main__":
    unittest.main(verbosity=2)
