// Drills on real repositories: what passes, what fails, what is unknown, and that nothing of what
// was restored stays.
#include "engine/drill.hpp"

#include "drill_checks.hpp"
#include "proof_fixture.hpp"

namespace holdfast::engine {

namespace {

using catalog::RunState;
namespace fs = std::filesystem;

class DrillTest : public ProofTest {
 protected:
  DrillTest()
      : ProofTest(
            "{ proof: { every: 1d, drill: whole } }",
            "  cache:\n    redis: { url: 'redis://localhost' }\n    plans: { rdb: { type: rdb, "
            "every: 1h, to: { ssd: 1d } } }\n"
            "targets:\n  folder: { path: target }\n  elsewhere: { path: target, host: other }\n"
            "  server: { url: 'postgresql://x/' }\n"
            "drills:\n"
            "  whole: { restore: [files], expect: [ { 'on': files, files: '**', same-as-source: "
            "true }, { 'on': files, files: '/text', equals: '1', type: text/plain }, { run: 'test "
            "-f "
            "\"$HOLDFAST_COMPONENT_FILES$PWD/data/text\" && test -d \"$HOLDFAST_SANDBOX\" && echo "
            "looked' } ] }\n"
            "  many: { restore: [files], expect: [ { 'on': files, files: '**', at-least: 3 } ] }\n"
            "  few: { restore: [files], expect: [ { 'on': files, files: 'no*', at-most: 0 } ] }\n"
            "  none: { restore: [files], expect: [ { 'on': files, files: '*.jpg', type: image/jpeg "
            "} ] }\n"
            "  typed: { restore: [files], expect: [ { 'on': files, files: text, type: image/jpeg, "
            "sample: 1 } ] }\n"
            "  broken: { restore: [files], expect: [ { run: 'echo why; exit 3' } ] }\n"
            "  absent: { restore: [files], expect: [ { run: './no-such-command' } ] }\n"
            "  slow: { restore: [files], expect: [ { run: 'sleep 5', timeout: 1s } ] }\n"
            "  late: { restore: [files], within: 1s, expect: [ { run: 'sleep 1.1' } ] }\n"
            "  person: { restore: [files], expect: [ { confirm: it answers }, { confirm: it is "
            "fast "
            "} ] }\n"
            "  unbuilt: { restore: [files, cache], expect: [ { 'on': cache, keys: '*', at-least: 1 "
            "} ] }\n"
            "  everything: { restore: all, expect: [ { run: 'true' } ] }\n"
            "  chance: { restore: [files], instant: random, expect: [ { run: 'true' } ] }\n"
            "  early: { restore: [files], instant: '2020-01-01T00:00:00Z', expect: [ { run: 'true' "
            "} ] }\n"
            "  slower: { restore: [files], from: hdd, expect: [ { run: 'true' } ] }\n"
            "  kept: { restore: [files], in: folder, expect: [ { run: 'true' } ] }\n"
            "  far: { restore: [files], in: elsewhere, expect: [ { run: 'true' } ] }\n"
            "  served: { restore: [files], in: server, expect: [ { run: 'true' } ] }\n") {}

