// Schema and reference say what the tables say.
#include "strategy/schema.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "keys.hpp"
#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

TEST(Schema, EveryKeyOfTheTablesIsInIt) {
  const auto schema = nlohmann::json::parse(json_schema());
  EXPECT_EQ(schema["properties"].size(), strategy_record().keys.size());
  for (const auto* record : all_records()) {
    if (record == &strategy_record()) continue;
    auto name = record->name;
    std::replace_if(name.begin(), name.end(), [](char c) { return c == ' ' || c == '.'; }, '-');
    ASSERT_TRUE(schema["$defs"].contains(name) || schema["$defs"].contains(name + "-part")) << name;
    const auto& made =
        schema["$defs"].contains(name) ? schema["$defs"][name] : schema["$defs"][name + "-part"];
    EXPECT_EQ(made["properties"].size(), record->keys.size()) << name;
    EXPECT_FALSE(made["additionalProperties"].get<bool>());
  }
}

TEST(Schema, ReferencesLeadSomewhere) {
  const auto schema = nlohmann::json::parse(json_schema());
  const auto text = json_schema();
  for (std::size_t at = text.find("#/$defs/"); at != std::string::npos;
       at = text.find("#/$defs/", at + 1)) {
    const auto name = text.substr(at + 8, text.find('"', at) - at - 8);
    EXPECT_TRUE(schema["$defs"].contains(name)) << name;
  }
}

TEST(Schema, TablesAreInOrder) {
  std::set<std::string> records;
  for (const auto* record : all_records()) {
    EXPECT_TRUE(records.insert(record->name).second) << record->name;
    EXPECT_TRUE(record->text.ends_with('.')) << record->name;
    std::set<std::string> keys;
    for (const auto& key : record->keys) {
      EXPECT_TRUE(keys.insert(key.name).second) << record->name << " " << key.name;
      EXPECT_TRUE(key.text.ends_with('.')) << record->name << " " << key.name;
    }
    for (const auto& group : record->groups) {
      for (const auto& key : group.keys) EXPECT_TRUE(keys.contains(key)) << key;
    }
  }
}

// A key that is declared and never read would be taken and ignored. Settings of components are read
// as a whole; notes are for readers.
TEST(Schema, EveryKeyIsReadByTheBuilder) {
  std::string source;
  for (const auto* name : {"builder", "build_plan", "build_component", "build_drill"}) {
    source += file_text(std::string("src/strategy/") + name + ".cpp");
  }
  source += file_text("src/strategy/parser.cpp") + file_text("src/strategy/model.cpp");
  const std::set<const Record*> read_as_a_whole{
      &postgres_record(), &redis_record(),      &mongodb_record(), &clickhouse_record(),
      &files_record(),    &command_record(),    &git_record(),     &bucket_record(),
      &docker_record(),   &kubernetes_record(), &vault_record()};
  for (const auto* record : all_records()) {
    if (read_as_a_whole.contains(record)) continue;
    for (const auto& key : record->keys) {
      if (key.name == "note") continue;
      EXPECT_NE(source.find('"' + key.name + '"'), std::string::npos)
          << record->name << " " << key.name;
    }
  }
}

// To change the page, change the tables.
TEST(Schema, TheReferencePageIsTheRenderedOne) {
  if (std::getenv("HOLDFAST_ACCEPT") != nullptr) {
    std::ofstream(std::string(HOLDFAST_TESTS_DIR) + "/../../../docs/reference/strategy.md")
        << strategy_reference();
  }
  EXPECT_TRUE(file_text("docs/reference/strategy.md") == strategy_reference())
      << "docs/reference/strategy.md is not current; write it anew with HOLDFAST_ACCEPT=1";
}

}  // namespace
}  // namespace holdfast::strategy
