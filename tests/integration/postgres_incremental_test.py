#!/usr/bin/env python3
"""Incremental plans of PostgreSQL 17 and newer: only changed blocks are sent, and what is committed is a full
backup all the same: each is restored by itself, and a server on it holds what was recorded when it was taken."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from postgres_server import SERVERS  # noqa: E402
from postgres_test import CONTENT, Load, PostgresCase, Strategy, WARNINGS, bench_sums  # noqa: E402

PLANS = """
      base: { type: physical, every: 1h, to: { disk: 7d } }
      often: { type: incremental, every: 5m, to: { disk: 7d } }"""
# One row each: what is in every table of the database.
TABLES = """select relname from pg_class c join pg_namespace n on n.oid = relnamespace
            where relkind = 'r' and nspname = 'public' order by relname"""


# Checksums in Python take their time.
CHECKED_SIZE_MAX = 256 * 1024


def crc_table():
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
        table.append(crc)
    return table


def crc32c(content, table=tuple(crc_table())):
    crc = 0xffffffff
    for byte in content:
        crc = table[(crc ^ byte) & 0xff] ^ crc >> 8
    return crc ^ 0xffffffff


def log_of(strategy, run):
    return strategy.run("runs", "log", run["run"])


class IncrementalCase(PostgresCase):
    def summarizing(self, **more):
        return self.server(settings={"summarize_wal": "on", "max_wal_size": "2GB", **more.pop("settings", {})}, **more)

    def everything(self, server):
        """Every row of every table, as a checksum each."""
        return {name: server.query(f'select count(*), md5(string_agg(t::text, \'\' order by t::text)) from "{name}" t')
                for name in server.query(TABLES).split("\n")}

    def incremental(self, strategy, status=0):
        run = strategy.back_up("often", status=status)
        told = log_of(strategy, run)
        self.assertNotIn("a full", told)
        return run

    def restored(self, server, strategy, run):
        """The data directory of that run's snapshot."""
        data = self.restored_place(server)
        told = json.loads(strategy.run("snapshot", "show", run["snapshot"], "--from", strategy.place / "repository", "--json"))
        strategy.run("restore", "db", "--at", told["time"], "--into", data)
        self.verify(server, data)
        return data

    def verify(self, server, data):
        """What pg_verifybackup does, and that itself where this version has one that runs."""
        self.assertNotIn("INCREMENTAL", (data / "backup_label").read_text())
        self.assertEqual(list(data.rglob("INCREMENTAL.*")), [])
        manifest = (data / "backup_manifest").read_bytes()
        self.assertNotIn(b"INCREMENTAL", manifest)
        told = json.loads(manifest)
        signed = manifest[:manifest.rindex(b'"Manifest-Checksum"')]
        self.assertEqual(told["Manifest-Checksum"], hashlib.sha256(signed).hexdigest())
        without = 0
        for file in told["Files"]:
            path = data / file["Path"]
            self.assertEqual(path.stat().st_size, file["Size"], path)
            if "Checksum" not in file:
                without += 1
            elif file["Size"] <= CHECKED_SIZE_MAX:
                self.assertEqual(crc32c(path.read_bytes()).to_bytes(4, "little").hex(), file["Checksum"], path)
        self.assertLess(without, len(told["Files"]) / 2)
        present = {str(path.relative_to(data)) for top in (data, *(data / "pg_tblspc").iterdir())
                   for path in top.rglob("*") if path.is_file()}

        def outside_wal(names):
            return sorted(name for name in names if not name.startswith("pg_wal/") and name != "backup_manifest")
        self.assertEqual(outside_wal(present), outside_wal(file["Path"] for file in told["Files"]))
        tool = server.programs / "pg_verifybackup"
        if tool.exists() and subprocess.run([tool, "--version"], check=False, stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL).returncode == 0:
            server.run(tool, "--no-parse-wal", data)

    def look_on(self, server, data, check, running=None):
        """Starts a server on `data` and looks at it; then that of `running` goes on."""
        try:
            return self.start_restored(server, data, check)
        finally:
            server.start(running or server.data)


