// Answers of a database, held against what is expected.
#include "postgres_questions.hpp"

#include <gtest/gtest.h>

namespace holdfast::engine {

namespace {

using strategy::Expectation;

wire::PostgresTable table_of(std::optional<std::string> cell) {
  return {.columns = {"c"}, .rows = {{std::move(cell)}}};
}

PostgresAnswer at_least(std::int64_t number, const std::string& cell) {
  Expectation expected;
  expected.at_least = number;
  return judge_answer(table_of(cell), expected);
}

TEST(PostgresQuestions, NumbersAreCompared) {
  EXPECT_EQ(at_least(5, "5").outcome, DrillOutcome::passed);
  EXPECT_EQ(at_least(5, "4").outcome, DrillOutcome::failed);
  EXPECT_EQ(at_least(5, "5.5").outcome, DrillOutcome::passed);
  EXPECT_EQ(at_least(-3, "-2").outcome, DrillOutcome::passed);
  EXPECT_EQ(at_least(5, "many").outcome, DrillOutcome::failed);
  EXPECT_EQ(at_least(5, "6 ").outcome, DrillOutcome::failed);
  Expectation expected;
  expected.at_most = 9;
  EXPECT_EQ(judge_answer(table_of("10"), expected).outcome, DrillOutcome::failed);
  EXPECT_EQ(judge_answer(table_of("9"), expected).outcome, DrillOutcome::passed);
}

TEST(PostgresQuestions, TextsAreEqualOrNot) {
  Expectation expected;
  expected.equals = "t";
  EXPECT_EQ(judge_answer(table_of("t"), expected).outcome, DrillOutcome::passed);
  EXPECT_EQ(judge_answer(table_of("true"), expected).outcome, DrillOutcome::failed);
  EXPECT_EQ(judge_answer(table_of(std::nullopt), expected).outcome, DrillOutcome::failed);
}

TEST(PostgresQuestions, WithoutBoundsARowIsEnoughAndNoneIsNot) {
  EXPECT_EQ(judge_answer(table_of("x"), {}).outcome, DrillOutcome::passed);
  EXPECT_EQ(judge_answer(table_of(std::nullopt), {}).outcome, DrillOutcome::passed);
  EXPECT_EQ(judge_answer({.columns = {"c"}, .rows = {}}, {}).outcome, DrillOutcome::failed);
}

TEST(PostgresQuestions, LongAnswersAreCut) {
  Expectation expected;
  expected.equals = "x";
  EXPECT_LT(judge_answer(table_of(std::string(5000, 'a')), expected).message.size(), 300U);
}

TEST(PostgresQuestions, WhatTheMachineLacksIsNotTheBackupsFault) {
  using base::ErrorCode;
  EXPECT_EQ(judge_trouble("ERROR:  extension \"postgis\" is not available", ErrorCode::damaged),
            ErrorCode::unsupported);
  EXPECT_EQ(judge_trouble("could not extend file: No space left on device", ErrorCode::damaged),
            ErrorCode::no_space);
  EXPECT_EQ(judge_trouble("PANIC:  could not locate a valid checkpoint record", ErrorCode::damaged),
            ErrorCode::damaged);
}

}  // namespace

}  // namespace holdfast::engine
