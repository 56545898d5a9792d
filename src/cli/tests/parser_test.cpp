// What arguments mean.
#include "parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::cli {
namespace {

using testing::ElementsAre;
using Words = std::vector<std::string>;

Parsed parsed(const Words& words) {
  auto result = parse(words);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().to_string());
  return result.ok() ? std::move(result).value() : Parsed{};
}

std::string message(const Words& words) {
  const auto result = parse(words);
  return result.ok() ? "" : result.error().message();
}

TEST(Parser, FindsCommandsOfOneAndTwoWords) {
  EXPECT_EQ(parsed({"prune", "--to", "/r"}).command->name, "prune");
  EXPECT_EQ(parsed({"snapshot", "list"}).command->name, "snapshot list");
  EXPECT_EQ(parsed({"--json", "snapshot", "--quiet", "list"}).command->name, "snapshot list");
}

TEST(Parser, ToAndFromAreTheSame) {
  EXPECT_THAT(parsed({"prune", "--from", "/r"}).values.options.at("to"), ElementsAre("/r"));
  EXPECT_THAT(parsed({"prune", "--to=/r"}).values.options.at("to"), ElementsAre("/r"));
  EXPECT_EQ(message({"prune", "--from", "/r", "--to", "/r"}), "--to is given more than once");
}

TEST(Parser, RepeatedOptionsKeepTheirOrder) {
  const auto values = parsed({"backup", "/a", "--exclude", "z", "./b", "--exclude", "a"}).values;
  EXPECT_THAT(values.options.at("exclude"), ElementsAre("z", "a"));
  EXPECT_THAT(values.arguments.at("PATH"), ElementsAre("/a", "./b"));
}

TEST(Parser, ValuesAreRawBytes) {
  for (const auto* glob : {"[abc]", "{a,b}", "a,b", "*.\xff", "%%", "''", "\"x\"", "", " "}) {
    const auto values = parsed({"backup", "/a", "--exclude", glob}).values;
    EXPECT_THAT(values.options.at("exclude"), ElementsAre(glob));
  }
  EXPECT_THAT(parsed({"backup", "/[a,b]", "/{c}"}).values.arguments.at("PATH"),
              ElementsAre("/[a,b]", "/{c}"));
  EXPECT_THAT(parsed({"backup", "/a", "--exclude=-x"}).values.options.at("exclude"),
              ElementsAre("-x"));
  EXPECT_THAT(parsed({"backup", "/a", "--exclude=a=b"}).values.options.at("exclude"),
              ElementsAre("a=b"));
}

TEST(Parser, NothingIsAnOptionAfterTwoDashes) {
  EXPECT_THAT(parsed({"snapshot", "find", "--", "--help"}).values.arguments.at("GLOB"),
              ElementsAre("--help"));
  EXPECT_FALSE(parse({"--", "prune"}).ok());
}

TEST(Parser, ArgumentsNamedLikeCommandsAreArguments) {
  EXPECT_THAT(parsed({"restore", "verify", "--into", "x"}).values.arguments.at("SNAPSHOT[:PATH]"),
              ElementsAre("verify"));
  EXPECT_THAT(parsed({"key", "remove", "add"}).values.arguments.at("KEY"), ElementsAre("add"));
}

TEST(Parser, CountsArguments) {
  EXPECT_EQ(message({"restore"}), "restore needs SNAPSHOT[:PATH]");
  EXPECT_EQ(message({"snapshot", "diff", "a"}), "snapshot diff needs NEW");
  EXPECT_EQ(message({"doctor", "a"}), "doctor does not expect 'a'");
  EXPECT_TRUE(parse({"verify"}).ok());
}

TEST(Parser, ChecksChoices) {
  EXPECT_EQ(message({"verify", "--level", "x"}), "--level: 'x' is none of the choices");
  EXPECT_EQ(message({"completion", "csh"}), "SHELL: 'csh' is none of the choices");
}

TEST(Parser, UnknownOptionsAreNamed) {
  EXPECT_EQ(message({"prune", "--password=x"}), "prune has no option --password");
  EXPECT_EQ(message({"prune", "-p"}), "prune has no option -p");
  EXPECT_EQ(message({"backup", "/a", "--full=yes"}), "--full takes no value");
  EXPECT_EQ(message({"backup", "/a", "--dry-run=false"}), "--dry-run takes no value");
}

TEST(Parser, AnOptionNeedsItsValue) { EXPECT_FALSE(parse({"prune", "--to"}).ok()); }

TEST(Parser, SeesJsonAnywhereBeforeTwoDashes) {
  EXPECT_TRUE(asks_for_json({"a", "--json"}));
  EXPECT_FALSE(asks_for_json({"a", "--", "--json"}));
}

TEST(Parser, ClosestIsNear) {
  EXPECT_EQ(closest("verfy", {"verify", "prune"}), "verify");
  EXPECT_EQ(closest("xyz", {"verify", "prune"}), "");
  EXPECT_EQ(closest("", {"ab"}), "");
}

}  // namespace
}  // namespace holdfast::cli
