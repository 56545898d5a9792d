// Components of the kind git: captured with every ref, restored so that they can be cloned, pushed
// to mirrors that may be down.
#include "git_component.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "engine/component_restore.hpp"
#include "engine/component_snapshots.hpp"
#include "engine/status.hpp"
#include "strategy_fixture.hpp"

namespace holdfast::engine {
namespace {

const ProgressCall silent = [](const Progress&) {};

using base::ErrorCode;
using catalog::RunState;
using testing::Contains;
using testing::HasSubstr;

class GitComponentTest : public testing::Test {
 protected:
  GitComponentTest() {
    EXPECT_TRUE(make_places(*test.workplace).ok());
    test.shell("git init --quiet --initial-branch=main code");
    commit("one");
    test.shell("git init --quiet --bare --initial-branch=main forge.git");
  }
  std::string commit(const std::string& content) {
    test.write("code/file", content);
    test.shell("cd code && git add -A && git commit --quiet -m '" + content + "'");
    return test.shell("git -C code rev-parse HEAD");
  }
  base::Result<ComponentRestoreReport> restore(ComponentRestoreOptions options = {}) {
    options.files.target = test.directory / "restored";
    return restore_component(*test.workplace, test.component("code"), options, silent, {});
  }
  void bring_forward() {
    auto waiting = test.catalog->copies().waiting().value();
    for (auto& each : waiting) {
      each.next_attempt = test.clock.now();
      ASSERT_TRUE(test.catalog->copies().put(each).ok());
    }
    ASSERT_TRUE(catch_up_copies(*test.workplace, silent, {}).ok());
  }
  std::uint64_t waiting() { return test.catalog->copies().waiting().value().size(); }

  TestStrategy test{
      "  code:\n    git: { path: code }\n"
      "    plans:\n"
      "      archive: { when: commit, to: { ssd: forever, hdd: 7d } }\n"
      "      push: { when: commit, to: forge }\n"
      "      both: { when: commit, to: [ssd, forge], keep: 7d }\n",
      "  forge: { mirror: ./forge.git }\n"};
};

TEST_F(GitComponentTest, ComesBackWithEveryRef) {
  test.shell(
      "cd code && git tag -a v1 -m words && git branch 'strange\"name' && git update-ref "
      "refs/own/place HEAD");
  const auto id = commit("two");
  const auto report = test.run("code", "archive");
  EXPECT_EQ(report.end.state, RunState::succeeded) << report.end.message;
  const auto record = test.snapshots("ssd").snapshots.at(0);
  EXPECT_EQ(tag_of(record, commit_tag), id);
  EXPECT_EQ(tag_of(record, branch_tag), "main");
  EXPECT_EQ(test.snapshots("hdd").snapshots.size(), 1U);
  const auto restored = restore();
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  EXPECT_EQ(restored.value().into, test.directory / "restored/code.git");
  EXPECT_EQ(test.shell("git -C restored/code.git show-ref"), test.shell("git -C code show-ref"));
  test.shell("git -C restored/code.git fsck --strict");
  test.shell("git clone --quiet restored/code.git clone");
  EXPECT_EQ(test.read("clone/file"), "two");
}

TEST_F(GitComponentTest, NothingNewCostsNothing) {
  EXPECT_EQ(test.run("code", "archive").end.state, RunState::succeeded);
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));  // until stat is trusted
  EXPECT_EQ(test.run("code", "archive").end.state, RunState::succeeded);
  const auto report = test.run("code", "archive");
  EXPECT_EQ(report.end.state, RunState::succeeded);
  EXPECT_EQ(report.end.bytes_read, 0U);
  EXPECT_EQ(test.snapshots("ssd").snapshots.size(), 3U);
}

TEST_F(GitComponentTest, OneTagAsAnArchive) {
  test.shell("git -C code tag config/v1");
  commit("two");
  EXPECT_EQ(test.run("code", "archive").end.state, RunState::succeeded);
  ComponentRestoreOptions options;
  options.archive = "config/v1";
  const auto report = restore(options);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report.value().restored.files.totals.files, 1U);
  EXPECT_EQ(test.shell("ls -A restored"), "code-config-v1.tar");
  test.shell("tar -xf restored/code-config-v1.tar");
  EXPECT_EQ(test.read("code-config-v1/file"), "one");
  options.archive = "v9";
  EXPECT_EQ(restore(options).error().code(), ErrorCode::not_found);
  EXPECT_EQ(test.shell("ls -A restored"), "code-config-v1.tar");
}

