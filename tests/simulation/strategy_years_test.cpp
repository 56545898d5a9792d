// Two years of each of the strategies in examples/, day by day against naive models; and planted
// faults, each of which must be found.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "simulated_strategy.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::simulation {

void PrintTo(const YearsCount& count, std::ostream* out) {
  *out << fmt::format(
      "{} looks, {} runs ({} failed, {} interrupted), {} crashes, {} outages, {} clock jumps, {} "
      "copies caught up, {} findings, {} times frozen, {} snapshots forgotten, {} slots served, {} "
      "caught up, {} promises of logs ({} known gaps)",
      count.looks, count.runs, count.failed, count.interrupted, count.crashes, count.outages,
      count.clock_jumps, count.copies_late, count.findings, count.frozen, count.forgotten,
      count.served, count.caught_up, count.promises, count.gaps);
}

namespace {

std::string example(const std::string& name) {
  const std::ifstream file(std::string(HOLDFAST_EXAMPLES) + "/" + name + ".yaml");
  CHECK(file.good(), name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::uint64_t seed() {
  const auto* said = std::getenv("HOLDFAST_SEED");
  return said != nullptr ? std::strtoull(said, nullptr, 10) : 20261121;
}

// The catalog's disk is memory where there is such a folder: nothing here is about disks.
class MemoryDirectory {
 public:
  MemoryDirectory() {
    std::error_code ignored;
    if (!std::filesystem::is_directory("/dev/shm", ignored)) return;
    std::string path = "/dev/shm/holdfast-years-XXXXXX";
    if (::mkdtemp(path.data()) != nullptr) path_ = path;
  }
  MemoryDirectory(const MemoryDirectory&) = delete;
  MemoryDirectory& operator=(const MemoryDirectory&) = delete;
  ~MemoryDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string path() const {
    return path_.empty() ? fallback_ / "state" : path_ + "/state";
  }

 private:
  TemporaryDirectory fallback_;
  std::string path_;
};

struct Case {
  const char* name;
  const char* file;
  const char* zone;  // the documents say UTC: other zones are harder
};

class StrategyYearsTest : public testing::TestWithParam<Case> {};

TEST_P(StrategyYearsTest, AreAsTheNaiveModelExpects) {
  const auto& param = GetParam();
  const MemoryDirectory directory;
  const auto* days = std::getenv("HOLDFAST_DAYS");
  StrategyYears years{.text = example(std::string(param.file)),
                      .zone = param.zone,
                      .start = base::parse_utc("2025-03-03T10:17:00Z").value(),
                      .days = days != nullptr ? std::atoi(days) : 730,
                      .seed = seed()};
  SCOPED_TRACE(fmt::format("HOLDFAST_SEED={}", years.seed));
  SimulatedStrategy simulated(years, directory.path());
  const auto wrong = simulated.live();
  const auto count = simulated.count();
  std::cout << param.name << ", seed " << years.seed << ": " << testing::PrintToString(count)
            << std::endl;
  ASSERT_FALSE(wrong) << *wrong;
  if (days != nullptr) return;
  // Nothing is fine because nothing happened.
  EXPECT_GT(count.runs, 2000U);
  EXPECT_GT(count.crashes, 30U);
  EXPECT_GT(count.outages, 15U);
  EXPECT_GT(count.clock_jumps, 5U);
  EXPECT_GT(count.interrupted, 5U);
  EXPECT_GT(count.failed, 20U);
  EXPECT_GT(count.caught_up, 20U);
  EXPECT_GT(count.forgotten, 500U);
  EXPECT_GT(count.findings, 100U);
  EXPECT_GT(count.promises, 500U);
  EXPECT_LT(count.gaps, 10U);
}

INSTANTIATE_TEST_SUITE_P(
    Examples, StrategyYearsTest,
    testing::Values(Case{"neurocred", "neurocred", "America/New_York"},
                    Case{"sin_solver", "sin-solver", "Europe/Berlin"},
                    Case{"bud_ai_foundry", "bud-ai-foundry", "Australia/Lord_Howe"},
                    Case{"content_creation_crew", "content-creation-crew", "Europe/Berlin"},
                    Case{"silentrelay", "silentrelay", "America/Santiago"}),
    [](const auto& info) { return std::string(info.param.name); });

struct Planted {
  const char* name;
  Mutant mutant;
};

class PlantedFault : public testing::TestWithParam<Planted> {};

// A small strategy with something of everything, so that a year takes seconds.
constexpr const char* small = R"(strategy: small
environment: production
timezone: Europe/Berlin
encryption: { key: env:KEY }
defaults: { verify: { content: { after: each, level: sound } } }
locations:
  near: { url: /near, media: ssd }
  far: { url: /far, media: hdd }
components:
  database:
    postgres: { url: "postgresql://backup@/shop" }
    objectives: { rpo: 6h }
    plans:
      wal: { type: log, when: continuous, to: { near: 3d, far: 3d } }
      base: { type: physical, every: 6h, to: { near: 2d, far: 2d } }
      night: { copy: base, at: "02:30", to: { far: { daily: 7, weekly: 4 } } }
      deploy: { type: logical, when: event pre-deployment, to: near, keep: { until: event deployment-verified, then: 7d } }
  home:
    files: { paths: [home] }
    plans: { changed: { when: change, sweep: 6h, to: { near: { versions: 3 }, far: { last: 3 } } } }
)";

TEST_P(PlantedFault, IsFound) {
  const MemoryDirectory directory;
  StrategyYears years{.text = small,
                      .zone = "Europe/Berlin",
                      .start = base::parse_utc("2026-01-05T10:17:00Z").value(),
                      .days = 240,
                      .seed = seed(),
                      .mutant = GetParam().mutant};
  SimulatedStrategy simulated(years, directory.path());
  const auto wrong = simulated.live();
  std::cout << GetParam().name << ": " << wrong.value_or("nothing is wrong") << std::endl;
  EXPECT_EQ(wrong.has_value(), GetParam().mutant != Mutant::none) << wrong.value_or("");
}

INSTANTIATE_TEST_SUITE_P(
    Mutants, PlantedFault,
    testing::Values(Planted{"none", Mutant::none},
                    Planted{"keeps_one_too_few", Mutant::keeps_one_too_few},
                    Planted{"keeps_one_too_many", Mutant::keeps_one_too_many},
                    Planted{"prunes_log_too_early", Mutant::prunes_log_too_early},
                    Planted{"copy_is_forgotten", Mutant::copy_is_forgotten},
                    Planted{"copies_an_older_one", Mutant::copies_an_older_one},
                    Planted{"serves_twice_after_a_crash", Mutant::serves_twice_after_a_crash},
                    Planted{"ignores_daylight_saving", Mutant::ignores_daylight_saving},
                    Planted{"runs_at_first_start", Mutant::runs_at_first_start},
                    Planted{"sleeps_too_long", Mutant::sleeps_too_long},
                    Planted{"forgets_an_event", Mutant::forgets_an_event},
                    Planted{"finding_is_not_opened", Mutant::finding_is_not_opened},
                    Planted{"finding_is_not_closed", Mutant::finding_is_not_closed}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace holdfast::simulation
