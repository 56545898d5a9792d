// The listing of packs: what counts as one, and what is foreign.
#include "repository/pack_list.hpp"

#include <gtest/gtest.h>

#include "pack_fixture.hpp"
#include "repository/object_name.hpp"
#include "storage/fault.hpp"

namespace holdfast::repository {
namespace {

class PackListTest : public testing::Test, protected PackFixture {};

TEST_F(PackListTest, ShowsPacksOfBothTypesWithSizeAndTime) {
  EXPECT_TRUE(must(list_packs(*repository)).empty());
  test.clock.advance(base::seconds(7));
  const auto data = store_pack(ChunkType::data, texts(2));
  const auto tree = store_pack(ChunkType::tree, texts(3));
  const auto listed = must(list_packs(*repository));
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed.at(data.info.name).type, ChunkType::data);
  EXPECT_EQ(listed.at(data.info.name).size, data.info.size);
  EXPECT_EQ(listed.at(data.info.name).stored_at, test.clock.now());
  EXPECT_EQ(listed.at(tree.info.name).type, ChunkType::tree);
  EXPECT_EQ(listed.at(tree.info.name).size, tree.info.size);
}

TEST_F(PackListTest, ForeignNamesAreReported) {
  const auto hex = std::string(64, 'a');
  const std::vector<std::string> foreign = {"data/bb/" + hex,   // in the wrong folder
                                            "data/" + hex,      // in none
                                            "data/aa/x" + hex,  // longer
                                            "data/aa/" + hex.substr(1), "tree/readme"};
  for (const auto& name : foreign) must(test.storage.put(name, base::as_bytes("x")));
  must(test.storage.put("data/aa/" + hex, base::as_bytes("a pack, by its name")));
  std::vector<IgnoredObject> ignored;
  const auto listed = must(list_packs(*repository, &ignored));
  EXPECT_EQ(listed.size(), 1U);
  EXPECT_EQ(ignored.size(), foreign.size());
  EXPECT_EQ(must(list_packs(*repository)).size(), 1U);
}

TEST_F(PackListTest, GoesThroughAllPages) {
  constexpr std::size_t many = 2'345;
  for (std::size_t i = 0; i < many; ++i) {
    const auto hash = codec::sha256(base::as_bytes(std::to_string(i)));
    must(test.storage.put(pack_object_name(ChunkType::data, hash), base::as_bytes("x")));
  }
  EXPECT_EQ(must(list_packs(*repository)).size(), many);
}

TEST_F(PackListTest, AnOutageIsNoEmptyRepository) {
  const auto environment = test.environment();
  storage::FaultStorage broken(test.storage, test.clock, 1, {});
  const auto elsewhere = must(Repository::open({.storage = broken,
                                                .files = environment.files,
                                                .executor = environment.executor,
                                                .clock = environment.clock,
                                                .random = environment.random,
                                                .cache_directory = environment.cache_directory},
                                               TestRepository::passphrase()));
  broken.set_options({.unavailable_before = 1});
  EXPECT_EQ(list_packs(*elsewhere).error().code(), base::ErrorCode::unavailable);
}

}  // namespace
}  // namespace holdfast::repository
