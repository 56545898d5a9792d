// Which error ends the program how.
#include "exit_code.hpp"

#include <gtest/gtest.h>

namespace holdfast::cli {
namespace {

TEST(ExitCode, NumbersAreTheContract) {
  EXPECT_EQ(static_cast<int>(ExitCode::done), 0);
  EXPECT_EQ(static_cast<int>(ExitCode::failed), 1);
  EXPECT_EQ(static_cast<int>(ExitCode::usage), 2);
  EXPECT_EQ(static_cast<int>(ExitCode::warnings), 3);
  EXPECT_EQ(static_cast<int>(ExitCode::damage), 4);
  EXPECT_EQ(static_cast<int>(ExitCode::objective_missed), 5);
  EXPECT_EQ(static_cast<int>(ExitCode::unverified), 6);
}

TEST(ExitCode, OutageAbsenceAndDamageDiffer) {
  EXPECT_EQ(exit_code_of(base::ErrorCode::invalid_argument), ExitCode::usage);
  EXPECT_EQ(exit_code_of(base::ErrorCode::wrong_key), ExitCode::usage);
  EXPECT_EQ(exit_code_of(base::ErrorCode::damaged), ExitCode::damage);
  EXPECT_EQ(exit_code_of(base::ErrorCode::unavailable), ExitCode::failed);
  EXPECT_EQ(exit_code_of(base::ErrorCode::not_found), ExitCode::failed);
  EXPECT_EQ(exit_code_of(base::ErrorCode::cancelled), ExitCode::failed);
}

}  // namespace
}  // namespace holdfast::cli
