// Building packs: what is written is found again, copies keep what they are bound to.
#include "repository/pack_builder.hpp"

#include <gtest/gtest.h>

#include "pack_fixture.hpp"
#include "repository/object_name.hpp"
#include "storage/fault.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

class PackBuilderTest : public testing::Test, protected PackFixture {};

TEST_F(PackBuilderTest, IsNamedByItsBytes) {
  const auto pack = store_pack(ChunkType::data, texts(3));
  const auto bytes = bytes_of(pack.info);
  EXPECT_EQ(codec::sha256(bytes), pack.info.name);
  EXPECT_EQ(bytes.size(), pack.info.size);
  EXPECT_EQ(pack.info.type, ChunkType::data);
  ASSERT_EQ(pack.chunks.size(), 3U);
}

TEST_F(PackBuilderTest, PlacesFollowEachOther) {
  const auto pack = store_pack(ChunkType::tree, texts(20));
  std::uint64_t offset = pack_header_fixed_size + pack_box_size;
  for (std::size_t i = 0; i < pack.chunks.size(); ++i) {
    EXPECT_EQ(pack.chunks[i].offset, offset);
    EXPECT_EQ(pack.chunks[i].key, 0);
    EXPECT_EQ(pack.chunks[i].ordinal, i);
    offset += pack.chunks[i].stored_size;
  }
  EXPECT_EQ(offset + 20 * directory_entry_size + codec::cipher_tag_size + pack_footer_size,
            pack.info.size);
}

TEST_F(PackBuilderTest, EqualContentGivesUnequalPacks) {
  const auto one = store_pack(ChunkType::data, texts(1));
  const auto two = store_pack(ChunkType::data, texts(1));
  EXPECT_NE(one.info.name, two.info.name) << "a key is used for one pack";
  EXPECT_EQ(one.chunks[0].id, two.chunks[0].id);
}

TEST_F(PackBuilderTest, IsFullAtItsSize) {
  const auto builder = must(PackBuilder::begin(target(), ChunkType::tree));
  EXPECT_TRUE(builder->is_empty());
  EXPECT_FALSE(builder->is_full());
  std::uint64_t size = 0;
  while (!builder->is_full()) {
    const auto content = noise(size, 1000);
    must(builder->add(domain().id_of(ChunkType::tree, content), encoded(content)));
    size += content.size() + chunk_overhead;
    ASSERT_LT(size, 2U * repository->config().pack_tree_max);
  }
  EXPECT_FALSE(builder->is_empty());
  const auto sealed = must(builder->finish());
  EXPECT_GE(sealed.info.size, repository->config().pack_tree_max);
}

TEST_F(PackBuilderTest, ACopyKeepsItsKeyAndOrdinal) {
  const auto contents = texts(4);
  const auto old = store_pack(ChunkType::data, contents);
  const auto old_bytes = bytes_of(old.info);
  const auto header = must(decode_pack_header(old_bytes));
  const auto builder = must(PackBuilder::begin(target(), ChunkType::data, header.boxes));
  const auto fresh = noise(99, 300);
  must(builder->add(domain().id_of(ChunkType::data, fresh), encoded(fresh)));
  for (const std::size_t i : {3U, 1U}) {
    const auto& place = old.chunks[i];
    const auto ciphertext = base::ByteView(old_bytes).subspan(place.offset, place.stored_size);
    must(builder->add_copy(place.id, ciphertext, 0, place.ordinal));
  }
  const auto copied = commit(must(builder->finish()));
  ASSERT_EQ(copied.chunks.size(), 3U);
  EXPECT_EQ(copied.chunks[1].id, old.chunks[3].id);
  EXPECT_EQ(copied.chunks[1].key, 1);
  EXPECT_EQ(copied.chunks[1].ordinal, 3);
  EXPECT_EQ(copied.chunks[2].key, 1);
  EXPECT_EQ(copied.chunks[2].ordinal, 1);

  // The old pack isn't needed any more.
  const std::vector<std::string> names{pack_object_name(ChunkType::data, old.info.name)};
  (void)must(test.storage.remove(names));
  EXPECT_EQ(must(read_back(copied.info, copied.chunks[0])), fresh);
  EXPECT_EQ(must(read_back(copied.info, copied.chunks[1])), contents[3]);
  EXPECT_EQ(must(read_back(copied.info, copied.chunks[2])), contents[1]);
}

TEST_F(PackBuilderTest, AbandonedItLeavesNothing) {
  {
    const auto builder = must(PackBuilder::begin(target(), ChunkType::data));
    must(builder->add(ChunkId{}, encoded(noise(1, 100))));
  }
  {
    const auto builder = must(PackBuilder::begin(target(), ChunkType::data));
    must(builder->add(ChunkId{}, encoded(noise(1, 100))));
    (void)must(builder->finish());
  }
  EXPECT_TRUE(must(test.storage.list_all(data_prefix)).empty());
}

TEST_F(PackBuilderTest, AnOutageShows) {
  storage::FaultStorage broken(test.storage, test.clock, 1, {.unavailable_before = 1});
  const PackTarget there{.storage = broken,
                         .random = test.random,
                         .config = repository->config(),
                         .domain = domain().id()};
  EXPECT_EQ(PackBuilder::begin(there, ChunkType::data).error().code(), ErrorCode::unavailable);
}

}  // namespace
}  // namespace holdfast::repository
