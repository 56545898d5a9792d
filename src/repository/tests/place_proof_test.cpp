// Segments may lie: what is really there decides what is read, kept and deleted.
#include "repository/place_proof.hpp"

#include <gtest/gtest.h>

#include "burglar_fixture.hpp"
#include "repository/prune.hpp"
#include "repository/repository_reader.hpp"

namespace holdfast::repository {
namespace {

const TestFiles files{{"/a", noise(1, 200'000)}, {"/b", noise(2, 3'000)}};

TEST(PlaceProof, TellsWhatIsThereFromWhatIsSaid) {
  TestRepository test;
  auto repository = test.open();
  must(write_snapshot(*repository, files));
  const auto chunk = all_chunks(*repository).front();
  const auto reader = must(RepositoryReader::open(*repository, Following::nothing));
  PlaceProof proof(*repository, reader->packs());
  EXPECT_TRUE(must(proof.holds(chunk)));
  auto elsewhere = chunk;
  elsewhere.place.offset += 1;
  EXPECT_FALSE(must(proof.holds(elsewhere)));
  elsewhere.place.offset = static_cast<std::uint32_t>(chunk.pack.size);
  EXPECT_FALSE(must(proof.holds(elsewhere)));
  elsewhere = chunk;
  elsewhere.pack = put_garbage_pack(*repository, 5);
  EXPECT_FALSE(must(proof.holds(elsewhere)));
  EXPECT_TRUE(must(proof.is_as_stored(elsewhere.pack))) << "garbage, as it was stored";
  elsewhere.pack.name[0] ^= 1;
  EXPECT_FALSE(must(proof.holds(elsewhere)));
  EXPECT_FALSE(must(proof.is_as_stored(elsewhere.pack)));
  must(test.storage.damage(pack_object_name(chunk.pack.type, chunk.pack.name),
                           [](base::Bytes& bytes) { bytes[bytes.size() / 2] ^= 1; }));
  PlaceProof fresh(*repository, reader->packs());
  EXPECT_FALSE(must(fresh.is_as_stored(chunk.pack)));
}

class ForgedIndex : public testing::TestWithParam<bool> {
 protected:
  [[nodiscard]] static storage::Capabilities place() {
    return GetParam()
               ? locked_bucket()
               : storage::Capabilities{.versions = false, .retention = false, .consistent = true};
  }
};

TEST_P(ForgedIndex, CostsNobodyASnapshot) {
  TestRepository test(place());
  auto repository = test.open();
  const auto before = must(write_snapshot(*repository, files));
  TestFiles more = files;
  for (int i = 0; i < 40; ++i)
    more["/f" + std::to_string(i)] = noise(static_cast<std::uint64_t>(i) + 10, 5'000);
  const auto garbage = must(write_snapshot(*repository, more));
  forge_index(*repository);
  EXPECT_EQ(must(read_snapshot(*test.open("fresh"), before.summary.root)), files);
  // Packs of which half is garbage now: they are compacted, and their true places are given up.
  const auto list = must(list_snapshots(*repository));
  must(forget_snapshot(*repository, must(choose_snapshot(list, base::to_hex(garbage.id)))));
  for (int i = 0; i < 80; ++i) {
    auto maintainer = test.open("maintainer");
    (void)must(prune(*maintainer, {}, PruneRun::real, {}, {}));
    test.clock.advance(base::hours(26));
    if (i % 20 == 0) {
      ASSERT_EQ(must(read_snapshot(*test.open("r" + std::to_string(i)), before.summary.root)),
                files);
    }
  }
  EXPECT_EQ(must(read_snapshot(*test.open("last"), before.summary.root)), files);
}

INSTANTIATE_TEST_SUITE_P(Places, ForgedIndex, testing::Bool(), [](const auto& info) {
  return info.param ? std::string("locked") : std::string("plain");
});

}  // namespace
}  // namespace holdfast::repository
