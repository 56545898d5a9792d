// Hostile bytes as each kind of object: a decoder refuses them, or gives a value that encodes and
// decodes to itself; it neither crashes nor takes memory that the bytes don't pay for. What is
// signed or encrypted is damaged before it is sealed too, as whoever holds the keys could.
#include <gtest/gtest.h>

#include "memory_peak.hpp"
#include "mutation.hpp"
#include "pack_fixture.hpp"
#include "repository/condemnation.hpp"
#include "repository/key_slot.hpp"
#include "repository/object_name.hpp"
#include "repository/session_list.hpp"
#include "repository/snapshot_list.hpp"
#include "snapshot_fixture.hpp"

namespace holdfast::repository {
namespace {

using base::Bytes;
using base::ByteView;

// Damage of all sorts to `valid`, from a seed; every cut comes first.
void for_each_damaged(const Bytes& valid, std::uint64_t seed, int rounds,
                      const std::function<void(const Bytes&)>& attempt) {
  for (std::size_t size = 0; size < valid.size(); ++size) {
    attempt(Bytes(valid.begin(), valid.begin() + static_cast<std::ptrdiff_t>(size)));
  }
  base::SeededRandom random(seed);
  for (int round = 0; round < rounds; ++round) attempt(mutated(valid, random));
  for (int round = 0; round < rounds / 4; ++round) {  // a length that grows beyond all bounds
    auto bytes = valid;
    const auto at = static_cast<std::size_t>(random.below(bytes.size()));
    for (std::size_t i = at; i < std::min(at + 1 + random.below(9), bytes.size()); ++i) {
      bytes[i] = 0xff;
    }
    attempt(bytes);
  }
}

// Everything that a test does happens within `limit` bytes more than were in use.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::uint64_t limit) : limit_(limit) {
    reset_memory_peak();
    before_ = memory_status("VmHWM");
  }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;
  ~MemoryLimit() {
    EXPECT_GT(before_, 0U);
    EXPECT_LT(memory_status("VmHWM") - before_, limit_);
  }

