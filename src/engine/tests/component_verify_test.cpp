// Verification of a component: every location by itself, every look in the ledger, and what could
// not be looked at never passed.
#include "engine/component_verify.hpp"

#include <set>

#include "proof_fixture.hpp"

namespace holdfast::engine {

namespace {

using catalog::RunState;
using catalog::VerificationOutcome;

class ComponentVerifyTest : public ProofTest {
 protected:
  ComponentVerifyTest()
      : ProofTest(
            "{ exists: { every: 1d, level: present, of: all }, checksum: { every: 1d, level: "
            "intact, of: all }, readable: { every: 1d, level: readable, of: all }, content: { "
            "after: each, level: sound }, newest: { every: 1d, level: sound, of: newest }, half: { "
            "every: 1d, level: readable, of: 50% }, proof: { every: 1d, drill: weekly }, other: { "
            "every: 1d, drill: elsewhere } }",
            "  more:\n    files: { paths: [data/text] }\n    plans: { daily: { at: '03:00', to: "
            "ssd, keep: 7d } }\n"
            "drills:\n  weekly: { restore: [files], expect: [ { 'on': files, files: '**', "
            "same-as-source: true } ] }\n  elsewhere: { restore: [more], expect: [ { run: 'true' } "
            "] }\n") {}
};

TEST_F(ComponentVerifyTest, EveryLevelPassesOnWhatIsSound) {
  const auto id = back_up();
  for (const auto* name : {"exists", "checksum", "readable", "content", "newest"}) {
    const auto report = verify(name);
    EXPECT_EQ(report.outcome, VerificationOutcome::passed) << name << report.end.message;
    EXPECT_EQ(report.end.state, RunState::succeeded);
    ASSERT_EQ(report.proofs.size(), 2U) << name;
    EXPECT_EQ(report.proofs[0].location, "ssd");
    EXPECT_EQ(report.proofs[0].snapshot, id);
    EXPECT_EQ(test.catalog->runs().get(report.run).value().start.kind, catalog::RunKind::verify);
    EXPECT_EQ(ledger("ssd").front().level, strategy::level_name(declared(name).level));
    EXPECT_EQ(ledger("ssd").front().outcome, VerificationOutcome::passed);
  }
  EXPECT_EQ(ledger("hdd").size(), 5U);
  EXPECT_GT(ledger("ssd").front().bytes, 300'000U);
  EXPECT_TRUE(test.catalog->evidence().check().ok());
  EXPECT_EQ(test.catalog->evidence().newest("verification", 100).value().size(), 10U);
}

TEST_F(ComponentVerifyTest, DamageIsNamedAndCostsOnlyItsLocation) {
  back_up();
  damage("ssd");
  EXPECT_EQ(verify("exists").outcome, VerificationOutcome::passed);  // its size is right
  EXPECT_EQ(verify("checksum").outcome, VerificationOutcome::failed);
  const auto report = verify("readable");
  EXPECT_EQ(report.outcome, VerificationOutcome::failed);
  EXPECT_EQ(report.end.state, RunState::failed);
  ASSERT_EQ(report.proofs.size(), 2U);
  EXPECT_EQ(report.proofs[0].outcome, VerificationOutcome::failed);
  const auto& paths = report.proofs[0].paths;
  EXPECT_NE(std::find(paths.begin(), paths.end(), test.directory / "data/noise"), paths.end());
  EXPECT_NE(report.proofs[0].message.find("data/"), std::string::npos);
  EXPECT_EQ(report.proofs[1].outcome, VerificationOutcome::passed);
  EXPECT_EQ(ledger("ssd").front().outcome, VerificationOutcome::failed);
  EXPECT_NE(log_of(report.run).find("failed"), std::string::npos);
}

TEST_F(ComponentVerifyTest, ASnapshotThatCannotBeReadItselfIsNotForgotten) {
  namespace fs = std::filesystem;
  const auto id = back_up();
  const auto spoil = [&] {
    fs::remove_all(test.directory / "cache");
    for (const auto& each : fs::recursive_directory_iterator(test.directory / "ssd/snapshots")) {
      if (each.is_regular_file()) std::ofstream(each.path(), std::ios::trunc) << "spoiled";
    }
  };
  verify("exists");
  spoil();
  const auto report = verify("readable");
  EXPECT_EQ(report.outcome, VerificationOutcome::failed);
  ASSERT_GE(report.proofs.size(), 1U);
  EXPECT_EQ(report.proofs[0].snapshot, id);
  EXPECT_EQ(report.proofs[0].outcome, VerificationOutcome::failed);
}

TEST_F(ComponentVerifyTest, DamageOfAnUnknownSnapshotIsUnknown) {
  namespace fs = std::filesystem;
  back_up();
  fs::remove_all(test.directory / "cache");
  for (const auto& each : fs::recursive_directory_iterator(test.directory / "ssd/snapshots")) {
    if (each.is_regular_file()) std::ofstream(each.path(), std::ios::trunc) << "spoiled";
  }
  const auto report = verify("readable");
  EXPECT_EQ(report.outcome, VerificationOutcome::unknown);
  EXPECT_TRUE(report.proofs.at(0).snapshot.empty());
}

TEST_F(ComponentVerifyTest, DamageFailsThoseThatNeedIt) {
  back_up();
  // The second shares the noise, the third doesn't.
  test.write("data/text", "other words\n");
  back_up();
  std::filesystem::remove(test.directory / "data/noise");
  const auto third = back_up();
  damage("ssd");
  const auto report = verify("readable");
  ASSERT_EQ(report.proofs.size(), 6U);
  EXPECT_EQ(report.proofs[0].outcome, VerificationOutcome::failed);
  EXPECT_EQ(report.proofs[1].outcome, VerificationOutcome::failed);
  EXPECT_EQ(report.proofs[2].outcome, VerificationOutcome::passed) << report.proofs[2].message;
  EXPECT_EQ(report.proofs[2].snapshot, third);
  EXPECT_EQ(report.end.message, "2 of 6 snapshots failed");
}

TEST_F(ComponentVerifyTest, ALocationThatIsDownIsUnknown) {
  back_up();
  test.unmount("ssd");
  const auto report = verify("readable");
  EXPECT_EQ(report.outcome, VerificationOutcome::unknown);
  EXPECT_EQ(report.end.state, RunState::warnings);
  ASSERT_EQ(report.proofs.size(), 2U);
  EXPECT_EQ(report.proofs[0].outcome, VerificationOutcome::unknown);
  EXPECT_TRUE(report.proofs[0].snapshot.empty());
  EXPECT_FALSE(report.proofs[0].message.empty());
  EXPECT_EQ(report.proofs[1].outcome, VerificationOutcome::passed);
  EXPECT_EQ(ledger("ssd").front().outcome, VerificationOutcome::unknown);
}

TEST_F(ComponentVerifyTest, NothingToLookAtIsUnknown) {
  const auto report = verify("readable");
  EXPECT_EQ(report.outcome, VerificationOutcome::unknown);
  EXPECT_EQ(report.end.state, RunState::warnings);
  EXPECT_TRUE(report.proofs.empty());
}

TEST_F(ComponentVerifyTest, AStopEndsIt) {
  back_up();
  std::stop_source stopped;
  stopped.request_stop();
  VerificationRun run;
  run.component = &test.component("files");
  run.verification = &declared("readable");
  const auto report = verify_component(*test.workplace, run, silent, stopped.get_token()).value();
  EXPECT_EQ(report.end.state, RunState::cancelled);
  EXPECT_EQ(report.outcome, VerificationOutcome::unknown);
  EXPECT_TRUE(ledger("ssd").empty());
}

TEST_F(ComponentVerifyTest, NewOnesAreLookedAtOnce) {
  back_up();
  EXPECT_EQ(verify("content").proofs.size(), 2U);
  EXPECT_TRUE(verify("content").proofs.empty());
  test.write("data/text", "other words\n");
  const auto second = back_up();
  const auto report = verify("content");
  ASSERT_EQ(report.proofs.size(), 2U);
  EXPECT_EQ(report.proofs[0].snapshot, second);
  // A location that was down is looked at later.
  test.write("data/text", "more words\n");
  back_up();
  test.unmount("hdd");
  EXPECT_EQ(verify("content").outcome, VerificationOutcome::unknown);
  test.mount("hdd");
  const auto later = verify("content");
  ASSERT_EQ(later.proofs.size(), 1U);
  EXPECT_EQ(later.proofs[0].location, "hdd");
}

TEST_F(ComponentVerifyTest, AShareCoversAllInItsTime) {
  for (const auto* text : {"1", "2", "3", "4"}) {
    test.write("data/text", text);
    back_up();
  }
  std::set<std::string> seen;
  for (int i = 0; i < 2; ++i) {
    const auto report = verify("half");
    EXPECT_EQ(report.proofs.size(), 4U);
    for (const auto& proof : report.proofs) seen.insert(proof.location + proof.snapshot);
  }
  EXPECT_EQ(seen.size(), 8U);
}

TEST_F(ComponentVerifyTest, ADrillIsCarriedOutOnceForASlot) {
  back_up();
  const auto slot = test.clock.now();
  const auto first = verify("proof", slot);
  EXPECT_EQ(first.outcome, VerificationOutcome::passed) << first.end.message;
  ASSERT_TRUE(first.drill);
  EXPECT_EQ(test.catalog->runs().get(first.run).value().start.kind, catalog::RunKind::drill);
  EXPECT_EQ(ledger("ssd").front().level, "restorable");
  const auto again = verify("proof", slot);
  EXPECT_EQ(again.run, first.run);
  EXPECT_EQ(again.outcome, VerificationOutcome::passed);
  EXPECT_NE(verify("proof", slot + base::days(1)).run, first.run);
  // A drill of others isn't this component's.
  const auto other = verify("other", slot);
  EXPECT_TRUE(other.run.empty());
  EXPECT_EQ(other.outcome, VerificationOutcome::passed);
}

TEST_F(ComponentVerifyTest, SeveralSnapshotsAreReadOnce) {
  back_up();
  test.write("data/text", "other words\n");
  back_up();
  const auto report = verify("readable");
  EXPECT_EQ(report.proofs.size(), 4U);
  // Two locations, the noise once in each, though two snapshots need it there.
  EXPECT_GT(report.bytes_read, 600'000U);
  EXPECT_LT(report.bytes_read, 900'000U);
}

}  // namespace

}  // namespace holdfast::engine
