// Soundness by kind: counts as they were at capture, and git repositories whose HEAD leads
// somewhere.
#include "soundness.hpp"

#include <gtest/gtest.h>

#include "engine/plan_run.hpp"
#include "repository/repository_reader.hpp"
#include "strategy_fixture.hpp"

namespace holdfast::engine {

namespace {

using base::ErrorCode;

class SoundnessTest : public testing::Test {
 protected:
  SoundnessTest() {
    EXPECT_TRUE(make_places(*test.workplace).ok());
    test.write("mirror.git/HEAD", "ref: refs/heads/main\n");
    test.write("mirror.git/objects/pack/pack-1.pack", "PACK");
    test.write("mirror.git/packed-refs",
               "# pack-refs with: peeled fully-peeled sorted\n"
               "1111111111111111111111111111111111111111 refs/heads/main\n");
  }
  // Captures what lies there, and looks at it with a check. `change` may alter what was recorded.
  base::Result<void> look(
      SoundnessCheck check,
      const std::function<void(repository::SnapshotDetail&)>& change = [](auto&) {}) {
    const auto done =
        run_plans(*test.workplace, test.run_of("code", "now"), [](const Progress&) {}, {});
    EXPECT_EQ(done.value().end.state, catalog::RunState::succeeded);
    const auto place = open_place(*test.workplace, *test.strategy.location("ssd")).value();
    auto& repository = place->repository();
    const auto list = repository::list_snapshots(repository).value();
    const auto& snapshot = list.snapshots.back();
    auto detail = repository::read_detail(repository, snapshot.id).value();
    change(detail);
    const auto reader =
        repository::RepositoryReader::open(repository, repository::Following::prunes).value();
    return check({.reader = *reader, .snapshot = snapshot, .detail = detail, .stop = {}});
  }

  TestStrategy test{
      "  code:\n    files: { paths: [mirror.git] }\n    plans: { now: { when: manual, to: { ssd: "
      "7d "
      "} } }\n"};
};

TEST_F(SoundnessTest, KnowsTheKindsThatAreBuilt) {
  EXPECT_EQ(soundness_check_of("files"), &check_counts);
  EXPECT_EQ(soundness_check_of("command"), &check_counts);
  EXPECT_EQ(soundness_check_of("git"), &check_git);
  EXPECT_EQ(soundness_check_of("postgres"), nullptr);
}

TEST_F(SoundnessTest, CountsAreThoseOfTheCapture) {
  EXPECT_TRUE(look(&check_counts).ok());
  for (const auto* name : {"files", "directories", "others", "bytes"}) {
    const auto done = look(&check_counts, [&](repository::SnapshotDetail& detail) {
      for (auto& [key, value] : detail.statistics) {
        if (key == name) ++value;
      }
    });
    ASSERT_FALSE(done.ok()) << name;
    EXPECT_EQ(done.error().code(), ErrorCode::damaged);
  }
  // What was not counted is not compared.
  EXPECT_TRUE(look(&check_counts, [](auto& detail) { detail.statistics.clear(); }).ok());
}

TEST_F(SoundnessTest, ARepositoryWhoseHeadLeadsSomewhereIsSound) {
  EXPECT_TRUE(look(&check_git).ok());
  test.write("mirror.git/packed-refs", "");
  test.write("mirror.git/refs/heads/main", "1111111111111111111111111111111111111111\n");
  EXPECT_TRUE(look(&check_git).ok());
  test.write("mirror.git/HEAD", "1111111111111111111111111111111111111111\n");
  EXPECT_TRUE(look(&check_git).ok());
}

TEST_F(SoundnessTest, OneWithoutIsNot) {
  test.write("mirror.git/HEAD", "ref: refs/heads/other\n");
  EXPECT_EQ(look(&check_git).error().code(), ErrorCode::damaged);
  test.write("mirror.git/HEAD", "");
  EXPECT_EQ(look(&check_git).error().code(), ErrorCode::damaged);
  test.write("mirror.git/HEAD", std::string(5'000, 'x'));
  EXPECT_EQ(look(&check_git).error().code(), ErrorCode::damaged);
  test.write("mirror.git/HEAD", "ref: refs/heads/main\n");
  test.write("mirror.git/packed-refs", "# nothing\n");
  EXPECT_EQ(look(&check_git).error().code(), ErrorCode::damaged);
  std::filesystem::remove_all(test.directory / "mirror.git/objects");
  EXPECT_EQ(look(&check_git).error().code(), ErrorCode::damaged);
}

TEST_F(SoundnessTest, AKindThatIsNotKnownIsNotSound) {
  EXPECT_TRUE(look(&check_counts).ok());
  const auto place = open_place(*test.workplace, *test.strategy.location("ssd")).value();
  const auto list = repository::list_snapshots(place->repository()).value();
  auto snapshot = list.snapshots.back();
  EXPECT_TRUE(check_soundness(place->repository(), snapshot, {}).ok());
  snapshot.summary.source = "unheard-of";
  EXPECT_EQ(check_soundness(place->repository(), snapshot, {}).error().code(),
            ErrorCode::unsupported);
}

}  // namespace

}  // namespace holdfast::engine
