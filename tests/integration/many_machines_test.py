#!/usr/bin/env python3
"""Many machines at one repository, over a network that drops, delays and resets: they back up, forget, prune
and restore at once and are killed in the midst of it. Afterwards every snapshot that was reported as done
and not forgotten restores byte for byte, the repository verifies, and prune leaves nothing over.

In ctest it runs for a minute on MinIO. The long run, and the other storages:

    HOLDFAST=build/release/bin/holdfast tests/integration/many_machines_test.py --minutes 10 --writers 8
    … --over sftp | versitygw    --seed N repeats the choices, though not the threads' interleaving
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from fault_proxy import FaultProxy  # noqa: E402
from machine import Machine, Record, difference, manifest_of  # noqa: E402
from s3_server import S3Server  # noqa: E402
from ssh_server import SshServer  # noqa: E402

PROGRAM = os.environ.get("HOLDFAST", "")
PACKS_OF_A_KILLED_BACKUP = 4
# Short, so that the sessions of the killed don't hold up prune for the whole run.
SESSION_LIFE_S = 20


class S3Place:
    """A bucket, and the way to it through the proxy and without."""

    skew_s = 12  # what a storage adds to the life of sessions, and a little

    def __init__(self, kind):
        self.server = S3Server(kind)

    def __enter__(self):
        self.server.__enter__()
        self.server.make_bucket("bucket")
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    @property
    def port(self):
        return self.server.port

    @property
    def environment(self):
        return self.server.environment | {"AWS_EC2_METADATA_DISABLED": "true"}

    def url(self, port):
        return f"s3://bucket/shared?endpoint=http://127.0.0.1:{port}&region=us-east-1&consistency=strong"


class SftpPlace:
    """A directory behind sshd."""

    skew_s = 122
    environment = {}

    def __init__(self, place):
        (place / "ssh").mkdir()
        self.path = place / "repository"
        self.server = SshServer(place / "ssh")
        self.port = self.server.port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop()

    def url(self, port):
        if port != self.port:
            self.server.trust(port)
        return self.server.url(self.path, port)


class Judge:
    """Looks at what is left, without the proxy and with a cache of its own."""

    def __init__(self, environment, place, record, skew_s):
        self.environment = environment | {"HOLDFAST_CACHE_DIR": str(place / "cache-of-the-judge")}
        self.place = place
        self.record = record
        self.skew_s = skew_s
        self.machine = Machine(PROGRAM, 99, 0, place, environment, record)
        self.machine.environment = self.environment

    def run_program(self, *arguments):
        code, told, _ = self.machine.run_program(*arguments)
        if code != 0:
            self.record.complain(f"afterwards: {arguments[:2]} ended with {code}: {told}")
        return told

    def list(self):
        """Everything that is there, by id; what had to be there is."""
        told = self.run_program("snapshot", "list")
        if told.get("damaged") or told.get("ignored"):
            self.record.complain(f"listed as damaged or ignored: {told}")
        there = {one["id"]: (int(one["host"][1:]), int(one["tags"]["round"]))
                 for one in told.get("snapshots", []) if not one["late"]}
        for lost in self.record.committed.keys() - there.keys():
            self.record.complain(f"committed and not listed: {lost} {self.record.committed[lost]}")
        for back in self.record.forgotten & there.keys():
            self.record.complain(f"forgotten and listed again: {back}")
        return there

    def restore(self, snapshot, key):
        into = self.place / f"judged-{snapshot[:12]}"
        tree = self.place / f"machine-{key[0]}" / "tree"
        self.run_program("restore", f"{snapshot}:{tree}", "--into", into)
        found = manifest_of(into) if into.exists() else {}
        for wrong in difference(self.record.manifests[key], found):
            self.record.complain(f"snapshot {snapshot[:8]} {key}: {wrong}")
        subprocess.run(["rm", "-rf", into], check=True)

    def prune_to_the_end(self):
        """Until there is nothing to do; what remains is needed."""
        time.sleep(SESSION_LIFE_S + self.skew_s)
        deleted = 0
        for _ in range(6):
            deleted += self.run_program("prune").get("packs_deleted", 0)
            plan = self.run_program("prune", "--dry-run")
            left = {name: plan.get(name) for name in
                    ("packs_condemned", "packs_rewritten", "packs_rescued", "packs_deleted")}
            if not any(left.values()):
                break
        else:
            self.record.complain(f"prune does not come to an end: {left}")
        stats = self.run_program("repository", "stats")
        packs = stats.get("data_packs", -1) + stats.get("tree_packs", -1)
        if packs != plan.get("packs_kept"):
            self.record.complain(f"{packs} packs are there, {plan.get('packs_kept')} are needed")
        return deleted, packs

    def judge(self):
        there = self.list()
        self.run_program("verify", "--level", "readable")
        deleted, _ = self.prune_to_the_end()
        self.run_program("verify", "--level", "readable")
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda item: self.restore(*item), there.items()))
        self.run_program("snapshot", "forget", *there)
        deleted_last, left = self.prune_to_the_end()
        # What killed backups left without an index stays for the grace, which is longer than this test
        # (docs/internals/prune.md, step 3).
        if left > PACKS_OF_A_KILLED_BACKUP * self.record.outcomes["backup: killed"]:
            self.record.complain(f"{left} packs remain when no snapshot is left")
        print(f"restored {len(there)} snapshots, {len(self.record.committed)} of them reported as done; "
              f"packs deleted afterwards: {deleted}, at the end: {deleted_last}")


def storm(arguments, place, shared):
    record = Record()
    base = {"PATH": os.environ["PATH"], "HOME": str(place), "BACKUP_ENCRYPTION_KEY": "many machines",
            **shared.environment}
    direct = base | {"HOLDFAST_REPOSITORY": shared.url(shared.port)}
    judge = Judge(direct, place, record, shared.skew_s)
    judge.run_program("init", "--session-life", f"{SESSION_LIFE_S}s")
    with FaultProxy(shared.port, arguments.seed) as proxy:
        rough = base | {"HOLDFAST_REPOSITORY": shared.url(proxy.port)}
        machines = [Machine(PROGRAM, number, arguments.seed, place, rough, record)
                    for number in range(arguments.writers)]
        threads = [threading.Thread(target=machine.live) for machine in machines]
        for machine, thread in zip(machines, threads):
            machine.end = time.monotonic() + arguments.minutes * 60
            thread.start()
        for thread in threads:
            thread.join()
        faults = proxy.stop()
    print("faults:", faults)
    judge.judge()
    for what, count in sorted(record.outcomes.items()):
        print(f"{count:6} {what}")
    backups = sum(count for what, count in record.outcomes.items() if what.startswith("backup: 0"))
    if backups < arguments.writers:
        record.complain(f"only {backups} backups came through")
    return record


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--over", choices=("minio", "versitygw", "sftp"), default="minio")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}, {arguments.writers} machines over {arguments.over} "
          f"for {arguments.minutes} minutes", flush=True)
    place = Path(tempfile.mkdtemp(prefix="holdfast-many-machines-"))
    try:
        shared = SftpPlace(place) if arguments.over == "sftp" else S3Place(arguments.over)
        with shared:
            record = storm(arguments, place, shared)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    for wrong in record.wrong:
        print("WRONG:", wrong)
    print(f"seed {arguments.seed}:", "failed" if record.wrong else "everything is as it must be")
    return 1 if record.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