  DrillReport drill(const std::string& name, std::stop_token stop = {}) {
    const auto report =
        run_drill(*test.workplace, *test.strategy.drill(name), {}, silent, stop).value();
    // Whatever came of it.
    EXPECT_TRUE(sandboxes().empty());
    const auto run = test.catalog->runs().get(report.run).value();
    EXPECT_EQ(run.end.state, report.end.state);
    EXPECT_EQ(run.start.plan, name);
    return report;
  }
  std::vector<std::string> sandboxes() {
    std::vector<std::string> names;
    const auto parent = test.directory / "state/sandbox";
    if (!fs::exists(parent)) return names;
    for (const auto& each : fs::directory_iterator(parent)) {
      if (each.path().filename() != "gate") names.push_back(each.path().filename());
    }
    return names;
  }
};

TEST_F(DrillTest, PassesWhenAllIsRight) {
  fs::create_hard_link(test.directory / "data/noise", test.directory / "data/same");
  fs::create_symlink("text", test.directory / "data/link");
  test.write("data/below/forbidden", "x");
  fs::permissions(test.directory / "data/below", fs::perms::owner_read | fs::perms::owner_exec);
  const auto id = back_up();
  const auto report = drill("whole");
  EXPECT_EQ(report.outcome, DrillOutcome::passed) << report.end.message;
  EXPECT_EQ(report.end.state, RunState::succeeded);
  ASSERT_EQ(report.checks.size(), 3U);
  for (const auto& check : report.checks) EXPECT_EQ(check.outcome, DrillOutcome::passed);
  EXPECT_EQ(report.checks[0].message, "4 files with 300013 bytes");
  ASSERT_EQ(report.components.size(), 1U);
  EXPECT_EQ(report.components[0].location, "ssd");
  EXPECT_EQ(report.components[0].snapshot, id);
  EXPECT_GT(report.total, base::Duration{});
  EXPECT_NE(log_of(report.run).find("looked\n"), std::string::npos);
  ASSERT_EQ(ledger("ssd").size(), 1U);
  EXPECT_EQ(ledger("ssd")[0].level, "restorable");
  EXPECT_EQ(ledger("ssd")[0].outcome, catalog::VerificationOutcome::passed);
  EXPECT_EQ(last_drill(*test.workplace, "whole").value()->run, report.run);
  EXPECT_TRUE(test.catalog->evidence().check().ok());
  fs::permissions(test.directory / "data/below", fs::perms::owner_all);
}

TEST_F(DrillTest, FailsWhenOneExpectationDoes) {
  back_up();
  for (const auto* name : {"many", "few", "none", "typed", "broken", "slow"}) {
    const auto report = drill(name);
    EXPECT_EQ(report.outcome, DrillOutcome::failed) << name;
    EXPECT_EQ(report.end.state, RunState::failed);
    EXPECT_FALSE(report.checks.at(0).message.empty());
    if (name == std::string("broken")) {
      EXPECT_NE(log_of(report.run).find("why\n"), std::string::npos);
    }
  }
  EXPECT_TRUE(ledger("ssd").empty());  // what failed proves nothing
}

TEST_F(DrillTest, WhatDidNotRunIsUnknown) {
  back_up();
  for (const auto* name : {"absent", "unbuilt", "far", "served"}) {
    const auto report = drill(name);
    EXPECT_EQ(report.outcome, DrillOutcome::unknown) << name;
    EXPECT_EQ(report.end.state, RunState::warnings) << name;
    EXPECT_FALSE(report.end.message.empty());
  }
  EXPECT_TRUE(ledger("ssd").empty());
}

TEST_F(DrillTest, AllLeavesOutWhatIsNotBuilt) {
  back_up();
  const auto report = drill("everything");
  EXPECT_EQ(report.outcome, DrillOutcome::passed) << report.end.message;
  ASSERT_EQ(report.components.size(), 1U);
  ASSERT_EQ(report.notes.size(), 1U);
  EXPECT_NE(report.notes[0].find("cache"), std::string::npos);
}

TEST_F(DrillTest, DamageFailsIt) {
  back_up();
  damage("ssd");
  const auto report = drill("everything");
  EXPECT_EQ(report.outcome, DrillOutcome::failed);
  EXPECT_NE(report.components.at(0).message.find("noise"), std::string::npos);
  EXPECT_EQ(ledger("ssd").at(0).outcome, catalog::VerificationOutcome::failed);
  EXPECT_EQ(drill("slower").outcome, DrillOutcome::passed);
}

TEST_F(DrillTest, ALocationThatIsAwayIsUnknownAndNoSnapshotIsAFailure) {
  EXPECT_EQ(drill("slower").outcome, DrillOutcome::failed);  // there is nothing to restore
  back_up();
  EXPECT_EQ(drill("early").outcome, DrillOutcome::failed);
  test.unmount("hdd");
  EXPECT_EQ(drill("slower").outcome, DrillOutcome::unknown);
  EXPECT_EQ(drill("everything").outcome, DrillOutcome::passed);  // the other one has it
}

TEST_F(DrillTest, TooLateIsPassedAndLate) {
  back_up();
  const auto report = drill("late");
  EXPECT_EQ(report.outcome, DrillOutcome::passed);
  EXPECT_TRUE(report.is_late());
  EXPECT_EQ(report.end.state, RunState::warnings);
}

TEST_F(DrillTest, APersonConfirms) {
  back_up();
  EXPECT_EQ(confirm_drill(*test.workplace, {.drill = "person", .text = "it answers", .by = "A"})
                .error()
                .code(),
            base::ErrorCode::not_found);
  const auto report = drill("person");
  EXPECT_EQ(report.outcome, DrillOutcome::unknown);
  EXPECT_FALSE(
      confirm_drill(*test.workplace, {.drill = "person", .text = "it answers", .by = ""}).ok());
  EXPECT_FALSE(confirm_drill(*test.workplace, {.drill = "person", .text = "", .by = "A"}).ok());
  EXPECT_FALSE(
      confirm_drill(*test.workplace, {.drill = "person", .text = "it flies", .by = "A"}).ok());
  auto confirmed =
      confirm_drill(*test.workplace, {.drill = "person", .text = "it answers", .by = "A"}).value();
  EXPECT_EQ(confirmed.outcome, DrillOutcome::unknown);
  EXPECT_TRUE(ledger("ssd").empty());
  EXPECT_EQ(confirm_drill(*test.workplace, {.drill = "person", .text = "it answers", .by = "B"})
                .error()
                .code(),
            base::ErrorCode::conflict);
  confirmed = confirm_drill(*test.workplace, {.drill = "person", .text = "", .by = "B"}).value();
  EXPECT_EQ(confirmed.outcome, DrillOutcome::passed);
  EXPECT_EQ(confirmed.run, report.run);
  EXPECT_EQ(confirmed.checks.at(1).confirmed_by, "B");
  EXPECT_EQ(test.catalog->runs().get(report.run).value().end.state, RunState::succeeded);
  EXPECT_EQ(ledger("ssd").at(0).level, "restorable");
  EXPECT_TRUE(test.catalog->evidence().check().ok());
}

TEST_F(DrillTest, ARandomInstantLiesBetweenTheSnapshots) {
  back_up();
  const auto first = test.clock.now();
  test.write("data/text", "other words\n");
  back_up();
  for (int i = 0; i < 3; ++i) {
    const auto report = drill("chance");
    EXPECT_EQ(report.outcome, DrillOutcome::passed) << report.end.message;
    ASSERT_TRUE(report.instant);
    EXPECT_LE(*report.components.at(0).captured, *report.instant);
    EXPECT_LT(*report.instant, test.clock.now());
    EXPECT_GT(*report.instant, first - base::hours(1));
  }
}

TEST_F(DrillTest, ATargetKeepsWhatWasRestored) {
  back_up();
  fs::create_directories(test.directory / "target");
  EXPECT_EQ(drill("kept").outcome, DrillOutcome::passed);
  const auto restored = "target/kept/files" + test.directory.path() + "/data/text";
  EXPECT_EQ(test.read(restored), "a few words\n");
  EXPECT_EQ(drill("kept").outcome, DrillOutcome::passed);
}

TEST_F(DrillTest, AStopLeavesNothing) {
  back_up();
  std::stop_source stopped;
  stopped.request_stop();
  const auto report = drill("whole", stopped.get_token());
  EXPECT_EQ(report.end.state, RunState::cancelled);
  EXPECT_NE(report.outcome, DrillOutcome::passed);
  EXPECT_FALSE(last_drill(*test.workplace, "whole").value());  // it says nothing
}

// Of every kind that is built the ladder goes up to restorable.
TEST(DrillKinds, CommandsAndRepositoriesAreProvedToo) {
  const TestStrategy test(
      "  dump:\n    command: { run: 'echo words', name: dump.sql }\n"
      "    plans: { now: { when: manual, to: { ssd: 7d } } }\n"
      "    verify: { content: { when: manual, level: sound, of: all } }\n"
      "  code:\n    git: { path: code }\n    plans: { now: { when: manual, to: { ssd: 7d } } }\n"
      "    verify: { content: { when: manual, level: sound, of: all } }\n"
      "drills:\n  both: { restore: all, expect: [ { 'on': dump, files: dump.sql, equals: '1', "
      "same-as-source: true }, { 'on': code, files: HEAD, at-least: 1 }, { run: 'git clone --quiet "
      "$HOLDFAST_COMPONENT_CODE/code.git clone && test -e clone/file && rm -r clone' } ] }\n");
  const ProgressCall silent = [](const Progress&) {};
  ASSERT_TRUE(make_places(*test.workplace).ok());
  test.shell("git init --quiet --initial-branch=main code");
  test.write("code/file", "first");
  test.shell("cd code && git add -A && git commit --quiet -m first");
  for (const auto* name : {"dump", "code"}) {
    const auto& component = test.component(name);
    const auto backed = run_plans(*test.workplace, test.run_of(name, "now"), silent, {}).value();
    ASSERT_EQ(backed.end.state, RunState::succeeded) << backed.end.message;
    VerificationRun run;
    run.component = &component;
    run.verification = &component.verifications.at(0);
    const auto report = verify_component(*test.workplace, run, silent, {}).value();
    ASSERT_EQ(report.proofs.size(), 1U) << name;
    EXPECT_EQ(report.outcome, catalog::VerificationOutcome::passed) << report.proofs[0].message;
  }
  const auto report =
      run_drill(*test.workplace, *test.strategy.drill("both"), {}, silent, {}).value();
  EXPECT_EQ(report.outcome, DrillOutcome::passed) << report.end.message;
  EXPECT_EQ(report.components.size(), 2U);
}

TEST(DrillService, StopsAroundRestoresIntoTargetsOnly) {
  const TestStrategy test(
      "  files:\n    files: { paths: [data] }\n    plans: { now: { when: manual, to: { ssd: 7d } } "
      "}\n"
      "    service: { stop: 'echo stop >> log', start: 'echo start >> log' }\n"
      "targets:\n  folder: { path: target }\n"
      "drills:\n  inside: { restore: [files], expect: [ { run: 'echo check >> log' } ] }\n"
      "  outside: { restore: [files], in: folder, expect: [ { run: 'echo check >> log' } ] }\n");
  const ProgressCall silent = [](const Progress&) {};
  test.write("data/a", "first");
  fs::create_directories(test.directory / "target");
  ASSERT_TRUE(make_places(*test.workplace).ok());
  ASSERT_TRUE(run_plans(*test.workplace, test.run_of("files", "now"), silent, {}).ok());
  const auto drill = [&](const char* name) {
    return run_drill(*test.workplace, *test.strategy.drill(name), {}, silent, {}).value();
  };
  EXPECT_EQ(drill("inside").outcome, DrillOutcome::passed);
  EXPECT_EQ(test.read("log"), "check\n");
  const auto report = drill("outside");
  EXPECT_EQ(report.outcome, DrillOutcome::passed) << report.end.message;
  EXPECT_EQ(test.read("log"), "check\nstop\nstart\ncheck\n");
  EXPECT_GT(report.service, base::Duration{});
  EXPECT_EQ(report.components.at(0).service, report.service);
}

TEST(DrillChecks, VariablesOfComponents) {
  EXPECT_EQ(component_variable("audit-logs.2"), "HOLDFAST_COMPONENT_AUDIT_LOGS_2");
}

}  // namespace

}  // namespace holdfast::engine
