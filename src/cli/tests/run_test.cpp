// The program as a function: help, version, wrong usage, and errors as text and as JSON.
#include "cli/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "process_fixture.hpp"

namespace holdfast::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

TEST(Run, SaysItsVersion) {
  const auto ran = run_with({"--version"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, MatchesRegex("holdfast [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  EXPECT_THAT(ran.err, IsEmpty());
  EXPECT_EQ(run_with({"backup", "--version"}).out, ran.out);
}

TEST(Run, VersionAndHelpAsJson) {
  EXPECT_TRUE(json::parse(run_with({"--version", "--json"}).out).at("version").is_string());
  EXPECT_THAT(json::parse(run_with({"--help", "--json"}).out).at("help").get<std::string>(),
              HasSubstr("backup"));
}

TEST(Run, HelpComesInThreeSizes) {
  EXPECT_THAT(run_with({"--help"}).out, HasSubstr("snapshot list"));
  EXPECT_THAT(run_with({"-h"}).out, HasSubstr("snapshot list"));
  const auto family = run_with({"snapshot", "--help"});
  EXPECT_THAT(family.out, HasSubstr("snapshot forget"));
  EXPECT_THAT(family.out, Not(HasSubstr("prune")));
  const auto command = run_with({"snapshot", "list", "--help"});
  EXPECT_THAT(command.out, HasSubstr("--host NAME"));
  EXPECT_EQ(command.status, 0);
  EXPECT_EQ(run_with({"help", "snapshot", "list"}).out, command.out);
  EXPECT_EQ(run_with({"help", "snapshot"}).out, family.out);
  EXPECT_EQ(run_with({"help", "nonsense"}).status, 2);
}

TEST(Run, HelpNeedsNoArgumentsOfTheCommand) {
  EXPECT_EQ(run_with({"restore", "--help"}).status, 0);
  EXPECT_EQ(run_with({"backup", "-h"}).status, 0);
}

TEST(Run, WrongUsageIsTwoAndSaysWhatToDo) {
  const std::vector<std::vector<std::string>> wrong{
      {},
      {"bakup"},
      {"snapshot"},
      {"snapshot", "lst"},
      {"backup"},
      {"backup", "--frobnicate", "/x"},
      {"restore", "a", "b", "--into", "/x"},
      {"verify", "--level", "perfect"},
      {"init", "extra"},
      {"restore", "latest", "--overwrite", "maybe", "--into", "x"},
      {"backup", "/x", "--host"},
      {"init", "--to", "/a", "--from", "/b"}};
  for (const auto& arguments : wrong) {
    const auto ran = run_with(arguments);
    EXPECT_EQ(ran.status, 2) << testing::PrintToString(arguments);
    EXPECT_THAT(ran.out, IsEmpty());
    EXPECT_THAT(ran.err, StartsWith("holdfast: error: "));
    EXPECT_THAT(ran.err, HasSubstr("\nhint: ")) << testing::PrintToString(arguments);
  }
}

TEST(Run, SlipsGetASuggestion) {
  EXPECT_THAT(run_with({"bakup"}).err, HasSubstr("did you mean 'backup'?"));
  EXPECT_THAT(run_with({"backup", "/x", "--exlude", "y"}).err,
              HasSubstr("did you mean --exclude?"));
}

TEST(Run, ErrorsAreJsonWhenAsked) {
  const auto ran = run_with({"--json", "bakup"});
  EXPECT_EQ(ran.status, 2);
  const auto error = json::parse(ran.out).at("error");
  EXPECT_EQ(error.at("code"), "invalid_argument");
  EXPECT_TRUE(error.at("context").is_array());
  EXPECT_EQ(error.at("message"), "unknown command 'bakup'");
  EXPECT_EQ(error.at("hint"), "did you mean 'backup'?");
  EXPECT_THAT(ran.err, HasSubstr("unknown command"));
}

TEST(Run, WordsThatAreNoPathsAreKeptForComponents) {
  auto ran = run_with({"backup", "postgres", "/etc", "--to", "/nowhere"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("is no path: a path begins with / or ."));
  ran = run_with({"backup", "postgres", "--config", "/nowhere/holdfast.yaml"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("can't read the strategy"));
}

TEST(Run, HostileArgumentsAreMadePrintable) {
  const auto ran = run_with({"\x1b[2Jboo\xff"});
  EXPECT_THAT(ran.err, HasSubstr("\\x1b[2Jboo\\xff"));
  EXPECT_THAT(ran.err, Not(HasSubstr("\x1b")));
}

TEST(Run, ARepositoryIsNeeded) {
  ::unsetenv("HOLDFAST_REPOSITORY");
  const auto ran = run_with({"snapshot", "list"}, "secret");
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("HOLDFAST_REPOSITORY"));
}

TEST(Run, CompletionChecksItsShell) {
  EXPECT_EQ(run_with({"completion", "tcsh"}).status, 2);
  EXPECT_THAT(run_with({"completion", "bash"}).out, HasSubstr("complete -F _holdfast holdfast"));
}

}  // namespace
}  // namespace holdfast::cli
