// Components of the kind command: run, captured, failed without a trace, and given back.
#include "command_component.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "engine/component_restore.hpp"
#include "strategy_fixture.hpp"

namespace holdfast::engine {
namespace {

const ProgressCall silent = [](const Progress&) {};

using base::ErrorCode;
using catalog::RunState;
using testing::Contains;
using testing::HasSubstr;
using Target = ComponentRestoreOptions::Target;

class CommandComponentTest : public testing::Test {
 protected:
  // `settings`: inside `command: { … }`.
  void make(const std::string& settings, const std::string& more = "") {
    test = std::make_unique<TestStrategy>("  dump:\n    command: { " + settings + " }\n" + more +
                                          "    plans: { daily: { at: '03:00', to: { ssd: 7d, hdd: "
                                          "30d } } }\n");
    EXPECT_TRUE(make_places(*test->workplace).ok());
  }
  PlanRunReport run() { return test->run("dump", "daily"); }
  base::Result<ComponentRestoreReport> restore(Target target) {
    ComponentRestoreOptions options;
    options.target = target;
    options.files.target = target == Target::into ? test->directory / "restored" : "/";
    return restore_component(*test->workplace, test->component("dump"), options, silent, {});
  }
  std::unique_ptr<TestStrategy> test;
};

TEST_F(CommandComponentTest, OutputIsCapturedOnceAndCopied) {
  make("run: 'echo words >&2; echo $HOLDFAST_COMPONENT $HOLDFAST_RUN', name: dump.sql");
  const auto report = run();
  EXPECT_EQ(report.end.state, RunState::succeeded) << report.end.message;
  EXPECT_EQ(report.end.size, 6 + report.run.size());
  EXPECT_EQ(test->snapshots("hdd").snapshots.size(), 1U);
  EXPECT_EQ(test->snapshots("ssd").snapshots.at(0).summary.source, "command");
  EXPECT_THAT(test->log_of(report.run), Contains("words"));
  EXPECT_TRUE(restore(Target::into).ok());
  EXPECT_EQ(test->read("restored/dump.sql"), "dump " + report.run + "\n");
}

TEST_F(CommandComponentTest, RunsInItsFolderWithoutSecrets) {
  ::setenv("KEY", "s3cret", 1);  // the fixture's encryption: { key: env:KEY }
  make("run: 'pwd; echo [$KEY]', folder: sub");
  std::filesystem::create_directory(test->directory / "sub");
  EXPECT_EQ(run().end.state, RunState::succeeded);
  ::unsetenv("KEY");
  EXPECT_TRUE(restore(Target::into).ok());
  EXPECT_THAT(test->read("restored/dump"), testing::EndsWith("/sub\n[]\n"));
}

TEST_F(CommandComponentTest, AFailureCommitsNothing) {
  make("run: 'head -c 100000000 /dev/zero; echo disk on fire >&2; exit 3'");
  const auto report = run();
  EXPECT_EQ(report.end.state, RunState::failed);
  EXPECT_THAT(report.end.message, HasSubstr("it ended with status 3: disk on fire"));
  EXPECT_TRUE(test->snapshots("ssd").snapshots.empty());
  EXPECT_TRUE(test->snapshots("hdd").snapshots.empty());
  EXPECT_THAT(test->log_of(report.run), Contains("disk on fire"));
  EXPECT_TRUE(test->catalog->copies().waiting().value().empty());
}

TEST_F(CommandComponentTest, ATimeoutAndAStallEndIt) {
  make("run: 'yes', timeout: 1s");
  auto report = run();
  EXPECT_EQ(report.end.state, RunState::failed);
  EXPECT_THAT(report.end.message, HasSubstr("longer than"));
  test = std::make_unique<TestStrategy>(
      "  dump:\n    command: { run: 'echo x; exec sleep 100' }\n"
      "    plans: { daily: { at: '03:00', to: { ssd: 7d }, stall: 1s } }\n");
  EXPECT_TRUE(make_places(*test->workplace).ok());
  report = run();
  EXPECT_EQ(report.end.state, RunState::failed);
  EXPECT_THAT(report.end.message, HasSubstr("nothing came from it"));
  EXPECT_TRUE(test->snapshots("ssd").snapshots.empty());
}

TEST_F(CommandComponentTest, NoOutputIsAWarning) {
  make("run: 'true'");
  const auto report = run();
  EXPECT_EQ(report.end.state, RunState::warnings);
  EXPECT_EQ(test->snapshots("ssd").snapshots.size(), 1U);
}

TEST_F(CommandComponentTest, WordsWithoutEndAreBounded) {
  make("run: 'seq 1 100000 >&2; echo x'");
  const auto report = run();
  EXPECT_EQ(report.end.state, RunState::succeeded);
  const auto log = test->log_of(report.run);
  EXPECT_LT(log.size(), 300U);
  EXPECT_THAT(log, Contains("1"));
  EXPECT_THAT(log, Contains("… 99750 lines left out"));
  EXPECT_THAT(log, Contains("100000"));
}

TEST_F(CommandComponentTest, InPlaceItGoesIntoTheRestoreCommand) {
  make(
      "run: 'head -c 20000000 /dev/urandom | tee original', restore: 'cat > came-back; echo took "
      ">&2'");
  EXPECT_EQ(run().end.state, RunState::succeeded);
  const auto report = restore(Target::in_place);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report.value().into, "the restore command");
  EXPECT_EQ(report.value().restored.files.totals.bytes, 20'000'000U);
  EXPECT_EQ(test->read("came-back"), test->read("original"));
  EXPECT_THAT(test->log_of(report.value().run), Contains("took"));
}

TEST_F(CommandComponentTest, ARestoreCommandThatFailsIsAFailure) {
  make(
      "run: 'head -c 20000000 /dev/zero', restore: 'head -c 10 > /dev/null; echo full >&2; exit "
      "5'");
  EXPECT_EQ(run().end.state, RunState::succeeded);
  const auto report = restore(Target::in_place);
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().to_string(), HasSubstr("status 5: full"));
  const auto runs = test->catalog->runs()
                        .list({.component = "dump", .plan = {}, .kind = {}, .state = {}})
                        .value();
  EXPECT_EQ(runs.front().end.state, RunState::failed);
}

TEST_F(CommandComponentTest, WithoutOneItIsRefused) {
  make("run: 'echo x'");
  EXPECT_EQ(run().end.state, RunState::succeeded);
  EXPECT_EQ(restore(Target::in_place).error().code(), ErrorCode::invalid_argument);
  ComponentRestoreOptions options;
  options.archive = "v1";
  EXPECT_EQ(restore_component(*test->workplace, test->component("dump"), options, silent, {})
                .error()
                .code(),
            ErrorCode::invalid_argument);
}

TEST_F(CommandComponentTest, ANameThatIsNoneFails) {
  make("run: 'echo x', name: ../escape");
  const auto report = run();
  EXPECT_EQ(report.end.state, RunState::failed);
  EXPECT_THAT(report.end.message, HasSubstr("can't be the name of a file"));
}

}  // namespace
}  // namespace holdfast::engine
