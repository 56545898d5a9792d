// The table of commands keeps its own rules: nothing twice, everything explained, fields below
// fields that exist.
#include "declarations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace holdfast::cli {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

TEST(Declarations, NamesAreUnique) {
  std::set<std::string> names;
  for (const auto* command : commands())
    EXPECT_TRUE(names.insert(command->name).second) << command->name;
  EXPECT_EQ(find_command("no such command"), nullptr);
  EXPECT_EQ(find_command("prune")->name, "prune");
}

TEST(Declarations, EveryCommandOfTheContractIsThere) {
  for (const auto* name : {"init",
                           "backup",
                           "snapshot list",
                           "snapshot show",
                           "snapshot ls",
                           "snapshot diff",
                           "snapshot find",
                           "snapshot tag",
                           "snapshot hold",
                           "snapshot release",
                           "snapshot forget",
                           "restore",
                           "verify",
                           "prune",
                           "repository stats",
                           "repository protect",
                           "repository repair",
                           "repository rebuild-index",
                           "key generate",
                           "key list",
                           "key add",
                           "key remove",
                           "key change-password",
                           "strategy check",
                           "strategy explain",
                           "strategy plan",
                           "strategy forecast",
                           "strategy schema",
                           "completion",
                           "help"}) {
    EXPECT_NE(find_command(name), nullptr) << name;
  }
}

TEST(Declarations, EveryCommandIsExplained) {
  for (const auto* command : commands()) {
    SCOPED_TRACE(command->name);
    EXPECT_NE(command->run, nullptr);
    EXPECT_THAT(command->summary, Not(IsEmpty()));
    EXPECT_FALSE(command->summary.ends_with('.'));
    EXPECT_TRUE(command->description.ends_with('.'));
    EXPECT_THAT(command->examples, Not(IsEmpty()));
    EXPECT_THAT(command->json, Not(IsEmpty()));
    std::set<ExitCode> codes;
    for (const auto& exit : command->exits) codes.insert(exit.code);
    EXPECT_THAT(codes, Contains(ExitCode::done));
    EXPECT_THAT(codes, Contains(ExitCode::usage));
    for (const auto& example : command->examples)
      EXPECT_TRUE(example.command.starts_with("holdfast " + command->name));
  }
}

TEST(Declarations, OptionsAreUniqueAndExplained) {
  for (const auto* command : commands()) {
    std::set<std::string> names;
    for (const auto* option : all_options(*command)) {
      SCOPED_TRACE(command->name + " --" + option->name);
      EXPECT_TRUE(names.insert(option->name).second);
      if (!option->synonym.empty()) EXPECT_TRUE(names.insert(option->synonym).second);
      EXPECT_TRUE(option->text.ends_with('.'));
      if (!option->choices.empty() && !option->fallback.empty())
        EXPECT_THAT(option->choices, Contains(option->fallback));
      if (option->is_flag()) EXPECT_THAT(option->fallback + option->variable, IsEmpty());
    }
  }
}

TEST(Declarations, NoOptionTakesASecret) {
  for (const auto* command : commands()) {
    for (const auto* option : all_options(*command)) {
      EXPECT_EQ(option->name.find("password"), std::string::npos);
      EXPECT_EQ(option->name.find("passphrase"), std::string::npos);
    }
  }
}

void check_fields(const std::vector<Field>& fields) {
  std::map<std::string, FieldType> known;
  for (const auto& field : fields) {
    SCOPED_TRACE(field.path);
    EXPECT_TRUE(known.emplace(field.path, field.type).second);
    EXPECT_THAT(field.text, Not(IsEmpty()));
    const auto dot = field.path.rfind('.');
    if (dot == std::string::npos) continue;
    auto parent = field.path.substr(0, dot);
    const bool element = parent.ends_with("[]");
    if (element) parent.resize(parent.size() - 2);
    ASSERT_TRUE(known.contains(parent));
    EXPECT_EQ(known.at(parent), element ? FieldType::array : FieldType::object);
  }
}

TEST(Declarations, FieldsLieBelowFields) {
  for (const auto* command : commands()) {
    SCOPED_TRACE(command->name);
    check_fields(command->json);
  }
  check_fields(error_fields());
}

TEST(Declarations, ErrorCodesOfTheTextAreThoseOfTheProgram) {
  const auto& text = error_fields().at(1).text;
  for (auto code = base::ErrorCode::invalid_argument; code <= base::ErrorCode::internal;
       code = static_cast<base::ErrorCode>(static_cast<int>(code) + 1)) {
    EXPECT_NE(text.find(base::error_code_name(code)), std::string::npos)
        << base::error_code_name(code);
  }
}

}  // namespace
}  // namespace holdfast::cli
