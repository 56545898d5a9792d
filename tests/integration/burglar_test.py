#!/usr/bin/env python3
"""A burglar with a writer's credentials, passphrase and keys, on MinIO with object lock: whatever he does, no committed
snapshot becomes unrestorable, none can be read, prune is not stopped, and what he forged is named. He shares no code with
the program: what he forges is made from docs/internals/repository_format.md (docs/internals/immutability.md lists it).
"""

import base64
import hashlib
import json
import os
import random
import secrets
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import nacl.public
import nacl.signing
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "support")]
import independent_reader as reader  # noqa: E402
from s3_server import S3Server  # noqa: E402

PROGRAM = os.environ.get("HOLDFAST", "")
LOCK_DAYS = 30


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def sized(data):
    return varint(len(data)) + data


class WriterKeys:
    """What a writer's passphrase opens: no private key, no admin seed."""

    def __init__(self, objects, passphrase):
        for name, data in objects.items():
            if not name.startswith("keys/"):
                continue
            opener = object.__new__(reader.Repository)
            try:
                payload = opener.try_slot(data, passphrase)
            except (reader.Damaged, ValueError):
                continue
            self.repository = opener.id
            config, mask = payload.raw(32), payload.u8()
            assert mask == 4, "a writer's slot holds the writer's keys only"
            self.domain = reader.Domain(payload.raw(16), payload.raw(32))
            self.signing = nacl.signing.SigningKey(payload.raw(32))
            config = objects["config/" + config.hex()]
            start = 4 + 4 + 16 + 1 + 8
            self.public = nacl.public.PublicKey(config[start:start + 32])
            return
        raise AssertionError("the passphrase opens no slot")

    def receipt(self, magic, plain):
        seed = secrets.token_bytes(32)
        key = reader.keyed(reader.derive(self.domain.id_key, "holdfast receipt"), seed)
        aad = self.repository + self.domain.id + magic
        return seed + sized(AESGCM(key).encrypt(reader.ZERO_NONCE, plain, aad))

    def sealed(self, magic, plain):
        key = secrets.token_bytes(32)
        box = nacl.public.SealedBox(self.public).encrypt(key)
        return box + sized(AESGCM(key).encrypt(reader.ZERO_NONCE, plain, self.repository + magic))

    def sign(self, magic, body):
        signer = reader.sha256(bytes(self.signing.verify_key))[:16]
        data = magic + b"\x01\0\0\0" + self.repository + signer + body
        return data + self.signing.sign(data).signature

    def segments(self, objects):
        """(id, type, pack, size) of each chunk that he can read of."""
        for name, data in objects.items():
            if not name.startswith("index/"):
                continue
            body = reader.Cursor(data[40:-64])
            if body.raw(16) != self.domain.id:
                continue
            segment = reader.Cursor(self.domain.open_receipt(body, self.repository, b"HFIX"))
            packs = [(segment.raw(32), segment.u8(), segment.u64()) for _ in range(segment.u32())]
            for _ in range(segment.u32()):
                segment.raw(32)
            for _ in range(segment.u32()):
                identity, pack = segment.raw(32), packs[segment.u32()]
                segment.raw(12)
                yield identity, pack


