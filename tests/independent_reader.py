#!/usr/bin/env python3
"""Restores a snapshot without the product: written from docs/internals/repository_format.md alone.

    BACKUP_ENCRYPTION_KEY=... independent_reader.py [--from-packs] REPOSITORY SNAPSHOT|latest TARGET

BACKUP_ENCRYPTION_KEY holds a passphrase or the text of an identity.

Shares no code with the program, so that the document is proved to be enough. --from-packs ignores the
index and reads the packs' own directories. Checks every hash, signature and chunk id on the way.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import os
import stat
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path

import nacl.pwhash.argon2id
import nacl.public
import nacl.signing
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DATA, TREE = 1, 2
FILE, DIRECTORY, SYMLINK, HARD_LINK, CHARACTER, BLOCK, FIFO, SOCKET = range(1, 9)


class Damaged(Exception):
    """Bytes that are not what the document says."""


class Cursor:
    """Reads fields one after another; running over the end is damage."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def raw(self, size):
        if size > len(self.data) - self.at:
            raise Damaged("a field runs over the end")
        self.at += size
        return self.data[self.at - size:self.at]

    def fixed(self, form):
        return struct.unpack("<" + form, self.raw(struct.calcsize("<" + form)))[0]

    def u8(self):
        return self.fixed("B")

    def u16(self):
        return self.fixed("H")

    def u32(self):
        return self.fixed("I")

    def u64(self):
        return self.fixed("Q")

    def i64(self):
        return self.fixed("q")

    def varint(self):
        value = 0
        for i in range(10):
            byte = self.u8()
            value |= (byte & 0x7f) << (7 * i)
            if byte < 0x80:
                if (byte == 0 and i > 0) or value >= 1 << 64:
                    raise Damaged("a varint is not in its shortest form")
                return value
        raise Damaged("a varint is too long")

    def svarint(self):
        value = self.varint()
        return value >> 1 if value & 1 == 0 else -(value >> 1) - 1

    def sized(self):
        return self.raw(self.varint())

    def text(self):
        return self.sized().decode("utf-8")

    def expect(self, wanted):
        if self.raw(len(wanted)) != wanted:
            raise Damaged(f"expected {wanted!r}")

    def end(self):
        if self.at != len(self.data):
            raise Damaged("trailing bytes")


def sha256(data):
    return hashlib.sha256(data).digest()


def keyed(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def derive(key, purpose):
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode()).derive(key)


def open_gcm(key, nonce, aad, sealed):
    try:
        return AESGCM(key).decrypt(nonce, sealed, aad)
    except InvalidTag:
        raise Damaged("a ciphertext does not authenticate") from None


ZERO_NONCE = bytes(12)
IDENTITY_PREFIX = b"holdfast-identity-"


def identity_of(text):
    """The private key in an identity's text."""
    prefix = IDENTITY_PREFIX + b"1-"
    line = text.strip().splitlines()[0].strip()
    characters = line[len(prefix):]
    if not line.startswith(prefix) or len(characters) != 56 or characters != characters.lower():
        raise Damaged("this is no identity of version 1")
    try:
        body = base64.b32decode(characters.upper())
    except binascii.Error:
        raise Damaged("an identity has a character that none has") from None
    if sha256(prefix + body[:32])[:3] != body[32:]:
        raise Damaged("the identity's checksum does not match")
    return nacl.public.PrivateKey(body[:32])


@dataclass
class Domain:
    """The keys that an id key gives."""

    id: bytes
    id_key: bytes

    def chunk_key(self, kind):
        return derive(self.id_key, "holdfast chunk data" if kind == DATA else "holdfast chunk tree")

    def open_receipt(self, cursor, repository_id, magic):
        seed = cursor.raw(32)
        key = keyed(derive(self.id_key, "holdfast receipt"), seed)
        return open_gcm(key, ZERO_NONCE, repository_id + self.id + magic, cursor.sized())


@dataclass
class Place:
    """Where a chunk lies."""

    pack: bytes
    kind: int
    offset: int
    size: int
    key: int
    ordinal: int


