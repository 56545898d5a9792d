#!/usr/bin/env python3
"""Measures Holdfast beside pg_basebackup and pgBackRest on a PostgreSQL server of its own.

pgbench's tables plus one of rows that hardly compress. Rounds: pg_basebackup to nowhere (what one server process can
give), the same compressed by the client, Holdfast's first full, its second, one after 1% of the pages were changed,
an incremental after another 1% (17 and newer), a restore until a server takes connections; pgBackRest likewise (apt
install pgbackrest; the server's own version only, 15), and `cp -r`. Every operation ends with a sync. Medians go to
the screen and, with --output, to a file.

    python3 bench/postgres.py --version 15 --scale 100 --runs 3
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from postgres_server import PASSWORD, PostgresServer, unprivileged  # noqa: E402

PROGRAM = Path(os.environ.get("HOLDFAST_BENCH_PROGRAM", ROOT / "build" / "release" / "bin" / "holdfast"))


def size_of(path):
    return sum(each.stat().st_size for each in Path(path).rglob("*") if each.is_file())


class Bench:
    def __init__(self, server, place, scale):
        self.server = server
        self.place = place
        self.figures = {}
        self.restored = 0
        linked = subprocess.run(["ldd", str(server.tool("pg_basebackup"))], capture_output=True, text=True, check=False)
        self.has_zstd = "libzstd" in linked.stdout
        bench = [server.tool("pgbench"), "-h", "127.0.0.1", "-p", str(server.port), "-U", "owner"]
        self.call([*bench, "-i", "-q", "-s", str(scale), "postgres"])
        server.query(f"""create table noise as select n as id, string_agg(md5(random()::text), '') as filler
                         from generate_series(1, {scale * 100}) n, generate_series(1, 50) group by n""")
        server.query("checkpoint")
        (place / "holdfast.yaml").write_text(f"""strategy: bench
encryption: {{ key: env:BACKUP_ENCRYPTION_KEY }}
locations:
  disk: {{ url: ./repository }}
components:
  db:
    postgres: {{ url: "{server.url('postgres', 'owner')}", password: env:DB_PASSWORD }}
    plans:
      full: {{ type: physical, when: manual, to: {{ disk: 7d }} }}
      often: {{ type: incremental, when: manual, to: {{ disk: 7d }} }}