class Everything:
    """For each version; see below."""

    def test_each_incremental_is_restored_by_itself(self):
        server = self.summarizing()
        fast = server.make_directory(server.place / "fast space")
        server.query(f"create tablespace fast location '{fast}'")
        server.query(CONTENT)
        server.query("create table on_fast(id int primary key, t text) tablespace fast;"
                     "insert into on_fast select i, md5(i::text) from generate_series(1, 30000) i;"
                     "create table shrinks as select i, repeat('x', 100) t from generate_series(1, 100000) i;"
                     "create table emptied as select i from generate_series(1, 50000) i;"
                     "create table dropped as select i from generate_series(1, 50000) i;"
                     "create table rewritten as select i, md5(i::text) t from generate_series(1, 50000) i;"
                     "create unlogged table unlogged as select i from generate_series(1, 1000) i;"
                     "create index on facts(text)")
        strategy = Strategy(self, server, plans=PLANS)
        first = strategy.back_up("often")
        self.assertIn("there is no earlier base backup", log_of(strategy, first))
        changes = (
            "select 1",
            "update facts set text = text || ' changed' where id % 400 = 0; update on_fast set t = 'new' where id % 500 = 1;",
            "delete from shrinks where i > 20000; insert into facts select i, 'later', '' from generate_series(100000, 140000) i;",
            "vacuum shrinks", "truncate emptied; drop table dropped; create table fresh as select i from generate_series(1, 9000) i;",
            "vacuum full rewritten; vacuum facts; reindex table facts; insert into emptied select generate_series(1, 10);"
            "insert into shrinks select i, 'again' from generate_series(200000, 260000) i;",
            "alter table on_fast set tablespace pg_default; create table also_fast tablespace fast as select i from "
            "generate_series(1, 5000) i;")
        taken = []
        for change in changes:
            for statement in change.split(";"):
                if statement.strip():
                    server.query(statement)
            time.sleep(1.1)  # --at chooses by whole seconds
            taken.append((self.incremental(strategy), self.everything(server)))
        self.assertLess(taken[0][0]["bytes_read"], first["bytes_read"])
        for run, recorded in taken:
            data = self.restored(server, strategy, run)
            # Unlogged tables are empty after a restore, as after a crash.
            recorded = {name: rows for name, rows in recorded.items() if name != "unlogged"}

            def look(recorded=recorded):
                found = self.everything(server)
                self.assertEqual({name: rows for name, rows in found.items() if name != "unlogged"}, recorded)
                server.query("insert into facts values(0, 'new', '')")
            self.look_on(server, data, look)

    def test_under_load_and_after_a_full(self):
        server = self.summarizing()
        server.query(CONTENT)
        content = self.content(server)
        strategy = Strategy(self, server, plans=PLANS)
        load = Load(server, scale=5)
        taken = []
        try:
            for plan in ("base", "often", "often", "base", "often"):
                time.sleep(1.5)
                before = bench_sums(server)[1]
                run = strategy.back_up(plan)
                self.assertNotIn("a full", log_of(strategy, run))
                taken.append((run, before, bench_sums(server)[1]))
        finally:
            load.stop()
        self.assertLess(taken[2][0]["bytes_read"], taken[0][0]["bytes_read"])
        for run, before, after in taken[1:]:
            def look(before=before, after=after):
                self.assertEqual(self.content(server), content)
                equal, transactions, accounts = bench_sums(server)
                self.assertEqual(len(equal), 1)
                self.assertEqual(accounts, 500_000)
                self.assertGreaterEqual(transactions, before)
                self.assertLessEqual(transactions, after + 4)
            self.look_on(server, self.restored(server, strategy, run), look)

    def test_it_costs_what_changed(self):
        server = self.summarizing(settings={"wal_recycle": "off"})
        server.query("create table pages(id int primary key, noise bytea) with (fillfactor = 90);"
                     "insert into pages select i, decode(md5(i::text) || md5((-i)::text) || md5((i * 7)::text), 'hex') "
                     "from generate_series(1, 1500000) i")
        server.query("vacuum freeze pages")
        server.query("checkpoint")
        strategy = Strategy(self, server, plans=PLANS)
        full = strategy.back_up("base")
        second = strategy.back_up("base")
        pages = int(server.query("select relpages from pg_class where relname = 'pages'"))
        server.query(f"update pages set noise = '' where id % {1500000 * 100 // pages} = 0")
        server.query("checkpoint")
        began = time.monotonic()
        run = self.incremental(strategy)
        took = time.monotonic() - began
        print(f"\n{self.version}: full {full['bytes_read'] / 1e6:.0f} MB read, {full['bytes_stored'] / 1e6:.1f} stored; second "
              f"{second['bytes_stored'] / 1e6:.2f} stored; incremental {run['bytes_read'] / 1e6:.1f} MB read, "
              f"{run['bytes_stored'] / 1e6:.2f} stored, {took:.1f} s")
        self.assertLess(run["bytes_read"], full["bytes_read"] / 4)
        self.assertLess(run["bytes_stored"], full["bytes_stored"] / 10)