 private:
  std::uint64_t limit_;
  std::uint64_t before_ = 0;
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t memory_limit = 1024ULL * 1024 * 1024;  // freed memory is kept for a while
#else
constexpr std::uint64_t memory_limit = 32ULL * 1024 * 1024;
#endif

// What decodes must give bytes that decode to the same bytes again.
template <typename Decode, typename Encode>
void fuzz(const Bytes& valid, std::uint64_t seed, int rounds, Decode decode, Encode encode) {
  ASSERT_TRUE(decode(valid).ok());
  const MemoryLimit limit(memory_limit);
  for_each_damaged(valid, seed, rounds, [&](const Bytes& bytes) {
    auto decoded = decode(bytes);
    if (!decoded.ok()) return;
    const Bytes canonical = encode(decoded.value());
    auto again = decode(canonical);
    ASSERT_TRUE(again.ok()) << again.error().to_string() << " " << base::to_hex(bytes);
    ASSERT_EQ(encode(again.value()), canonical) << base::to_hex(bytes);
  });
}

TEST(RepositoryObjectsFuzz, Config) {
  Config config;
  config.repository_id = {1, 2, 3};
  fuzz(encode_config(config), 1, 40'000, decode_config, encode_config);
}

TEST(RepositoryObjectsFuzz, RosterBody) {
  base::SeededRandom random(2);
  Roster roster;
  for (int i = 0; i < 3; ++i) {
    roster.writers.push_back({.verify_key = random.array<32>(),
                              .domain = random.array<16>(),
                              .sealed_id_key = random.array<80>(),
                              .created = {i},
                              .label = "writer"});
  }
  fuzz(encode_roster(roster), 3, 40'000, decode_roster, encode_roster);
}

TEST(RepositoryObjectsFuzz, PackHeader) {
  PackHeader header;
  header.boxes.resize(3);
  fuzz(encode_pack_header(header), 4, 40'000, decode_pack_header, encode_pack_header);
}

TEST(RepositoryObjectsFuzz, PackFooter) {
  base::SeededRandom random(5);
  for (int round = 0; round < 100'000; ++round) {
    Bytes footer;
    base::ByteWriter out(footer);
    out.u32(static_cast<std::uint32_t>(random.number() >> random.below(64)));
    out.raw(base::as_bytes("HFPE"));
    const auto size = directory_size(random.below(4) == 0 ? mutated(footer, random) : footer);
    if (size.ok()) {
      ASSERT_LE(size.value(), pack_objects_max * directory_entry_size + codec::cipher_tag_size);
    }
  }
}

codec::Cipher any_key() {
  base::SeededRandom random(6);
  return codec::Cipher(random.array<32>());
}

TEST(RepositoryObjectsFuzz, PackDirectoryAsStored) {
  const Bytes header(100);
  const auto whole = seal_directory(any_key(), header, {{.id = {1}, .stored_size = 100}});
  const Bytes sealed(whole.begin(), whole.end() - pack_footer_size);
  for_each_damaged(sealed, 7, 20'000, [&](const Bytes& bytes) {
    if (bytes != sealed) ASSERT_FALSE(open_directory(any_key(), header, bytes).ok());
  });
}

// The directory's plaintext, damaged by somebody who has the pack's key.
TEST(RepositoryObjectsFuzz, PackDirectoryAsWritten) {
  const Bytes header(100);
  Bytes plaintext;
  base::ByteWriter out(plaintext);
  for (std::uint16_t i = 0; i < 6; ++i) {
    out.raw(ChunkId{static_cast<base::Byte>(i)});
    out.u32(1000);
    out.u16(0);
    out.u16(i);
  }
  const MemoryLimit limit(memory_limit);
  const auto nonce = codec::nonce_of_ordinal(0xffffffff);
  for_each_damaged(plaintext, 8, 20'000, [&](const Bytes& bytes) {
    Bytes sealed(bytes.size() + codec::cipher_tag_size);
    any_key().seal(nonce, codec::sha256(header), bytes, sealed);
    const auto opened = open_directory(any_key(), header, sealed);
    if (!opened.ok()) return;
    ASSERT_EQ(opened.value().size() * directory_entry_size, bytes.size());
    for (const auto& entry : opened.value()) ASSERT_GT(entry.stored_size, chunk_overhead);
  });
}

// Inspecting needs no key, so it meets bytes that nobody vouches for.
TEST(RepositoryObjectsFuzz, KeySlot) {
  base::SeededRandom random(9);
  const auto pair = codec::make_box_key_pair(random);
  const SlotDescription description{.repository_id = {1}, .created = {2}, .label = "laptop"};
  SlotSecrets secrets;
  secrets.private_key = base::SecretBytes(random.array<32>());
  const auto by_passphrase = seal_slot(description, secrets, base::as_bytes("passphrase"),
                                       {.memory_kib = 8192, .passes = 1}, random);
  ASSERT_TRUE(by_passphrase.ok());
  const auto for_recipient = seal_slot_for(description, secrets, pair.public_key);
  const MemoryLimit limit(memory_limit);
  for (const auto& valid : {by_passphrase.value(), for_recipient}) {
    for_each_damaged(valid, 10, 20'000, [&](const Bytes& bytes) {
      const auto info = inspect_slot(bytes);
      if (info.ok()) ASSERT_LE(info.value().label.size(), 1024U);
      if (bytes != valid) ASSERT_FALSE(open_slot_for(bytes, pair).ok());
    });
  }
}

TEST(RepositoryObjectsFuzz, SignedEnvelope) {
  base::SeededRandom random(11);
  const codec::SigningKey key(random.array<32>());
  SignerSet signers;
  signers.add({.verify_key = key.verify_key(), .label = "writer"});
  const auto valid = sign_object(note_magic, {1}, key, base::as_bytes("body"));
  for_each_damaged(valid, 12, 20'000, [&](const Bytes& bytes) {
    if (bytes != valid) ASSERT_FALSE(open_signed(note_magic, {1}, signers, bytes).ok());
  });
}

