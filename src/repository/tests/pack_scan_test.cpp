// A scan tells good objects from bad ones, and a pack whose bytes are not what its name states.
#include "repository/pack_scan.hpp"

#include <gtest/gtest.h>

#include "pack_fixture.hpp"
#include "repository/object_name.hpp"
#include "repository/pack_list.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

struct Scanned {
  TestRepository test;
  std::unique_ptr<Repository> repository = test.open();
  PackInfo pack;

  Scanned() {
    (void)must(write_snapshot(*repository, {{"/f", noise(1, 60'000)}}));
    for (const auto& [name, found] : must(list_packs(*repository))) {
      if (found.type == ChunkType::data)
        pack = {.name = name, .type = found.type, .size = found.size};
    }
  }
  void flip(std::size_t at) {
    must(test.storage.damage(pack_object_name(pack.type, pack.name),
                             [at](base::Bytes& bytes) { bytes.at(at) ^= 1; }));
  }
  base::Result<ScannedPack> scan(ScanDepth depth) {
    PackReader packs(*repository);
    return scan_pack(*repository, packs, pack, depth);
  }
};

TEST(PackScan, ASoundPackIsAllGood) {
  Scanned sound;
  const auto scanned = must(sound.scan(ScanDepth::objects));
  EXPECT_TRUE(scanned.hash_is_right);
  EXPECT_TRUE(scanned.bad.empty());
  EXPECT_FALSE(scanned.good.empty());
}

TEST(PackScan, AFlippedByteOfAnObjectCostsThatObject) {
  Scanned damaged;
  const auto before = must(damaged.scan(ScanDepth::objects));
  ASSERT_FALSE(before.good.empty());  // how many there are is the repository's random chunking's
  damaged.flip(before.good.back().offset + 20);
  const auto scanned = must(damaged.scan(ScanDepth::objects));
  EXPECT_FALSE(scanned.hash_is_right);
  ASSERT_EQ(scanned.bad.size(), 1U);
  EXPECT_EQ(scanned.bad[0].id, before.good.back().id);
  EXPECT_EQ(scanned.good.size(), before.good.size() - 1);
}

TEST(PackScan, HashingSeesEveryRegion) {
  for (const auto part : {0.0, 0.01, 0.1, 0.5, 0.9, 1.0}) {
    Scanned damaged;
    // How large the pack is is the repository's random chunking's.
    damaged.flip(static_cast<std::size_t>(part * static_cast<double>(damaged.pack.size - 1)));
    EXPECT_FALSE(must(damaged.scan(ScanDepth::hash)).hash_is_right);
  }
}

TEST(PackScan, ADamagedDirectoryOrHeaderIsAnError) {
  Scanned directory;
  directory.flip(directory.pack.size - 30);
  EXPECT_EQ(directory.scan(ScanDepth::objects).error().code(), base::ErrorCode::damaged);
  Scanned header;
  header.flip(70);  // in the sealed key
  EXPECT_EQ(header.scan(ScanDepth::objects).error().code(), base::ErrorCode::damaged);
}

// What a newer program wrote is not damage, and nobody may take it for that.
TEST(PackScan, AnObjectOfAnUnknownCodecIsAnError) {
  PackFixture fixture;
  const auto builder = must(PackBuilder::begin(fixture.target(), ChunkType::data));
  const auto content = noise(1, 1'000);
  const auto encoded = fixture.encoded(content);
  encoded[0] = 77;
  must(builder->add(fixture.domain().id_of(ChunkType::data, content), encoded));
  const auto pack = fixture.commit(must(builder->finish()));
  PackReader packs(*fixture.repository);
  const auto scanned = scan_pack(*fixture.repository, packs, pack.info, ScanDepth::objects);
  ASSERT_FALSE(scanned.ok());
  EXPECT_EQ(scanned.error().code(), base::ErrorCode::unsupported);
}

TEST(PackScan, AStrangeHeaderIsDamageIfTheHashIsWrong) {
  for (const std::size_t at : {std::size_t{4}, std::size_t{24}}) {  // version, domain
    Scanned damaged;
    damaged.flip(at);
    EXPECT_EQ(damaged.scan(ScanDepth::objects).error().code(), base::ErrorCode::damaged);
  }
}

}  // namespace
}  // namespace holdfast::repository
