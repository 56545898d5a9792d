// Help, man pages, completions and the reference: rendered from the declarations, and the committed
// ones are current. HOLDFAST_ACCEPT=1 in the environment writes the committed ones anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "declarations.hpp"
#include "render/completion.hpp"
#include "render/help.hpp"
#include "render/man_page.hpp"
#include "render/reference.hpp"

namespace holdfast::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

void expect_committed(const std::string& name, const std::string& rendered) {
  const auto path = std::string(HOLDFAST_TESTS_DIR) + "/../../../docs/reference/" + name;
  if (std::getenv("HOLDFAST_ACCEPT") != nullptr) {
    std::ofstream(path, std::ios::binary) << rendered;
    return;
  }
  std::ostringstream committed;
  committed << std::ifstream(path, std::ios::binary).rdbuf();
  EXPECT_TRUE(committed.str() == rendered)
      << "docs/reference/" << name << " is not current; write it anew with HOLDFAST_ACCEPT=1";
}

TEST(Reference, CommittedFilesAreCurrent) {
  expect_committed("cli.md", cli_reference());
  expect_committed("json.md", json_reference());
}

TEST(Reference, CommandsJsonIsJson) {
  const auto read = nlohmann::json::parse(commands_json());
  EXPECT_EQ(read.at("commands").size(), commands().size());
  EXPECT_FALSE(read.at("error_fields").empty());
}

TEST(Help, NamesEveryOptionExitCodeAndExample) {
  for (const auto* command : commands()) {
    const auto text = command_help(*command);
    for (const auto* option : all_options(*command))
      EXPECT_THAT(text, HasSubstr("--" + option->name));
    for (const auto& exit : command->exits)
      EXPECT_THAT(text, HasSubstr("\n  " + std::to_string(static_cast<int>(exit.code)) + "  "));
    EXPECT_THAT(text, HasSubstr("  $ " + command->examples.front().command));
  }
}

TEST(Help, StaysWithinEightyColumns) {
  for (const auto* command : commands()) {
    std::istringstream lines(command_help(*command));
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("  $ ") && !line.starts_with("Usage"))
        EXPECT_LE(line.size(), 80U) << line;
    }
  }
}

TEST(Wrapped, BreaksAtSpacesAndKeepsLongWords) {
  EXPECT_EQ(wrapped("aa bb cc", 2, 7), "  aa bb\n  cc\n");
  EXPECT_EQ(wrapped("aaaaaaaaaa b", 1, 5), " aaaaaaaaaa\n b\n");
  EXPECT_EQ(wrapped("a\n\nb", 0, 10), "a\n\nb\n");
  EXPECT_EQ(wrapped("", 0, 10), "");
}

TEST(ManPage, EscapesWhatRoffWouldTake) {
  const Command command{.name = "x",
                        .summary = "s",
                        .description = ".hidden 'a' back\\slash\n'quoted",
                        .exits = {{ExitCode::done, ""}}};
  const auto page = command_man_page(command);
  EXPECT_THAT(page, HasSubstr("\\&.hidden 'a' back\\eslash\n\\&'quoted"));
  EXPECT_THAT(page, HasSubstr("\\-\\-json"));
  EXPECT_EQ(man_page_file(*find_command("snapshot list")), "holdfast-snapshot-list.1");
}

TEST(ManPage, EveryLineBelongs) {
  for (const auto* command : commands()) {
    std::istringstream lines(command_man_page(*command));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('.'))
        EXPECT_THAT(line, testing::MatchesRegex("\\.(TH|SH|TP|B|PP|BR)( .*)?")) << line;
    }
  }
  EXPECT_THAT(program_man_page(), HasSubstr("holdfast\\-restore(1)"));
}

TEST(Completion, KnowsCommandsOptionsAndChoices) {
  for (const auto& script : {bash_completion(), zsh_completion(), fish_completion()}) {
    for (const auto* word : {"backup", "rebuild-index", "change-password", "one-file-system",
                             "never changed always"}) {
      EXPECT_THAT(script, HasSubstr(word));
    }
    EXPECT_THAT(script, Not(HasSubstr("docs")));
  }
}

}  // namespace
}  // namespace holdfast::cli