@dataclass
class Pack:
    """A pack's header, opened."""

    path: Path
    kind: int
    domain: bytes
    keys: list
    header: bytes


@dataclass
class Entry:
    """One entry of the tree."""

    key: bytes
    kind: int
    size: int
    content: object
    mode: int
    uid: int
    gid: int
    mtime: int
    fields: dict = field(default_factory=dict)


class Repository:
    """Objects below a directory, and what the passphrase opens."""

    def __init__(self, root, passphrase):
        self.root = Path(root)
        self.domains, self.verify_keys, self.packs, self.chunk_keys = {}, {}, {}, {}
        payload = self.open_slot(passphrase)
        config_hash, mask = payload.raw(32), payload.u8()
        if not mask & 1:
            raise Damaged("this key slot may not read")
        self.private_key = nacl.public.PrivateKey(payload.raw(32))
        self.box = nacl.public.SealedBox(self.private_key)
        if mask & 2:
            payload.raw(32)
        if mask & 4:
            domain = payload.raw(16)
            self.domains[domain] = Domain(domain, payload.raw(32))
            payload.raw(32)
        payload.end()
        self.read_config(config_hash)
        self.read_roster()

    def names(self, directory):
        base = self.root / directory
        if not base.is_dir():
            return []
        return sorted(str(p.relative_to(self.root)) for p in base.rglob("*")
                      if p.is_file() and not p.name.startswith("."))

    def read(self, name):
        data = (self.root / name).read_bytes()
        if not name.endswith(sha256(data).hex()):
            raise Damaged(f"{name}: the bytes do not hash to the name")
        return data

    def open_slot(self, passphrase):
        reasons = ["there is no key slot"]
        for name in self.names("keys"):
            try:
                return self.try_slot(self.read(name), passphrase)
            except (Damaged, ValueError) as error:
                reasons.append(f"{name}: {error}")
        raise Damaged("; ".join(reasons))

    def try_slot(self, data, passphrase):
        slot = Cursor(data)
        slot.expect(b"HFKS\x01")
        kind, _role, reserved = slot.u8(), slot.u8(), slot.u8()
        self.id = slot.raw(16)
        slot.i64()
        slot.text()
        if reserved != 0:
            raise Damaged("reserved bits are set")
        if passphrase.strip().startswith(IDENTITY_PREFIX):
            return self.try_recipient_slot(data, slot, kind, identity_of(passphrase))
        if kind != 1:
            raise Damaged("not a passphrase slot")
        salt, memory_kib, passes = slot.raw(16), slot.u32(), slot.u32()
        aad = data[:slot.at]
        sealed = slot.sized()
        slot.end()
        key = nacl.pwhash.argon2id.kdf(32, passphrase, salt, opslimit=passes, memlimit=memory_kib * 1024)
        return Cursor(open_gcm(key, ZERO_NONCE, aad, sealed))

    @staticmethod
    def try_recipient_slot(data, slot, kind, identity):
        if kind != 2:
            raise Damaged("not a recipient's slot")
        if slot.raw(32) != bytes(identity.public_key):
            raise Damaged("made for another recipient")
        head = data[:slot.at]
        sealed = slot.sized()
        slot.end()
        try:
            bound = nacl.public.SealedBox(identity).decrypt(sealed)
        except nacl.exceptions.CryptoError:
            raise Damaged("not sealed to this identity") from None
        if bound[:32] != sha256(head):
            raise Damaged("the slot's description was altered")
        return Cursor(bound[32:])

    def read_config(self, config_hash):
        config = Cursor(self.read("config/" + config_hash.hex()))
        config.expect(b"HFCF\x01\0\0\0")
        config.expect(self.id)
        features = [config.text() for _ in range(config.varint())]
        if features:
            raise Damaged(f"unknown features: {features}")
        config.i64()
        public_key = config.raw(32)
        config.u32()
        self.admin_key = config.raw(32)
        self.chunk_max = [config.u32() for _ in range(3)][2]
        for _ in range(4):
            config.u32()
        config.i64()
        config.i64()
        config.end()
        if bytes(self.private_key.public_key) != public_key:
            raise Damaged("the private key is not the config's")

    def signed(self, data, magic):
        """The body and the signer of a signed object."""
        cursor = Cursor(data)
        cursor.expect(magic + b"\x01\0\0\0")
        cursor.expect(self.id)
        signer = cursor.raw(16)
        if signer not in self.verify_keys:
            raise Damaged("the signer is unknown")
        try:
            nacl.signing.VerifyKey(self.verify_keys[signer]).verify(data[:-64], data[-64:])
        except nacl.exceptions.BadSignatureError:
            raise Damaged("the signature is bad") from None
        return Cursor(data[cursor.at:-64]), signer

    def read_roster(self):
        admin = sha256(self.admin_key)[:16]
        self.verify_keys = {admin: self.admin_key}
        best, chosen = -1, None
        for name in self.names("roster"):
            try:
                body, signer = self.signed(self.read(name), b"HFRO")
                number = int(name.split("/")[1].split("-")[0])
                if signer != admin or body.u32() != number:
                    raise Damaged("not the admin's")
                if number > best:
                    best, chosen = number, body
            except (Damaged, ValueError) as error:
                warn(f"{name}: {error}")
        if chosen is None:
            raise Damaged("there is no valid roster")
        for _ in range(chosen.varint()):
            verify_key, domain = chosen.raw(32), chosen.raw(16)
            id_key = self.box.decrypt(chosen.raw(80))
            chosen.i64()
            chosen.text()
            self.verify_keys[sha256(verify_key)[:16]] = verify_key
            self.domains[domain] = Domain(domain, id_key)
        chosen.end()

    def domain(self, identity):
        if identity not in self.domains:
            raise Damaged("the domain is not in the roster")
        return self.domains[identity]

    # Packs

    def pack(self, name, kind):
        if name not in self.packs:
            text = name.hex()
            path = self.root / ("data" if kind == DATA else "tree") / text[:2] / text
            with open(path, "rb") as file:
                start = file.read(8)
                count = struct.unpack("<H", start[6:8])[0]
                header = start + file.read(36 + 80 * count)
            cursor = Cursor(header)
            cursor.expect(b"HFPK\x01")
            if cursor.u8() != kind:
                raise Damaged("the pack is of another type")
            cursor.u16()
            cursor.expect(self.id)
            domain = cursor.raw(16)
            cursor.u32()
            keys = [self.box.decrypt(cursor.raw(80)) for _ in range(count)]
            self.packs[name] = Pack(path, kind, domain, keys, header)
        return self.packs[name]

    def directory(self, name, kind):
        """The places of a pack's chunks, from its own directory."""
        pack = self.pack(name, kind)
        data = pack.path.read_bytes()
        if sha256(data) != name:
            raise Damaged("the pack's bytes do not hash to its name")
        size, magic = struct.unpack("<I4s", data[-8:])
        if magic != b"HFPE" or size > len(data) - 8 - len(pack.header):
            raise Damaged("the pack's footer is damaged")
        nonce = struct.pack("<I8x", 0xffffffff)
        entries = Cursor(open_gcm(pack.keys[0], nonce, sha256(pack.header), data[-8 - size:-8]))
        offset = len(pack.header)
        while entries.at != len(entries.data):
            identity, stored, key, ordinal = entries.raw(32), entries.u32(), entries.u16(), entries.u16()
            yield identity, Place(name, kind, offset, stored, key, ordinal)
            offset += stored
        if offset != len(data) - 8 - size:
            raise Damaged("the pack's directory does not cover its objects")

    def places_from_packs(self):
        places = {}
        for kind, directory in ((DATA, "data"), (TREE, "tree")):
            for name in self.names(directory):
                try:
                    for identity, place in self.directory(bytes.fromhex(name.split("/")[2]), kind):
                        places.setdefault(identity, []).append(place)
                except (Damaged, ValueError) as error:
                    warn(f"{name}: {error}")
        return places

    def places_from_index(self):
        segments, superseded = {}, set()
        for name in self.names("index"):
            try:
                body, _ = self.signed(self.read(name), b"HFIX")
                domain = self.domain(body.raw(16))
                segment = Cursor(domain.open_receipt(body, self.id, b"HFIX"))
                body.end()
                packs = [(segment.raw(32), segment.u8(), segment.u64()) for _ in range(segment.u32())]
                old = [segment.raw(32) for _ in range(segment.u32())]
                chunks = [(segment.raw(32), *struct.unpack("<IIIHH", segment.raw(16)))
                          for _ in range(segment.u32())]
                segment.end()
            except Damaged as error:
                warn(f"{name}: {error}")
                continue
            segments[bytes.fromhex(name.split("/")[1])] = packs, chunks
            superseded.update(old)
        places = {}
        for name, (packs, chunks) in segments.items():
            if name in superseded:
                continue
            for identity, pack, offset, size, key, ordinal in chunks:
                places.setdefault(identity, []).append(
                    Place(packs[pack][0], packs[pack][1], offset, size, key, ordinal))
        return places

    def chunk(self, places, identity, kind):
        reasons = ["no place is known"]
        for place in places.get(identity, []):
            try:
                if place.kind == kind:
                    return self.chunk_at(place, identity)
            except (Damaged, OSError) as error:
                reasons.append(f"in pack {place.pack.hex()[:12]}: {error}")
        raise Damaged(f"chunk {identity.hex()[:12]}: {reasons[-1]}")

    def chunk_at(self, place, identity):
        pack = self.pack(place.pack, place.kind)
        with open(pack.path, "rb") as file:
            file.seek(place.offset)
            sealed = file.read(place.size)
        aad = pack.domain + bytes([place.kind]) + identity + struct.pack("<I", place.ordinal)
        nonce = struct.pack("<I8x", place.ordinal)
        if place.key >= len(pack.keys):
            raise Damaged("the pack has no such key")
        encoded = Cursor(open_gcm(pack.keys[place.key], nonce, aad, sealed))
        codec, filtered, size = encoded.u8(), encoded.u8(), encoded.u32()
        if size > max(self.chunk_max, 64 << 20):
            raise Damaged("the chunk is too large")
        plain = encoded.raw(len(encoded.data) - encoded.at)
        if codec == 1:
            plain = zstandard.ZstdDecompressor().decompress(plain, max_output_size=size)
        elif codec != 0:
            raise Damaged("unknown codec")
        plain = unfiltered(plain, filtered)
        if len(plain) != size:
            raise Damaged("the chunk is not as long as it says")
        identity_key = (pack.domain, place.kind)
        if identity_key not in self.chunk_keys:
            self.chunk_keys[identity_key] = self.domain(pack.domain).chunk_key(place.kind)
        if keyed(self.chunk_keys[identity_key], plain) != identity:
            raise Damaged("the content does not match the chunk's id")
        return plain

    # Snapshots

    def snapshot(self, wanted):
        """(id, level, root) of the snapshot: an id, a unique prefix of one, or `latest`."""
        found = {}
        for name in self.names("snapshots"):
            try:
                body, _ = self.signed(self.read(name), b"HFSN")
                domain = self.domain(body.raw(16))
                summary = Cursor(domain.open_receipt(body, self.id, b"HFSN"))
                self.check_detail(body)
                found[name.split("/")[1]] = self.summary(summary)
            except Damaged as error:
                warn(f"{name}: {error}")
        if wanted == "latest":
            names = sorted(found, key=lambda name: found[name]["started"])[-1:]
        else:
            names = [name for name in found if name.startswith(wanted)]
        if len(names) != 1:
            raise Damaged(f"{wanted}: {len(names)} snapshots match")
        return names[0], found[names[0]]

    def check_detail(self, body):
        key = self.box.decrypt(body.raw(80))
        detail = Cursor(open_gcm(key, ZERO_NONCE, self.id + b"HFSN", body.sized()))
        body.end()
        detail.text()
        for _ in range(detail.varint()):
            warn(f"recorded at capture: {detail.sized().decode(errors='replace')}: {detail.text()}")
        for _ in range(detail.varint()):
            detail.text()
            detail.u64()
        detail.end()

    @staticmethod
    def summary(summary):
        result = {"started": summary.i64()}
        summary.i64()
        for name in ("source", "host", "label"):
            result[name] = summary.text()
        result["level"], result["root"] = summary.u8(), summary.raw(32)
        result["entries"], result["bytes"] = summary.varint(), summary.varint()
        summary.raw(16)
        summary.u32()
        summary.i64()
        result["paths"] = [summary.sized() for _ in range(summary.varint())]
        result["tags"] = [(summary.text(), summary.text()) for _ in range(summary.varint())]
        if summary.u8():
            summary.raw(32)
        summary.text()
        summary.varint()
        summary.end()
        return result


