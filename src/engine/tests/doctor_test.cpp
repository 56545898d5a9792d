// The doctor on a directory, and where there is nothing.
#include "engine/doctor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "engine_fixture.hpp"

namespace holdfast::engine {
namespace {

using Outcome = storage::Check::Outcome;

TEST(Doctor, FindsNothingWrongWithADirectory) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("holdfast-doctor-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder / "keys");
  const auto checks = examine({.url = folder.string(), .cache_directory = "/nowhere"});
  std::size_t left = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    left += entry.is_regular_file() ? 1 : 0;
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(checks.ok()) << checks.error().to_string();
  EXPECT_GE(checks.value().size(), 6U);
  for (const auto& check : checks.value()) {
    EXPECT_EQ(check.outcome, Outcome::ok) << check.name << ": " << check.message;
    EXPECT_FALSE(check.message.empty());
  }
  EXPECT_EQ(left, 0U) << "its probe is gone";
}

TEST(Doctor, SaysWhatDoesNotAnswer) {
  const auto checks = examine({.url = "/no/such/place", .cache_directory = "/nowhere"});
  ASSERT_TRUE(checks.ok());
  ASSERT_EQ(checks.value().size(), 1U);
  EXPECT_EQ(checks.value()[0].outcome, Outcome::problem);
  EXPECT_FALSE(checks.value()[0].advice.empty());
  EXPECT_FALSE(examine({.url = "gopher://x", .cache_directory = "/nowhere"}).ok());
}

}  // namespace
}  // namespace holdfast::engine
