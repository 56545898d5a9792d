// Reading packs: damage anywhere is found, and never gives wrong data.
#include "repository/pack_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "pack_fixture.hpp"
#include "repository/object_name.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

class PackReaderTest : public testing::Test, protected PackFixture {
 protected:
  [[nodiscard]] static std::string name_of(const PackInfo& pack) {
    return pack_object_name(pack.type, pack.name);
  }
  void flip(const PackInfo& pack, std::uint64_t at, base::Byte mask = 1) {
    must(test.storage.damage(name_of(pack), [&](base::Bytes& bytes) { bytes.at(at) ^= mask; }));
  }
  // Whether the pack's parts can be read: key and header, directory, every object.
  struct Readable {
    base::Result<std::shared_ptr<const OpenPack>> open;
    bool directory = false;
    std::vector<bool> objects;
    [[nodiscard]] bool all_objects() const {
      return std::ranges::all_of(objects, [](bool each) { return each; });
    }
  };
  Readable read_all(const StoredPack& pack, const std::vector<base::Bytes>& contents) {
    PackReader reader(*repository);
    Readable readable{.open = reader.open(pack.info), .directory = false, .objects = {}};
    readable.objects.resize(contents.size());
    if (!readable.open.ok()) return readable;
    if (const auto entries = reader.directory(pack.info, *readable.open.value()); entries.ok()) {
      readable.directory = true;
      EXPECT_EQ(entries.value().size(), contents.size());
    }
    for (std::size_t i = 0; i < contents.size(); ++i) {
      const auto plaintext = read_back(pack.info, pack.chunks[i]);
      readable.objects[i] = plaintext.ok();
      if (plaintext.ok()) EXPECT_EQ(plaintext.value(), contents[i]) << "wrong data";
    }
    return readable;
  }
};

TEST_F(PackReaderTest, ReadsWhatWasBuilt) {
  const auto contents = texts(12);
  for (const auto type : {ChunkType::data, ChunkType::tree}) {
    const auto pack = store_pack(type, contents);
    const auto readable = read_all(pack, contents);
    ASSERT_TRUE(readable.open.ok()) << readable.open.error().to_string();
    EXPECT_TRUE(readable.directory);
    EXPECT_TRUE(readable.all_objects());
    EXPECT_EQ(readable.open.value()->domain, &domain());
  }
}

TEST_F(PackReaderTest, TheDirectoryTellsWhatLiesWhere) {
  const auto pack = store_pack(ChunkType::data, texts(5));
  PackReader reader(*repository);
  const auto opened = must(reader.open(pack.info));
  const auto entries = must(reader.directory(pack.info, *opened));
  ASSERT_EQ(entries.size(), 5U);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].id, pack.chunks[i].id);
    EXPECT_EQ(entries[i].stored_size, pack.chunks[i].stored_size);
    EXPECT_EQ(entries[i].ordinal, pack.chunks[i].ordinal);
  }
}

// Every byte of a small pack: whatever can still be read is right, what was hit can't.
TEST_F(PackReaderTest, AFlippedByteAnywhere) {
  const auto contents = texts(3);
  const auto pack = store_pack(ChunkType::data, contents);
  const std::uint64_t box_at = pack_header_fixed_size;
  const auto objects_at = pack.chunks.front().offset;
  const auto directory_at = pack.chunks.back().offset + pack.chunks.back().stored_size;
  for (std::uint64_t at = 0; at < pack.info.size; ++at) {
    flip(pack.info, at);
    const auto readable = read_all(pack, contents);
    const auto where = "byte " + std::to_string(at);
    ASSERT_FALSE(readable.open.ok() && readable.directory && readable.all_objects()) << where;
    if (at >= box_at && at < objects_at) ASSERT_FALSE(readable.open.ok()) << where;
    if (at >= objects_at && at < directory_at) {
      ASSERT_TRUE(readable.open.ok() && readable.directory) << where;
      for (std::size_t i = 0; i < contents.size(); ++i) {
        const auto& place = pack.chunks[i];
        const bool is_hit = at >= place.offset && at < place.offset + place.stored_size;
        ASSERT_EQ(readable.objects[i], !is_hit) << where;
      }
    }
    if (at >= directory_at) {
      ASSERT_FALSE(readable.directory) << where;
      ASSERT_TRUE(readable.all_objects()) << where;
    }
    if (!readable.open.ok()) {
      const auto code = readable.open.error().code();
      ASSERT_TRUE(code == ErrorCode::damaged || code == ErrorCode::unsupported ||
                  code == ErrorCode::wrong_key)
          << where << readable.open.error().to_string();
      ASSERT_NE(readable.open.error().to_string().find(short_name(pack.info.name)),
                std::string::npos);
    }
    flip(pack.info, at);
  }
}