TEST(RepositoryObjectsFuzz, SnapshotBodyAsStored) {
  const auto valid = snapshot_body(any_summary(), any_detail());
  const MemoryLimit limit(memory_limit);
  for_each_damaged(valid, 13, 20'000, [&](const Bytes& bytes) {
    const auto summary = decode_summary(snapshot_repository, snapshot_test_domain(), bytes);
    if (summary.ok()) ASSERT_EQ(summary.value().host, any_summary().host);
    const auto detail = decode_detail(snapshot_repository, snapshot_reader(), bytes);
    if (detail.ok()) ASSERT_EQ(detail.value().command, any_detail().command);
  });
}

// The summary's plaintext, damaged by a writer.
TEST(RepositoryObjectsFuzz, SnapshotSummaryAsWritten) {
  const auto& domain = snapshot_test_domain();
  const auto valid = snapshot_body(any_summary(), {});
  base::ByteReader in(valid);
  ASSERT_TRUE(in.raw(16).ok());
  const auto plaintext = domain.open_receipt(snapshot_repository, snapshot_magic, in);
  ASSERT_TRUE(plaintext.ok());
  base::SeededRandom random(14);
  const auto decode = [&](const Bytes& bytes) {
    Bytes body;
    base::ByteWriter out(body);
    out.raw(domain.id());
    domain.seal_receipt(snapshot_repository, snapshot_magic, bytes, random, out);
    return decode_summary(snapshot_repository, domain, body);
  };
  const auto encode = [&](const SnapshotSummary& summary) {
    const auto body = snapshot_body(summary, {});
    base::ByteReader again(body);
    (void)again.raw(16);
    return domain.open_receipt(snapshot_repository, snapshot_magic, again).value();
  };
  fuzz(plaintext.value(), 15, 10'000, decode, encode);
}

// The detail's plaintext, damaged by a writer.
TEST(RepositoryObjectsFuzz, SnapshotDetailAsWritten) {
  Bytes plaintext;
  base::ByteWriter text(plaintext);
  text.sized(std::string_view("command"));
  text.varint(2);
  for (int i = 0; i < 4; ++i) text.sized(std::string_view("path or message"));
  text.varint(1);
  text.sized(std::string_view("files"));
  text.u64(7);
  const auto valid = snapshot_body({}, {});
  base::ByteReader in(valid);
  ASSERT_TRUE(in.raw(16 + 32).ok() && in.sized(10'000).ok());
  const auto before_detail = ByteView(valid).first(in.position());
  Bytes associated;
  base::ByteWriter data(associated);
  data.raw(snapshot_repository);
  data.raw(base::as_bytes(snapshot_magic));
  const MemoryLimit limit(memory_limit);
  int sound = 0;
  for_each_damaged(plaintext, 16, 4'000, [&](const Bytes& bytes) {
    Bytes body(before_detail.begin(), before_detail.end());
    base::ByteWriter out(body);
    const base::SecretBytes key(std::size_t{codec::cipher_key_size});
    Bytes sealed(bytes.size() + codec::cipher_tag_size);
    codec::Cipher(key.view()).seal({}, associated, bytes, sealed);
    out.raw(codec::seal_to(snapshot_reader().public_key, key.view()));
    out.sized(sealed);
    const auto decoded = decode_detail(snapshot_repository, snapshot_reader(), body);
    if (decoded.ok()) ++sound;
  });
  EXPECT_GT(sound, 0);
}

class SignedFuzz : public testing::Test, protected PackFixture {
 protected:
  // Puts a signed object of `body`, lets `look` see it, takes it away again.
  void try_body(std::string_view magic, std::string_view prefix, const codec::SigningKey& key,
                ByteView body, const std::function<void()>& look) {
    const auto object = sign_object(magic, repository->id(), key, body);
    const auto stored = must(put_object(test.storage, prefix, object));
    look();
    const std::vector<std::string> names{object_name(prefix, stored.hash)};
    (void)must(test.storage.remove(names));
  }
};

TEST_F(SignedFuzz, Condemnation) {
  Bytes valid;
  base::ByteWriter out(valid);
  out.u8(1);
  out.varint(3);
  for (base::Byte i = 1; i <= 3; ++i) {
    out.u8(1 + i % 2);
    out.raw(ObjectHash{i});
  }
  const MemoryLimit limit(memory_limit);
  for_each_damaged(valid, 17, 3'000, [&](const Bytes& body) {
    try_body(condemnation_magic, condemned_prefix, *repository->keys().admin, body, [&] {
      std::vector<IgnoredObject> ignored;
      const auto found = must(list_condemnations(*repository, &ignored));
      ASSERT_EQ(found.size() + ignored.size(), 1U);
      for (const auto& each : found) ASSERT_LE(each.packs.size() * 33, body.size());
    });
  });
}

TEST_F(SignedFuzz, Note) {
  Bytes valid;
  base::ByteWriter out(valid);
  out.raw(ObjectHash{1});
  out.u8(1);
  out.sized(std::string_view("key"));
  out.sized(std::string_view("value"));
  out.i64(5);
  const MemoryLimit limit(memory_limit);
  for_each_damaged(valid, 18, 2'000, [&](const Bytes& plaintext) {
    Bytes body;
    base::ByteWriter writer(body);
    writer.raw(domain().id());
    domain().seal_receipt(repository->id(), note_magic, plaintext, test.random, writer);
    try_body(note_magic, notes_prefix, *repository->keys().writer, body,
             [&] { ASSERT_TRUE(list_snapshots(*repository).ok()); });
  });
}

