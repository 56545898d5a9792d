// The name and version that go into snapshots.
#include "engine/version.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace holdfast::engine {
namespace {

TEST(Version, IsNameAndNumber) {
  const auto text = program_name_and_version();
  EXPECT_TRUE(std::regex_match(text, std::regex(R"(holdfast \d+\.\d+\.\d+)"))) << text;
}

}  // namespace
}  // namespace holdfast::engine