class BurglarTest(unittest.TestCase):
    maxDiff = None
    def setUp(self):
        self.place = Path(tempfile.mkdtemp(prefix="holdfast-burglar-"))
        self.addCleanup(shutil.rmtree, self.place)
        self.server = self.enterContext(S3Server())
        self.server.make_bucket("bucket", lock=True)
        self.url = self.server.url("bucket", "prefix") + f"&lock={LOCK_DAYS}d"
        self.owner = self.server.environment
        self.caches = 0

    def environment(self, credentials, passphrase, cache=None):
        if cache is None:
            self.caches += 1
            cache = str(self.caches)
        return {"PATH": os.environ["PATH"], "HOME": str(self.place), "BACKUP_ENCRYPTION_KEY": passphrase,
                "HOLDFAST_CACHE_DIR": str(self.place / f"cache-{cache}"), "TMPDIR": str(self.place),
                "HOLDFAST_REPOSITORY": self.url, "AWS_EC2_METADATA_DISABLED": "true", **credentials}

    def run_program(self, env, *arguments, expect=0):
        done = subprocess.run([PROGRAM, *map(str, arguments)], env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600,
                              check=False)
        wanted = expect if isinstance(expect, tuple) else (expect,)
        self.assertIn(done.returncode, wanted, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout if "--json" in arguments else done.stdout + done.stderr

    def lock_bucket(self):
        body = ("<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
                f"<Mode>COMPLIANCE</Mode><Days>{LOCK_DAYS}</Days></DefaultRetention></Rule>"
                "</ObjectLockConfiguration>").encode()
        self.assertEqual(self.server.request("PUT", "/bucket", {"object-lock": ""}, body)[0], 200)

    def make_tree(self, name, seed):
        generator = random.Random(seed)
        tree = self.place / name
        for i in range(60):
            path = tree / f"{i % 7}/{i}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(generator.randbytes(generator.randrange(50_000)))
        (tree / "large").write_bytes(generator.randbytes(12 << 20))
        return tree

    def assert_restores(self, env, snapshot, tree):
        out = self.place / "out"
        shutil.rmtree(out, ignore_errors=True)
        self.run_program(env, "restore", f"{snapshot}:{tree}", "--into", out)
        difference = subprocess.run(["diff", "-r", "--no-dereference", tree, out], stdout=subprocess.PIPE, text=True,
                                    check=False)
        self.assertEqual((difference.returncode, difference.stdout), (0, ""))

    # What the burglar does

    def names(self, versions=False):
        """All names below the prefix; with versions, (name, version) pairs."""
        query = {"prefix": "prefix/", "max-keys": "1000", **({"versions": ""} if versions else {"list-type": "2"})}
        status, body = self.server.request("GET", "/bucket", query, who=self.thief)
        self.assertEqual(status, 200)
        text = body.decode()
        self.assertIn("<IsTruncated>false", text)
        keys = [part.split("</Key>")[0] for part in text.split("<Key>")[1:]]
        if not versions:
            return [key.removeprefix("prefix/") for key in keys]
        marks = [part.split("</VersionId>")[0] for part in text.split("<VersionId>")[1:]]
        return list(zip(keys, marks))

    def get(self, name):
        status, body = self.server.request("GET", "/bucket/prefix/" + name, who=self.thief)
        self.assertEqual(status, 200)
        return body

    def put(self, name, data, status=200):
        checksum = base64.b64encode(hashlib.md5(data).digest()).decode()
        self.assertEqual(self.server.request("PUT", "/bucket/prefix/" + name, None, data,
                                             {"content-md5": checksum}, who=self.thief)[0], status, name)

    def put_named(self, prefix, data):
        name = prefix + reader.sha256(data).hex()
        self.put(name, data)
        return name

    def try_to_delete(self):
        """Every way to delete or unlock is refused."""
        for key, version in self.names(versions=True):
            for headers in ({}, {"x-amz-bypass-governance-retention": "true"}):
                status, _ = self.server.request("DELETE", "/" + "bucket/" + key, {"versionId": version}, b"", headers,
                                                who=self.thief)
                self.assertEqual(status, 403, key)
            status, _ = self.server.request("DELETE", "/bucket/" + key, who=self.thief)
            self.assertEqual(status, 403, key)
        key, version = self.names(versions=True)[0]
        sooner = (b"<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>2026-01-01T00:00:00Z</RetainUntilDate>"
                  b"</Retention>")
        for body in (sooner, b"<Retention/>"):
            status, _ = self.server.request("PUT", "/bucket/" + key, {"retention": "", "versionId": version}, body,
                                            who=self.thief)
            self.assertIn(status, (400, 403))
        default = b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"
        self.assertEqual(self.server.request("PUT", "/bucket", {"object-lock": ""}, default, who=self.thief)[0], 403)
        self.assertEqual(self.server.request("PUT", "/bucket", {"versioning": ""},
                                             b"<VersioningConfiguration><Status>Suspended</Status>"
                                             b"</VersioningConfiguration>", who=self.thief)[0], 403)

    def forge_index(self, keys, objects):
        """Every id lies in garbage, and no other segment counts."""
        garbage = secrets.token_bytes(300_000)
        pack = reader.sha256(garbage)
        self.put(f"data/{pack.hex()[:2]}/{pack.hex()}", garbage)
        chunks = sorted({identity for identity, _ in keys.segments(objects)})
        self.assertGreater(len(chunks), 10)
        others = sorted(bytes.fromhex(name[6:]) for name in objects if name.startswith("index/"))
        true_packs = sorted({(found[0], found[1]) for _, found in keys.segments(objects)})
        packs = [pack + b"\x01" + struct.pack("<Q", len(garbage))]
        packs += [name + bytes([kind]) + struct.pack("<Q", 1 << 20) for name, kind in true_packs]
        for target in (0, 1):
            segment = struct.pack("<I", len(packs)) + b"".join(packs) + struct.pack("<I", len(others)) + b"".join(others)
            segment += struct.pack("<I", len(chunks))
            for identity in chunks:
                segment += identity + struct.pack("<IIIHH", target, 64, 1000, 0, 0)
            body = keys.domain.id + keys.receipt(b"HFIX", segment)
            self.put_named("index/", keys.sign(b"HFIX", body))

    def forge_snapshot(self, keys, host, started, tag):
        summary = struct.pack("<qq", started, started) + sized(b"files") + sized(host) + sized(b"")
        summary += b"\0" + secrets.token_bytes(32) + varint(3) + varint(4)
        summary += secrets.token_bytes(16) + struct.pack("<Iq", 1, started)
        summary += varint(1) + sized(b"/etc") + varint(1) + sized(b"forged") + sized(tag) + b"\0"
        summary += sized(b"holdfast 0") + varint(0)
        detail = sized(b"") + varint(0) + varint(0)
        body = keys.domain.id + keys.receipt(b"HFSN", summary) + keys.sealed(b"HFSN", detail)
        return self.put_named("snapshots/", keys.sign(b"HFSN", body))

    def forge_orders(self, keys, objects):
        """What only the admin may order: deletions, a roster, the end of a hold, forgetting."""
        packs = {found for _, found in keys.segments(objects)}
        names = []
        for stage in (1, 2):
            body = bytes([stage]) + varint(len(packs))
            body += b"".join(bytes([kind]) + name for name, kind, _ in packs)
            names.append(self.put_named("condemned/", keys.sign(b"HFCO", body)))
        for action in (4, 5, 6):
            for name in [each for each in objects if each.startswith("snapshots/")]:
                note = bytes.fromhex(name[10:]) + bytes([action]) + sized(b"") + sized(b"") + struct.pack("<q", 1 << 62)
                names.append(self.put_named("notes/", keys.sign(
                    b"HFNO", keys.domain.id + keys.receipt(b"HFNO", note))))
        roster = keys.sign(b"HFRO", struct.pack("<I", 99) + varint(0))
        names.append(f"roster/00000099-{reader.sha256(roster).hex()}")
        self.put(names[-1], roster)
        return names

    def test_nothing_is_lost_nothing_is_read_and_everything_is_named(self):
        self.assertIn("put-object-lock-configuration", self.run_program(
            self.environment(self.owner, "admin"), "init", expect=1), "init refuses a bucket that doesn't lock")
        self.lock_bucket()
        too_long = self.environment(self.owner, "admin") | {
            "HOLDFAST_REPOSITORY": self.url.replace(f"{LOCK_DAYS}d", f"{LOCK_DAYS + 1}d")}
        self.assertIn("put-object-lock-configuration", self.run_program(too_long, "init", expect=1))
        policies = json.loads(self.run_program(self.environment(self.owner, ""), "init", "--print-policy", "--json"))
        writer = self.server.assume_role(json.loads(policies["writer_policy"]))
        maintainer = self.server.assume_role(json.loads(policies["maintainer_policy"]))

        # A repository, two machines with keys of their own in one domain, a committed snapshot of each.
        admin = self.environment(maintainer, "admin")
        self.run_program(admin, "init")
        self.add_writer(admin, "victim")
        self.add_writer(admin, "burgled")
        trees = {"victim": self.make_tree("victim", 1), "burgled": self.make_tree("burgled", 2)}
        committed = {}
        for name, tree in trees.items():
            env = self.environment(writer, name, name)
            committed[name] = json.loads(self.run_program(env, "backup", tree, "--json"))["snapshot"]
        doctor = json.loads(self.run_program(self.environment(writer, ""), "doctor", "--json"))
        self.assertEqual([], [check for check in doctor["checks"] if check["outcome"] != "ok"])
        self.assertLess({"delete-version", "bypass-lock", "shorten-lock", "default-lock", "locked"},
                        {check["check"] for check in doctor["checks"]})
        self.assertIn("problem  default-lock", self.run_program(self.environment(self.owner, ""), "doctor", expect=1))

        # The burglary.
        self.thief = writer
        objects = {name: self.get(name) for name in self.names()}
        keys = WriterKeys(objects, b"burgled")
        with self.assertRaises(AssertionError):
            WriterKeys(objects, b"admin-guess")
        self.try_to_delete()
        self.forge_index(keys, objects)
        now = 1_800_000_000_000_000_000
        host = os.uname().nodename.encode()
        forged = [self.forge_snapshot(keys, host, started, b"x") for started in (1, now, 1 << 62)]
        forged.append(self.forge_snapshot(keys, b"another-host", now, b"y"))
        forged.append(self.put_named("snapshots/", keys.sign(b"HFSN", keys.domain.id + b"nonsense")))
        newer = bytearray(keys.sign(b"HFSN", keys.domain.id + b"of a newer version"))
        newer[4] = 2
        forged.append(self.put_named("snapshots/", bytes(newer)))
        orders = self.forge_orders(keys, objects)
        junk = [self.put_named(prefix, secrets.token_bytes(500))
                for prefix in ("keys/", "index/", "snapshots/", "notes/", "config/", "sessions/" + "0" * 32 + "-00000000-")]
        self.put("data/zz/junk", b"junk")
        for prefix in ("snapshots/", "index/", "notes/", "condemned/", "roster/00000100-", "keys/"):
            junk.append(prefix + secrets.token_hex(32))
            self.put(junk[-1], b"other bytes than the name states")
        status, body = self.server.request("PUT", "/bucket/prefix/clock", None, b"x", who=writer, behind_seconds=86_400)
        self.assertEqual(status, 403, body)
        overlaid = [name for name in objects if not name.startswith(("sessions/", "probe/"))]
        for name in overlaid:
            self.put(name, objects[name])
            self.put(name, secrets.token_bytes(len(objects[name])))
        # One who may delete, but no versions, buries everything as well.
        self.thief = self.server.assume_role(self.with_deletion(json.loads(policies["writer_policy"])))
        for name in self.names():
            self.assertEqual(self.server.request("DELETE", "/bucket/prefix/" + name, who=self.thief)[0], 204)
        self.assertEqual(self.names(), [])

        # None can be read.
        for name in trees:
            message = self.run_program(self.environment(writer, "burgled"), "restore", committed[name], "--into",
                                       self.place / "loot", expect=(1, 2))
            self.assertIn("key", message)
        self.assertFalse((self.place / "loot").exists() and list((self.place / "loot").rglob("*")))

        # Prune is not stopped, and names what was forged.
        for _ in range(2):
            report = json.loads(self.run_program(self.environment(maintainer, "admin"), "prune", "--json", expect=3))
            named = {each["object"] for each in report["ignored"] + report["suspicious"]}
            self.assertLessEqual(set(forged), named)
            self.assertLessEqual(set(overlaid), named)
            self.assertLessEqual({name for name in orders if not name.startswith("roster/")}, named)
            self.assertIn("data/zz/junk", named)
            self.assertLessEqual({name for name in junk if name.startswith(("snapshots/", "notes/", "sessions/", "condemned/"))}, named)
            self.assertEqual(report["locks_failed"], 0)

        # No committed snapshot is lost, and backups go on.
        fresh = self.environment(maintainer, "admin")
        listed = {each["id"] for each in json.loads(self.run_program(fresh, "snapshot", "list", "--json"))["snapshots"]}
        self.assertLessEqual(set(committed.values()), listed)
        for name, tree in trees.items():
            self.assert_restores(self.environment(maintainer, "admin"), committed[name], tree)
        (trees["victim"] / "new").write_bytes(b"new" * 1000)
        for cache in ("victim", None):
            after = json.loads(self.run_program(self.environment(writer, "victim", cache), "backup", trees["victim"],
                                                "--json"))["snapshot"]
            self.assert_restores(self.environment(maintainer, "admin"), after, trees["victim"])

    def add_writer(self, admin, name):
        file = self.place / f"{name}.key"
        file.write_text(name)
        file.chmod(0o600)
        self.run_program(admin, "key", "add", "--role", "writer", "--label", name, "--deduplication", "shared",
                         "--new-key-file", file)

    @staticmethod
    def with_deletion(policy):
        policy["Statement"][1]["Action"].append("s3:DeleteObject")
        return policy


if __name__ == "__main__":
    unittest.main(verbosity=2)