TEST_F(SignedFuzz, Snapshot) {
  const auto valid =
      encode_snapshot(repository->id(), domain(), repository->config().box_public_key,
                      any_summary(), any_detail(), test.random);
  const MemoryLimit limit(memory_limit);
  for_each_damaged(valid, 19, 2'000, [&](const Bytes& body) {
    try_body(snapshot_magic, snapshots_prefix, *repository->keys().writer, body, [&] {
      const auto list = must(list_snapshots(*repository));
      ASSERT_EQ(list.snapshots.size() + list.damaged.size() + list.ignored.size(), 1U);
    });
  });
}

TEST_F(SignedFuzz, IndexSegment) {
  const auto pack = store_pack(ChunkType::data, texts(4));
  IndexSegment segment{.packs = {pack.info}, .superseded = {}, .chunks = pack.chunks};
  std::sort(segment.chunks.begin(), segment.chunks.end(),
            [](const ChunkPlace& a, const ChunkPlace& b) { return a.id < b.id; });
  Bytes body;
  base::ByteWriter out(body);
  out.raw(domain().id());
  domain().seal_receipt(repository->id(), index_magic, encode_segment(segment), test.random, out);
  const MemoryLimit limit(memory_limit);
  for_each_damaged(body, 20, 1'000, [&](const Bytes& damaged) {
    try_body(index_magic, index_prefix, *repository->keys().writer, damaged, [&] {
      const auto names = must(test.storage.list_all(index_prefix));
      const auto hash = *hash_of_name(names.at(0).name);
      const auto read = repository->read_segment(hash, Repository::Segments::all);
      if (read.ok()) ASSERT_EQ(read.value().chunks, segment.chunks);
    });
  });
}

// A whole pack, damaged anywhere and anyhow: what can be read of it is right.
TEST_F(SignedFuzz, Pack) {
  const auto contents = texts(6);
  const auto pack = store_pack(ChunkType::data, contents);
  const auto name = pack_object_name(pack.info.type, pack.info.name);
  const auto valid = bytes_of(pack.info);
  base::SeededRandom random(21);
  const MemoryLimit limit(memory_limit);
  for (int round = 0; round < 1'000; ++round) {
    const auto damaged = mutated(valid, random);
    must(test.storage.damage(name, [&](Bytes& bytes) { bytes = damaged; }));
    for (const std::uint64_t size : {pack.info.size, std::uint64_t{damaged.size()}}) {
      auto info = pack.info;
      info.size = size;
      PackReader reader(*repository);
      const auto opened = reader.open(info);
      if (opened.ok()) (void)reader.directory(info, *opened.value());
      for (std::size_t i = 0; i < contents.size(); ++i) {
        const auto plaintext = read_back(info, pack.chunks[i]);
        if (plaintext.ok()) ASSERT_EQ(plaintext.value(), contents[i]);
      }
    }
  }
}

}  // namespace
}  // namespace holdfast::repository
