// A real repository with parity: damage to packs, snapshot, index and the key slot is told by
// verify, mended by repair, and everything restores.
#include "engine/parity.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "engine/verify.hpp"
#include "engine_fixture.hpp"
#include "repository/repair.hpp"

namespace holdfast::engine {
namespace {

using Kind = Finding::Kind;

class ParityTest : public EngineTest {
 protected:
  ParityTest() {
    make_tree();
    write("large", noise(5, 900'000));
    create();
    (void)back_up(*open());
    EXPECT_TRUE(must(protect_at({.url = url()}, 5, {}, {})).skipped.empty());
  }
  [[nodiscard]] std::string url() const { return location().url; }
  [[nodiscard]] VerifyReport verified(Level level) const {
    return must(verify(open(passphrase, "fresh")->repository(), level, std::nullopt, {}, {}));
  }
  // Writes over `size` bytes of an object.
  void overwrite(const std::string& object, std::uint64_t at, std::uint64_t size) const {
    std::fstream file(object_path(object), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << noise(99, size);
    ASSERT_TRUE(file.good());
  }
  [[nodiscard]] std::uint64_t loss_max(const std::string& object) const {
    return repository::ParityLayout::choose(std::filesystem::file_size(object_path(object)), 5)
        .loss_max();
  }

 public:
  [[nodiscard]] static const Finding* finding_of(const VerifyReport& report,
                                                 const std::string& object) {
    for (const auto& finding : report.findings) {
      if (finding.object == object) return &finding;
    }
    return nullptr;
  }
};

TEST_F(ParityTest, DamageEverywhereIsMendedAndEverythingRestores) {
  std::vector<std::string> damaged;
  for (const auto* kind : {"data/", "tree/", "index/", "snapshots/", "roster/"}) {
    for (const auto& object : objects(kind)) {
      overwrite(object, 0, loss_max(object));
      damaged.push_back(object);
    }
  }
  truncate(objects("config/").at(0), 3);
  truncate(objects("keys/").at(0), 3);
  damaged.push_back(objects("config/").at(0));
  damaged.push_back(objects("keys/").at(0));
  std::sort(damaged.begin(), damaged.end());
  EXPECT_FALSE(Location::open(location("fresh"), bytes(passphrase)).ok());

  const auto mended = must(mend_at({.url = url()}, {}, {}));
  EXPECT_EQ(mended.mended, damaged);
  EXPECT_TRUE(mended.unmendable.empty() && mended.renewed.empty());
  const auto repaired = must(repository::repair(open()->repository(), {}, {}));
  EXPECT_EQ(repaired.lost_count, 0U);
  EXPECT_TRUE(repaired.replaced.empty() && repaired.removed_objects.empty());
  const auto report = verified(Level::sound);
  EXPECT_EQ(report.damage_count + report.unchecked_count, 0U);
  const auto at = open(passphrase, "fresh");
  EXPECT_EQ(differences(files(), restored(*at)), std::vector<std::string>{});
}

TEST_F(ParityTest, VerifySaysWhatRepairCanMend) {
  auto packs = objects("data/");
  ASSERT_GE(packs.size(), 2U);
  const auto size = [&](const std::string& pack) {
    return std::filesystem::file_size(object_path(pack));
  };
  // The largest; small ones are mended whatever is lost.
  std::sort(packs.begin(), packs.end(),
            [&](const auto& a, const auto& b) { return size(a) > size(b); });
  overwrite(packs[0], 5'000, 1'000);
  overwrite(packs[1], 0, size(packs[1]) / 2);
  const auto report = verified(Level::intact);
  const auto* first = finding_of(report, packs[0]);
  const auto* second = finding_of(report, packs[1]);
  ASSERT_TRUE(first != nullptr && second != nullptr);
  EXPECT_EQ(first->kind, Kind::damage);
  EXPECT_NE(first->message.find("'holdfast repository repair' can mend it"), std::string::npos)
      << first->message;
  EXPECT_NE(second->message.find("its parity is not enough"), std::string::npos) << second->message;
  const auto mended = must(mend_at({.url = url()}, {}, {}));
  EXPECT_EQ(mended.mended, std::vector<std::string>{packs[0]});
  ASSERT_EQ(mended.unmendable.size(), 1U);
  EXPECT_EQ(mended.unmendable[0].name, packs[1]);
}

TEST_F(ParityTest, VerifyTellsDamagedForgedAndForeignParityApart) {
  const auto sidecars = objects("parity/");
  flip_byte(sidecars.at(0), 50);
  const auto folder = std::filesystem::path(object_path("parity/readme")).parent_path();
  std::ofstream(folder / "readme") << "x";
  std::filesystem::create_directories(object_path("mended/data"));
  std::ofstream(object_path("mended/data/leftover")) << "x";
  const auto report = verified(Level::intact);
  ASSERT_NE(finding_of(report, sidecars[0]), nullptr);
  EXPECT_EQ(finding_of(report, sidecars[0])->kind, Kind::damage);
  ASSERT_NE(finding_of(report, "parity/readme"), nullptr);
  EXPECT_EQ(finding_of(report, "parity/readme")->kind, Kind::note);
  ASSERT_NE(finding_of(report, "mended/data/leftover"), nullptr);
  EXPECT_EQ(finding_of(report, "mended/data/leftover")->kind, Kind::note);
  EXPECT_EQ(verified(Level::present).damage_count, 0U) << "nothing is read";
  EXPECT_EQ(must(mend_at({.url = url()}, {}, {})).renewed, std::vector<std::string>{sidecars[0]});
  EXPECT_EQ(verified(Level::sound).damage_count, 0U);
}

TEST_F(ParityTest, WhereNoRepositoryIs) {
  const auto nowhere = root() + "/nowhere";
  EXPECT_FALSE(protect_at({.url = nowhere}, 5, {}, {}).ok());
  std::filesystem::create_directory(nowhere);
  const auto empty = protect_at({.url = nowhere}, 5, {}, {});
  ASSERT_FALSE(empty.ok());
  EXPECT_EQ(empty.error().code(), base::ErrorCode::not_found);
  EXPECT_FALSE(mend_at({.url = nowhere}, {}, {}).ok());
}

}  // namespace
}  // namespace holdfast::engine
