// What the examination says of a directory.
#include "storage/examination.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "manual_time.hpp"
#include "storage/local.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::storage {

namespace {

TEST(Examination, NamesItsOutcomes) {
  EXPECT_EQ(outcome_name(Check::Outcome::ok), "ok");
  EXPECT_EQ(outcome_name(Check::Outcome::problem), "problem");
  EXPECT_EQ(outcome_name(Check::Outcome::unknown), "unknown");
}

TEST(Examination, NoticesAWrongClock) {
  TemporaryDirectory directory;
  ASSERT_TRUE(LocalStorage::create(directory.path() + "/place").ok());
  ManualClock clock;  // of 2027, and the directory's is the machine's
  base::SystemRandom random;
  io::ThreadExecutor executor;
  const std::string url = directory.path() + "/place";
  const auto open = LocalStorage::open(url);
  ASSERT_TRUE(open.ok() && open.value()->put("keys/x", base::Bytes{1}).ok());
  const auto checks =
      examine_location(url, {.executor = executor, .clock = clock, .random = random});
  ASSERT_TRUE(checks.ok()) << checks.error().to_string();
  const auto found = std::find_if(checks.value().begin(), checks.value().end(),
                                  [](const Check& check) { return check.name == "clock"; });
  ASSERT_NE(found, checks.value().end());
  EXPECT_EQ(found->outcome, Check::Outcome::problem) << found->message;
  EXPECT_FALSE(found->advice.empty());
}

}  // namespace

}  // namespace holdfast::storage