def unfiltered(data, filtered):
    if filtered == 0:
        return data
    if filtered not in (1, 2):
        raise Damaged("unknown filter")
    width = 2 if filtered == 1 else 4
    count = len(data) // width
    result = bytearray(data)
    for plane in range(width):
        result[plane:count * width:width] = data[plane * count:(plane + 1) * count]
    return bytes(result)


class Tree:
    """Walks a snapshot's nodes."""

    def __init__(self, repository, places):
        self.repository, self.places = repository, places

    def node(self, identity, kind, level):
        node = Cursor(self.repository.chunk(self.places, identity, TREE))
        node.expect(bytes([1, kind, level]))
        chunks = [node.raw(32) for _ in range(node.varint())]
        return node, chunks, node.varint()

    def entries(self, identity, level):
        node, chunks, count = self.node(identity, 1, level)
        key = b""
        for _ in range(count):
            shared = node.varint()
            if shared > len(key):
                raise Damaged("a key shares more than there is")
            key = key[:shared] + node.sized()
            if level == 0:
                yield self.entry(node, key, chunks)
            else:
                child = node.raw(32)
                node.varint()
                node.varint()
                yield from self.entries(child, level - 1)
        node.end()

    @staticmethod
    def entry(node, key, chunks):
        node.sized()  # version: for other schemas
        kind, size, form = node.u8(), node.varint(), node.u8()
        content = None
        if form == 1:
            content = [Tree.extent(node, chunks) for _ in range(node.varint())]
        elif form == 2:
            content = (node.u8(), node.raw(32))
        elif form != 0:
            raise Damaged("unknown form of content")
        attributes = Cursor(node.sized())
        node.sized()  # token
        mode, uid, gid = attributes.varint(), attributes.varint(), attributes.varint()
        attributes.text()
        attributes.text()
        entry = Entry(key, kind, size, content, mode, uid, gid, attributes.svarint())
        while attributes.at != len(attributes.data):
            tag = attributes.u8()
            if entry.fields and tag <= max(entry.fields):
                raise Damaged("attributes are out of order")
            entry.fields[tag] = attributes.sized()
        return entry

    @staticmethod
    def extent(node, chunks):
        """(length, chunk id or None for a hole, offset in the chunk)."""
        tag = node.varint()
        if tag & 1:
            return tag >> 1, None, 0
        chunk, offset = node.varint(), node.varint()
        if chunk >= len(chunks):
            raise Damaged("an extent names no chunk of its node")
        return tag >> 1, chunks[chunk], offset

    def extents(self, content):
        if content is None:
            return
        if isinstance(content, list):
            yield from content
            return
        level, identity = content
        node, chunks, count = self.node(identity, 2, level)
        for _ in range(count):
            if level == 0:
                yield self.extent(node, chunks)
            else:
                child = node.raw(32)
                node.varint()
                yield from self.extents((level - 1, child))
        node.end()


