// Choosing snapshots: the samples, what counts as a look, and that a percentage covers all in time.
#include "snapshot_choice.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace holdfast::engine {

namespace {

using catalog::VerificationOutcome;
using strategy::Level;
using strategy::Sample;

base::Time at(std::int64_t hour) { return {hour * 3600 * base::nanoseconds_per_second}; }

VerificationCandidate candidate(const std::string& id, std::int64_t hour) {
  return {.snapshot = id, .captured = at(hour), .looked_at = {}, .is_proved = false};
}

catalog::VerificationRecord look(const std::string& id, const std::string& level,
                                 VerificationOutcome outcome, std::int64_t hour) {
  catalog::VerificationRecord record;
  record.snapshot = id;
  record.level = level;
  record.outcome = outcome;
  record.at = at(hour);
  return record;
}

TEST(SnapshotChoice, TakesWhatTheSampleSays) {
  std::vector<VerificationCandidate> three{candidate("a", 1), candidate("b", 2), candidate("c", 3)};
  EXPECT_EQ(choose_snapshots(three, {.kind = Sample::Kind::newest}), std::vector<std::string>{"c"});
  EXPECT_EQ(choose_snapshots(three, {.kind = Sample::Kind::all}).size(), 3U);
  three[1].is_proved = true;
  three[2].looked_at = at(5);  // and failed
  EXPECT_EQ(choose_snapshots(three, {.kind = Sample::Kind::unverified}),
            (std::vector<std::string>{"a", "c"}));
  EXPECT_TRUE(choose_snapshots({}, {.kind = Sample::Kind::newest}).empty());
  EXPECT_TRUE(choose_snapshots({}, {.kind = Sample::Kind::percent}).empty());
}

TEST(SnapshotChoice, OnlyAnswersOfTheLevelAreLooks) {
  std::vector<VerificationCandidate> all{candidate("a", 1), candidate("b", 2), candidate("c", 3),
                                         candidate("d", 4)};
  remember_looks(all, Level::readable,
                 {look("a", "readable", VerificationOutcome::passed, 9),
                  look("a", "sound", VerificationOutcome::failed, 7),
                  look("b", "present", VerificationOutcome::passed, 8),
                  look("c", "readable", VerificationOutcome::unknown, 8),
                  look("d", "restorable", VerificationOutcome::passed, 6)});
  EXPECT_EQ(all[0].looked_at, at(9));
  EXPECT_FALSE(all[1].looked_at);  // too low
  EXPECT_FALSE(all[2].looked_at);  // not a look
  EXPECT_EQ(all[3].looked_at, at(6));
  EXPECT_TRUE(all[0].is_proved);
  EXPECT_FALSE(all[1].is_proved);
  EXPECT_TRUE(all[3].is_proved);
}

// New snapshots come all the time, as many as a run looks at and more; still each is looked at
// within ceil(100 / percent) runs.
TEST(SnapshotChoice, APercentageCoversAllInTime) {
  const Sample tenth{.kind = Sample::Kind::percent, .percent = 10};
  std::vector<VerificationCandidate> all;
  std::int64_t hour = 0;
  for (int i = 0; i < 50; ++i) all.push_back(candidate(std::to_string(i), ++hour));
  std::map<std::string, int> last_run;
  for (int run = 1; run <= 60; ++run) {
    for (int i = 0; i < 7; ++i) {  // seven come, seven go
      const auto id = std::to_string(50 + run * 7 + i);
      all.erase(all.begin());
      all.push_back(candidate(id, ++hour));
      last_run[id] = run;
    }
    const auto chosen = choose_snapshots(all, tenth);
    EXPECT_EQ(chosen.size(), 5U);
    ++hour;
    for (auto& each : all) {
      if (std::find(chosen.begin(), chosen.end(), each.snapshot) == chosen.end()) {
        EXPECT_LT(run - last_run[each.snapshot], 10) << each.snapshot << " in run " << run;
        continue;
      }
      each.looked_at = at(hour);
      last_run[each.snapshot] = run;
    }
  }
}

TEST(SnapshotChoice, APercentageTakesAtLeastOne) {
  const std::vector<VerificationCandidate> two{candidate("a", 1), candidate("b", 2)};
  EXPECT_EQ(choose_snapshots(two, {.kind = Sample::Kind::percent, .percent = 0.1}),
            std::vector<std::string>{"a"});
  EXPECT_EQ(choose_snapshots(two, {.kind = Sample::Kind::percent, .percent = 300}).size(), 2U);
}

}  // namespace

}  // namespace holdfast::engine