TEST_F(GitComponentTest, IsNotRestoredInPlace) {
  EXPECT_EQ(test.run("code", "archive").end.state, RunState::succeeded);
  ComponentRestoreOptions options;
  options.target = ComponentRestoreOptions::Target::in_place;
  EXPECT_EQ(restore(options).error().code(), ErrorCode::invalid_argument);
}

TEST_F(GitComponentTest, ASourceThatIsGoneFailsTheRun) {
  test.unmount("code");
  for (const auto* plan : {"archive", "push", "both"}) {
    const auto report = test.run("code", plan);
    EXPECT_EQ(report.end.state, RunState::failed);
    EXPECT_THAT(report.end.message, HasSubstr("no git repository"));
  }
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(GitComponentTest, PushesToAMirror) {
  const auto report = test.run("code", "push");
  EXPECT_EQ(report.end.state, RunState::succeeded) << report.end.message;
  ASSERT_EQ(report.places.size(), 1U);
  EXPECT_EQ(report.places[0].state, PlaceOutcome::State::copied);
  EXPECT_EQ(report.places[0].snapshot, test.shell("git -C code rev-parse HEAD"));
  EXPECT_EQ(report.places[0].refs_changed, 1U);
  EXPECT_EQ(test.shell("git -C forge.git show-ref"), test.shell("git -C code show-ref"));
  EXPECT_TRUE(test.snapshots("ssd").snapshots.empty());
  EXPECT_TRUE(test.catalog->copies().newest("code", "forge").value());
}

TEST_F(GitComponentTest, AMirrorThatIsDownIsCaughtUp) {
  test.unmount("forge.git");
  const auto report = test.run("code", "both");
  EXPECT_EQ(report.end.state, RunState::warnings);
  EXPECT_EQ(test.snapshots("ssd").snapshots.size(), 1U);
  EXPECT_EQ(waiting(), 1U);
  EXPECT_FALSE(std::filesystem::exists(test.directory / "forge.git"));
  bring_forward();
  EXPECT_EQ(waiting(), 1U);
  test.mount("forge.git");
  bring_forward();
  EXPECT_EQ(waiting(), 0U);
  EXPECT_EQ(test.shell("git -C forge.git show-ref"), test.shell("git -C code show-ref"));
}

TEST_F(GitComponentTest, StatusTellsOfMirrors) {
  using State = MirrorStatus::State;
  const auto mirror = [&] {
    const auto status = status_of(*test.workplace).value();
    return status.components.at(0).mirrors.at(0);
  };
  EXPECT_EQ(mirror().state, State::behind);
  EXPECT_EQ(mirror().refs_behind, 1U);
  EXPECT_TRUE(mirror().age);
  EXPECT_EQ(test.run("code", "push").end.state, RunState::succeeded);
  EXPECT_EQ(mirror().state, State::in_step);
  test.unmount("forge.git");
  EXPECT_EQ(mirror().state, State::unknown);
  EXPECT_THAT(mirror().message, HasSubstr("no git repository"));
}

TEST_F(GitComponentTest, TheOnlyMirrorIsDown) {
  test.unmount("forge.git");
  const auto report = test.run("code", "push");
  EXPECT_EQ(report.end.state, RunState::failed);
  EXPECT_THAT(report.end.message, HasSubstr("no location of the plan is up"));
  EXPECT_EQ(waiting(), 1U);
  test.mount("forge.git");
  bring_forward();
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(GitComponentTest, AMirrorThatIsUpGetsItThoughNoRepositoryIs) {
  test.unmount("ssd");
  const auto report = test.run("code", "both");
  EXPECT_EQ(report.end.state, RunState::failed);
  EXPECT_EQ(test.shell("git -C forge.git show-ref"), test.shell("git -C code show-ref"));
}

}  // namespace
}  // namespace holdfast::engine