class Restore:
    """Writes entries below a directory."""

    def __init__(self, repository, tree, target):
        self.repository, self.tree, self.target = repository, tree, os.fsencode(target)
        self.last = (None, b"")
        self.directories, self.links = [], []

    def path(self, key):
        parts = key.split(b"\0") if key else []
        if any(part in (b"", b".", b"..") or b"/" in part for part in parts):
            raise Damaged(f"unsafe path {key!r}")
        return os.path.join(self.target, *parts)

    def run(self, root, level):
        os.makedirs(self.target, exist_ok=True)
        count = 0
        last = None
        for entry in self.tree.entries(root, level):
            if last is not None and entry.key <= last:
                raise Damaged("keys are out of order")
            last = entry.key
            count += 1
            self.one(entry)
        for path, entry in self.links:
            os.link(self.path(entry.fields[5]), path)
        for path, entry in reversed(self.directories):
            self.attributes(path, entry)
        return count

    def one(self, entry):
        path = self.path(entry.key)
        if entry.kind == DIRECTORY:
            os.makedirs(path, exist_ok=True)
            self.directories.append((path, entry))
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if entry.kind == HARD_LINK:
            self.links.append((path, entry))
            return
        if entry.kind == FILE:
            self.file(path, entry)
        elif entry.kind == SYMLINK:
            os.symlink(entry.fields[1], path)
        elif entry.kind in (CHARACTER, BLOCK):
            device = Cursor(entry.fields[2])
            form = stat.S_IFCHR if entry.kind == CHARACTER else stat.S_IFBLK
            os.mknod(path, form | 0o600, os.makedev(device.varint(), device.varint()))
        elif entry.kind == FIFO:
            os.mkfifo(path, 0o600)
        else:
            return  # sockets are recorded only
        self.attributes(path, entry)

    def file(self, path, entry):
        at = 0
        with open(path, "wb") as file:
            for length, chunk, offset in self.tree.extents(entry.content):
                if chunk is not None:
                    data = self.content(chunk)
                    if offset + length > len(data):
                        raise Damaged("an extent passes its chunk's end")
                    file.seek(at)
                    file.write(data[offset:offset + length])
                at += length
            file.truncate(at)
        if at != entry.size:
            raise Damaged(f"{path!r}: the extents come to {at} bytes, not {entry.size}")

    def content(self, chunk):
        if self.last[0] != chunk:
            self.last = chunk, self.repository.chunk(self.tree.places, chunk, DATA)
        return self.last[1]

    def attributes(self, path, entry):
        if 6 in entry.fields:
            warn(f"{os.fsdecode(path)}: {entry.fields[6].decode(errors='replace')}")
        if os.geteuid() == 0:
            os.chown(path, entry.uid, entry.gid, follow_symlinks=False)
        if entry.kind != SYMLINK:
            os.chmod(path, entry.mode)
        if 3 in entry.fields:
            extended = Cursor(entry.fields[3])
            for _ in range(extended.varint()):
                name, value = extended.sized(), extended.sized()
                try:
                    os.setxattr(path, name, value, follow_symlinks=False)
                except OSError as error:
                    warn(f"{os.fsdecode(path)}: {os.fsdecode(name)}: {error.strerror}")
        os.utime(path, ns=(entry.mtime, entry.mtime), follow_symlinks=False)


def warn(text):
    print(f"warning: {text}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from-packs", action="store_true", help="ignore the index")
    parser.add_argument("repository")
    parser.add_argument("snapshot")
    parser.add_argument("target")
    options = parser.parse_args()
    passphrase = os.environb.get(b"BACKUP_ENCRYPTION_KEY")
    if passphrase is None:
        parser.error("BACKUP_ENCRYPTION_KEY is not set")
    try:
        repository = Repository(options.repository, passphrase)
        name, snapshot = repository.snapshot(options.snapshot)
        places = repository.places_from_packs() if options.from_packs else repository.places_from_index()
        restore = Restore(repository, Tree(repository, places), options.target)
        count = restore.run(snapshot["root"], snapshot["level"])
        if count != snapshot["entries"]:
            raise Damaged(f"the tree has {count} entries, the snapshot says {snapshot['entries']}")
    except Damaged as error:
        print(f"error: {error}", file=sys.stderr)
        return 4
    print(f"restored snapshot {name[:12]}: {count} entries")
    return 0


if __name__ == "__main__":
    sys.exit(main())
