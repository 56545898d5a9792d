// Names are looked up before anything is copied, the report says what became of each, and what was
// copied restores as the original does.
#include "engine/copy.hpp"

#include "engine_fixture.hpp"

namespace holdfast::engine {
namespace {

class CopyTest : public EngineTest {
 protected:
  CopyTest() {
    make_tree();
    create();
    must(Location::create(far(), small_repository(), bytes(passphrase)));
  }
  LocationOptions far() const {
    auto options = location();
    options.url = root() + "/far";
    return options;
  }
  std::unique_ptr<Location> open_far() const {
    return must(Location::open(far(), bytes(passphrase)));
  }
  base::Result<CopyReport> copy(const std::vector<std::string>& names) {
    const auto from = open();
    const auto to = open_far();
    return copy_snapshots(from->repository(), to->repository(), names, [](const Progress&) {}, {});
  }
};

TEST_F(CopyTest, ACopyRestoresAsItsOriginal) {
  (void)back_up(*open());
  const auto report = must(copy({"latest"}));
  ASSERT_EQ(report.snapshots.size(), 1U);
  EXPECT_FALSE(report.snapshots[0].was_there);
  EXPECT_FALSE(report.as_ciphertext);
  EXPECT_GT(report.totals.bytes_copied, 0U);
  const auto far_place = open_far();
  EXPECT_EQ(differences(restored(*open(), "latest", "from-near"),
                        restored(*far_place, "latest", "from-far")),
            std::vector<std::string>{});
  EXPECT_TRUE(must(copy({"latest"})).snapshots[0].was_there);
}

TEST_F(CopyTest, AWrongNameCopiesNothing) {
  (void)back_up(*open());
  const auto report = copy({"latest", "feedfeed"});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), base::ErrorCode::not_found);
  EXPECT_TRUE(must(repository::list_snapshots(open_far()->repository())).snapshots.empty());
}

}  // namespace
}  // namespace holdfast::engine