TEST_F(PackReaderTest, ATruncatedPack) {
  const auto contents = texts(3);
  const auto whole = store_pack(ChunkType::data, contents);
  const auto bytes = bytes_of(whole.info);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    must(test.storage.damage(name_of(whole.info), [&](base::Bytes& now) {
      now.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    }));
    auto told = whole;  // as an index tells it, and as a listing does
    const auto readable = read_all(told, contents);
    ASSERT_FALSE(readable.directory) << size;
    told.info.size = size;
    const auto listed = read_all(told, contents);
    ASSERT_FALSE(listed.directory) << size;
    if (!listed.open.ok()) ASSERT_EQ(listed.open.error().code(), ErrorCode::damaged) << size;
  }
}

TEST_F(PackReaderTest, AMissingPackIsAbsentNotDamaged) {
  auto pack = store_pack(ChunkType::data, texts(1));
  pack.info.name[0] ^= 1;
  PackReader reader(*repository);
  EXPECT_EQ(reader.open(pack.info).error().code(), ErrorCode::not_found);
}

TEST_F(PackReaderTest, APlaceThatIsWrong) {
  const auto contents = texts(4);
  const auto pack = store_pack(ChunkType::data, contents);
  const auto code_of = [&](const ChunkPlace& place) {
    return read_back(pack.info, place).error().code();
  };
  auto place = pack.chunks[1];
  place.key = 1;
  EXPECT_EQ(code_of(place), ErrorCode::damaged);
  place = pack.chunks[1];
  place.ordinal = 2;
  EXPECT_EQ(code_of(place), ErrorCode::damaged);
  place = pack.chunks[1];
  place.id = pack.chunks[2].id;
  EXPECT_EQ(code_of(place), ErrorCode::damaged) << "never another chunk's content";
  place = pack.chunks[1];
  place.offset = pack.chunks[2].offset;
  place.stored_size = pack.chunks[2].stored_size;
  EXPECT_EQ(code_of(place), ErrorCode::damaged);
  for (const std::uint32_t size : {0U, 1U, 22U}) {
    place = pack.chunks[1];
    place.stored_size = size;
    EXPECT_EQ(code_of(place), ErrorCode::damaged) << size;
  }
}

// A writer who holds all keys and lies about an id.
TEST_F(PackReaderTest, AnIdThatLiesIsDamaged) {
  const auto content = noise(1, 100);
  const auto builder = must(PackBuilder::begin(target(), ChunkType::data));
  must(builder->add(ChunkId{1}, encoded(content)));
  const auto pack = commit(must(builder->finish()));
  EXPECT_EQ(read_back(pack.info, pack.chunks[0]).error().code(), ErrorCode::damaged);
}

// The same, claiming a gigabyte where there are 100 bytes.
TEST_F(PackReaderTest, ASizeThatLiesIsDamaged) {
  const auto content = noise(1, 100);
  for (const std::uint32_t size : {99U, 101U, repository->config().chunker.size_max + 1, ~0U}) {
    const auto builder = must(PackBuilder::begin(target(), ChunkType::data));
    auto bytes = encoded(content);
    write_encoded_header(bytes, {.codec = codec::Codec::none, .filter = codec::Filter::none}, size);
    must(builder->add(domain().id_of(ChunkType::data, content), bytes));
    const auto pack = commit(must(builder->finish()));
    EXPECT_EQ(read_back(pack.info, pack.chunks[0]).error().code(), ErrorCode::damaged) << size;
  }
}

TEST_F(PackReaderTest, AForeignPackIsDamaged) {
  const auto pack = store_pack(ChunkType::data, texts(2));
  PackFixture other;
  must(other.test.storage.put(name_of(pack.info), bytes_of(pack.info)));
  PackReader reader(*other.repository);
  EXPECT_EQ(reader.open(pack.info).error().code(), ErrorCode::damaged) << "another repository's";

  auto as_tree = pack.info;
  as_tree.type = ChunkType::tree;
  must(test.storage.put(name_of(as_tree), bytes_of(pack.info)));
  PackReader here(*repository);
  EXPECT_EQ(here.open(as_tree).error().code(), ErrorCode::damaged) << "of another type";
}

TEST_F(PackReaderTest, ADomainThatIsNotOnTheRosterIsStrangeAndNotDamaged) {
  const PackTarget elsewhere{.storage = test.storage,
                             .random = test.random,
                             .config = repository->config(),
                             .domain = {42}};
  const auto builder = must(PackBuilder::begin(elsewhere, ChunkType::data));
  must(builder->add(ChunkId{}, encoded(noise(1, 10))));
  const auto pack = commit(must(builder->finish()));
  PackReader reader(*repository);
  EXPECT_EQ(reader.open(pack.info).error().code(), ErrorCode::wrong_key);
}

// More packs than are kept open.
TEST_F(PackReaderTest, OpensManyPacks) {
  std::vector<StoredPack> packs;
  for (std::size_t i = 0; i < 600; ++i) {
    packs.push_back(store_pack(ChunkType::data, {noise(i, 20)}));
  }
  PackReader reader(*repository);
  for (int round = 0; round < 2; ++round) {
    for (const auto& pack : packs) ASSERT_TRUE(reader.open(pack.info).ok());
  }
  const auto again = must(reader.open(packs.back().info));
  EXPECT_EQ(again, must(reader.open(packs.back().info))) << "kept";
}

}  // namespace
}  // namespace holdfast::repository