class Postgres18(Everything, IncrementalCase):
    version = "18"


@unittest.skipUnless((SERVERS / "17" / "bin" / "initdb").exists(), "no PostgreSQL 17 here")
class Postgres17(Everything, IncrementalCase):
    version = "17"


class Trouble(IncrementalCase):
    version = "18"

    def full_with(self, strategy, text, status=0):
        run = strategy.back_up("often", status=status)
        told = log_of(strategy, run)
        self.assertIn("a full instead of an incremental: ", told)
        self.assertIn(text, told)
        return run

    def test_without_summaries_it_is_a_full(self):
        server = self.server()
        strategy = Strategy(self, server, plans=PLANS)
        self.full_with(strategy, "summarize_wal")
        server.query("alter system set summarize_wal = on")
        server.query("select pg_reload_conf()")
        server.query("create table after_it as select generate_series(1, 1000) i")
        # The server summarizes the WAL that it still has.
        self.incremental(strategy)

    def test_where_summaries_are_missing_it_is_a_full(self):
        server = self.summarizing()
        strategy = Strategy(self, server, plans=PLANS)
        strategy.back_up("often")
        self.incremental(strategy)
        server.query("create table after_it as select generate_series(1, 1000) i")
        written = server.query("select pg_current_wal_lsn()").strip()
        server.query("select pg_switch_wal()")
        server.query("checkpoint")
        # What isn't summarized yet would be summarized anew.
        deadline = time.monotonic() + 60
        while server.query(f"select summarized_lsn >= '{written}' from pg_get_wal_summarizer_state()").strip() != "t":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        for path in (server.data / "pg_wal" / "summaries").iterdir():
            path.unlink()
        run = strategy.back_up("often", status=WARNINGS)
        self.assertEqual(len(run["warnings"]), 1, run["warnings"])
        self.assertIn("a full backup instead of an incremental", run["warnings"][0])
        self.assertIn("WAL summaries are required", log_of(strategy, run))
        self.incremental(strategy)

    def test_a_summarizer_that_stands_still_is_waited_for_a_minute(self):
        server = self.summarizing()
        strategy = Strategy(self, server, plans=PLANS)
        strategy.back_up("often")
        summarizer = int(server.query("select pid from pg_stat_activity where backend_type = 'walsummarizer'"))
        os.kill(summarizer, signal.SIGSTOP)
        try:
            server.query("create table after_it as select generate_series(1, 1000) i")
            run = strategy.back_up("often", status=WARNINGS)
        finally:
            os.kill(summarizer, signal.SIGCONT)
        self.assertIn("a full backup instead of an incremental: WAL summarization is not progressing", run["warnings"][0])
        self.incremental(strategy)

    def test_another_cluster_is_no_parent(self):
        one = self.summarizing()
        two = self.summarizing()
        strategy = Strategy(self, one, plans=PLANS)
        strategy.back_up("often")
        config = strategy.place / "holdfast.yaml"
        config.write_text(config.read_text().replace(f":{one.port}/", f":{two.port}/"))
        self.full_with(strategy, "of another cluster")
        self.incremental(strategy)

    def test_after_a_promotion_the_old_timeline_is_a_parent_and_a_foreign_one_is_not(self):
        server = self.summarizing()
        server.query("create table facts as select i from generate_series(1, 100000) i")
        strategy = Strategy(self, server, plans=PLANS)
        first = strategy.back_up("often")
        server.query("insert into facts select generate_series(1, 1000)")
        time.sleep(1.1)
        self.incremental(strategy)
        # The first one, restored and promoted: the second is no longer its past.
        data = self.restored(server, strategy, first)
        server.stop()
        server.run("touch", data / "recovery.signal")
        with open(data / "postgresql.auto.conf", "a", encoding="utf-8") as config:
            config.write("restore_command = 'false'\n")
        server.start(data)
        deadline = time.monotonic() + 60
        while server.query("select pg_is_in_recovery()") != "f" and time.monotonic() < deadline:
            time.sleep(0.1)
        run = strategy.back_up("often", status=WARNINGS)
        self.assertIn("a full backup instead of an incremental", " ".join(run["warnings"]))
        time.sleep(1.1)
        server.query("insert into facts select generate_series(1, 10)")
        again = self.incremental(strategy)
        self.look_on(server, self.restored(server, strategy, again),
                     lambda: self.assertEqual(server.query("select count(*) from facts"), "100010"))

    def test_a_server_that_was_restored_and_stayed_on_its_timeline_has_another_history(self):
        server = self.summarizing()
        server.query("create table facts as select i, md5(i::text) t from generate_series(1, 100000) i")
        strategy = Strategy(self, server, plans=PLANS)
        first = strategy.back_up("often")
        for text in ("once", "twice", "three times"):
            # What this history changes, and the next one doesn't.
            server.query(f"update facts set t = '{text}' where i % 1000 = {len(text)}")
            time.sleep(1.1)
            self.incremental(strategy)
            reached = server.query("select pg_current_wal_lsn()")
            data = self.restored(server, strategy, first)
            server.stop()
            server.start(data)
            server.query("create table filler(i int)")
            # Beyond the position at which the last snapshot ended.
            while server.query(f"select pg_current_wal_lsn() > pg_lsn '{reached}' + 40000000") != "t":
                server.query("insert into filler select generate_series(1, 1000)")
                server.query("select pg_switch_wal()")
            server.query("checkpoint")
            run = strategy.back_up("often", status=WARNINGS)
            self.assertIn("was restored from a backup since the previous snapshot", " ".join(run["warnings"]))
            time.sleep(1.1)
            server.query("update facts set t = 'here' where i = 4711")
            run = self.incremental(strategy)
            content = self.everything(server)
            self.look_on(server, self.restored(server, strategy, run),
                         lambda content=content: self.assertEqual(self.everything(server), content), running=data)

    def test_page_checksums_that_were_switched_on_were_not_logged(self):
        server = self.summarizing(checksums=False)
        server.query("create table facts as select i, md5(i::text) t from generate_series(1, 100000) i")
        strategy = Strategy(self, server, plans=PLANS)
        strategy.back_up("often")
        server.stop()
        server.run(server.tool("pg_checksums"), "--enable", "--no-sync", server.data)
        server.start()
        self.full_with(strategy, "page checksums were switched on or off")
        self.incremental(strategy)

    def test_without_a_cache_the_repository_tells_what_the_parent_has(self):
        server = self.summarizing()
        strategy = Strategy(self, server, plans=PLANS)
        strategy.back_up("often")
        self.incremental(strategy)
        subprocess.run(["rm", "-rf", strategy.place / "cache"], check=True)
        self.incremental(strategy)

    def test_killed_in_the_midst_program_or_server_the_next_one_goes_on(self):
        server = self.summarizing()
        server.query("create table large as select i, repeat(md5(i::text), 20) t from generate_series(1, 300000) i")
        strategy = Strategy(self, server, plans=PLANS)
        strategy.back_up("often")
        for text, end_program, end_server in (("once", signal.SIGKILL, None), ("twice", None, signal.SIGQUIT)):
            # Half of the pages: sent as changes.
            server.query(f"update large set t = '{text}' where i % 26 = 1")
            # pylint: disable-next=consider-using-with
            child = subprocess.Popen(strategy.command("backup", "db", "--plan", "often"), env=strategy.environment(),
                                     cwd=strategy.place, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
            deadline = time.monotonic() + 60
            while child.poll() is None and time.monotonic() < deadline:
                if server.query("select count(*) from pg_stat_progress_basebackup where backup_streamed > 5000000") == "1":
                    break
                time.sleep(0.005)
            self.assertIsNone(child.poll(), "it was not caught in the midst")
            if end_program:
                child.send_signal(end_program)
            else:
                server.stop(end_server)
            child.wait()
            if end_server:
                server.start()
            self.assertNotEqual(child.returncode, 0)
        listed = json.loads(strategy.run("snapshot", "list", "--from", strategy.place / "repository", "--json"))
        self.assertEqual(len(listed["snapshots"]), 1)
        time.sleep(1.1)
        run = self.incremental(strategy)
        content = self.everything(server)
        self.look_on(server, self.restored(server, strategy, run),
                     lambda: self.assertEqual(self.everything(server), content))

    def test_a_forgotten_parent_is_no_trouble(self):
        server = self.summarizing()
        server.query("create table facts as select i, md5(i::text) t from generate_series(1, 100000) i")
        strategy = Strategy(self, server, plans=PLANS)
        first = strategy.back_up("often")
        server.query("update facts set t = '' where i % 1000 = 0")
        time.sleep(1.1)
        second = self.incremental(strategy)
        content = self.everything(server)
        strategy.run("snapshot", "forget", first["snapshot"], "--from", strategy.place / "repository")
        strategy.run("prune", "--from", strategy.place / "repository")
        strategy.run("verify", "--from", strategy.place / "repository")
        self.look_on(server, self.restored(server, strategy, second),
                     lambda: self.assertEqual(self.everything(server), content))


if __name__ == "__main__":
    unittest.main(verbosity=2)
