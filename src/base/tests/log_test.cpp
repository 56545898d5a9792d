// The log writes to standard error what its level lets through.
#include "base/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::base {
namespace {

TEST(Log, DropsWhatIsBelowItsLevel) {
  testing::internal::CaptureStderr();
  log(LogLevel::info, "not shown");
  log(LogLevel::warning, "shown by default");
  set_log_level(LogLevel::error);
  log(LogLevel::warning, "hidden now");
  set_log_level(LogLevel::debug);
  log(LogLevel::debug, "shown {} as it is");
  set_log_level(LogLevel::warning);
  const auto text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, testing::HasSubstr("shown by default"));
  EXPECT_THAT(text, testing::HasSubstr("shown {} as it is"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("not shown")));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("hidden now")));
}

}  // namespace
}  // namespace holdfast::base