""", encoding="utf-8")

    def environment(self):
        return {**os.environ, "BACKUP_ENCRYPTION_KEY": "bench", "DB_PASSWORD": PASSWORD, "PGPASSWORD": PASSWORD,
                "HOLDFAST_CACHE_DIR": str(self.place / "cache"), "HOLDFAST_STATE_DIR": str(self.place / "state")}

    def call(self, command, **more):
        done = subprocess.run([str(part) for part in command], env=self.environment(), cwd=self.place, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, **more)
        if done.returncode not in (0, 3):
            raise RuntimeError(f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done

    def holdfast(self, *arguments):
        return self.call([PROGRAM, *arguments, "--config", self.place / "holdfast.yaml"])

    def timed(self, name, act):
        os.sync()
        began = time.monotonic()
        act()
        os.sync()
        took = time.monotonic() - began
        self.figures.setdefault(name, []).append(took)
        print(f"  {name:<44} {took:8.2f} s", flush=True)

    def base_backup(self, *options):
        with open(os.devnull, "wb") as nowhere:
            done = subprocess.run([str(self.server.tool("pg_basebackup")), "-h", "127.0.0.1", "-p",
                                   str(self.server.port), "-U", "owner", "-X", "none", "-c", "fast", "-Ft", "-D", "-",
                                   *options], env=self.environment(), check=False, stdin=subprocess.DEVNULL,
                                  stdout=nowhere, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def change(self):
        """One row on each hundredth page."""
        self.server.query("update pgbench_accounts set abalance = abalance + 1 where aid % 6100 = 1")
        self.server.query("checkpoint")

    def restore(self):
        self.restored += 1
        into = self.place / f"restored-{self.restored}"
        self.holdfast("restore", "db", "--into", into)
        self.start(into)
        shutil.rmtree(into)

    def start(self, data):
        """A second server beside the first, until it takes connections; the first is down meanwhile."""
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "postgres:postgres", data], check=True)
        self.server.stop()
        self.server.start(data)
        self.server.stop()

    def round(self):
        for path in ("repository", "state", "cache"):
            shutil.rmtree(self.place / path, ignore_errors=True)
        self.holdfast("init")
        self.timed("pg_basebackup to nowhere", self.base_backup)
        if self.has_zstd:
            self.timed("pg_basebackup, zstd by the client", lambda: self.base_backup("--compress=client-zstd"))
        self.timed("holdfast, first full", lambda: self.holdfast("backup", "db", "--plan", "full"))
        self.timed("holdfast, second full", lambda: self.holdfast("backup", "db", "--plan", "full"))
        self.change()
        self.timed("holdfast, full after 1%", lambda: self.holdfast("backup", "db", "--plan", "full"))
        if int(self.server.version) >= 17:
            self.change()
            self.timed("holdfast, incremental after 1%", lambda: self.holdfast("backup", "db", "--plan", "often"))
        self.figures.setdefault("holdfast, repository MB", []).append(size_of(self.place / "repository") / 1e6)
        copy = self.place / "copied"
        self.timed("cp -r", lambda: self.call(["cp", "-r", self.server.data, copy]))
        shutil.rmtree(copy)
        self.timed("holdfast, restore until it answers", self.restore)
        self.server.start()


class PgBackRest:
    """On the server's own machine, encrypted, zstd, two processes."""

    def __init__(self, bench):
        self.bench = bench
        self.place = bench.server.make_directory(bench.server.place / "pgbackrest")
        self.config = self.place / "pgbackrest.conf"
        self.config.write_text(f"""[global]
repo1-path={self.place}/repository
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=bench
compress-type=zst
process-max=2
start-fast=y
archive-check=n
archive-copy=n
log-path={self.place}
lock-path={self.place}/lock
spool-path={self.place}/spool
log-level-console=error
[main]
pg1-path={bench.server.data}
pg1-port={bench.server.port}
pg1-socket-path={bench.server.place}/run
pg1-user=owner
""", encoding="utf-8")
        self.config.chmod(0o644)

    def run(self, *arguments):
        done = subprocess.run(["pgbackrest", f"--config={self.config}", "--stanza=main", *arguments], cwd="/",
                              env={**os.environ, "PGPASSWORD": PASSWORD}, check=False, capture_output=True,
                              stdin=subprocess.DEVNULL, **unprivileged())
        if done.returncode != 0:
            raise RuntimeError(f"{arguments}: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    def round(self):
        shutil.rmtree(self.place / "repository", ignore_errors=True)
        bench = self.bench
        self.run("stanza-create")
        bench.timed("pgBackRest, first full", lambda: self.run("backup", "--type=full"))
        bench.timed("pgBackRest, second full", lambda: self.run("backup", "--type=full"))
        bench.change()
        bench.timed("pgBackRest, incremental after 1%", lambda: self.run("backup", "--type=incr"))
        bench.figures.setdefault("pgBackRest, repository MB", []).append(size_of(self.place / "repository") / 1e6)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", default="15")
    parser.add_argument("--scale", type=int, default=100, help="of pgbench: 15 MB each")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    settings = {"max_wal_size": "4GB", "shared_buffers": "256MB", "wal_keep_size": "64MB"}
    if int(options.version) >= 17:
        settings["summarize_wal"] = "on"
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-pg-") as folder, \
            PostgresServer(options.version, settings) as server:
        place = Path(folder)
        place.chmod(0o755)
        bench = Bench(server, place, options.scale)
        print(f"PostgreSQL {options.version}, {size_of(server.data) / 1e6:.0f} MB", flush=True)
        peer = PgBackRest(bench) if shutil.which("pgbackrest") and options.version == "15" else None
        for number in range(options.runs):
            print(f"round {number + 1} of {options.runs}", flush=True)
            bench.round()
            if peer is not None:
                peer.round()
    medians = {name: round(statistics.median(values), 2) for name, values in bench.figures.items()}
    for name, value in medians.items():
        print(f"| {name} | {value} |")
    if options.output:
        options.output.write_text(json.dumps({"version": options.version, "scale": options.scale,
                                              "runs": options.runs, "medians": medians,
                                              "figures": bench.figures}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
