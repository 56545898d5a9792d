// Result and TRY: values come through, errors stop the function and keep their contents.
#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace holdfast::base {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return Error(ErrorCode::invalid_argument, "odd");
  return value / 2;
}

Result<std::string> quarter_text(int value) {
  const int once = TRY(half(value));
  const int twice = TRY_CONTEXT(half(once), "second half of " + std::to_string(value));
  return std::to_string(twice);
}

Result<void> check_even(int value) {
  TRY(half(value));
  return {};
}

TEST(Try, PassesValuesThrough) { EXPECT_EQ(quarter_text(12).value(), "3"); }

TEST(Try, ReturnsTheErrorAsItIs) {
  const auto got = quarter_text(3);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().to_string(), "odd");
}

TEST(Try, AddsContextWhereAsked) {
  EXPECT_EQ(quarter_text(2).error().to_string(), "second half of 2: odd");
}

TEST(Try, WorksWithoutAValue) {
  EXPECT_TRUE(check_even(2).ok());
  EXPECT_EQ(check_even(1).error().code(), ErrorCode::invalid_argument);
}

TEST(Result, HoldsWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  const auto taken = std::move(result).value();
  EXPECT_EQ(*taken, 5);
}

TEST(Result, TakesWhatConvertsToItsValue) {
  struct Animal {
    virtual ~Animal() = default;
  };
  struct Cat final : Animal {};
  const auto make = []() -> Result<std::unique_ptr<Animal>> { return std::make_unique<Cat>(); };
  EXPECT_NE(make().value(), nullptr);
  const auto nothing = []() -> Result<std::optional<int>> { return std::nullopt; };
  EXPECT_FALSE(nothing().value().has_value());
}

TEST(Result, ContextIsAddedToErrorsOnly) {
  EXPECT_EQ(half(2).with_context("where").value(), 1);
  EXPECT_EQ(half(1).with_context("where").error().to_string(), "where: odd");
  EXPECT_EQ(check_even(1).with_context("where").error().to_string(), "where: odd");
}

TEST(ResultDeathTest, AskingForWhatIsNotThereEndsTheProgram) {
  EXPECT_DEATH((void)half(1).value(), "value\\(\\) of a failed Result");
  EXPECT_DEATH((void)half(2).error(), "error\\(\\) of a Result");
}

}  // namespace
}  // namespace holdfast::base
