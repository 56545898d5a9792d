// Components as they are read.
#include "strategy/component.hpp"

#include <gtest/gtest.h>

#include <set>

#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

TEST(Component, SettingsAreWordsListsAndSecrets) {
  const auto parsed = parse_text(
      "strategy: s\nlocations: { disk: { url: /b } }\ncomponents:\n  db:\n"
      "    host: a\n    size: 40GB\n    tables: t\n"
      "    postgres: { url: \"postgresql://h/d\", tls: require, password: env:P, databases: [x, y] "
      "}\n"
      "    hooks: { before: ./b.sh, failed: [./c.sh, ./d.sh] }\n"
      "    service: { stop: a, start: b }\n"
      "    plans: { p: { type: logical, every: 1h, to: disk, keep: 7d } }\n");
  EXPECT_FALSE(parsed.diagnostics.has_errors());
  const auto& component = parsed.strategy.components.at(0);
  EXPECT_EQ(component.kind, ComponentKind::postgres);
  EXPECT_EQ(component.source.word("url"), "postgresql://h/d");
  EXPECT_EQ(component.source.word("port"), "");
  EXPECT_EQ(component.source.list("databases"), (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(component.source.list("tables").empty());
  EXPECT_EQ(component.source.secrets.at("password").kind, SecretReference::Kind::env);
  EXPECT_EQ(component.expected_size, 40'000'000'000U);
  EXPECT_EQ(component.tables, std::vector<std::string>{"t"});
  EXPECT_EQ(component.hooks.failed.size(), 2U);
  EXPECT_EQ(component.service.start, "b");
  EXPECT_NE(component.plan("p"), nullptr);
  EXPECT_EQ(component.plan("q"), nullptr);
  EXPECT_TRUE(component.is_of_host("a"));
  EXPECT_FALSE(component.is_of_host("b"));
  EXPECT_TRUE(Component{}.is_of_host("b"));
}

TEST(Component, EveryKindHasAName) {
  std::set<std::string_view> names;
  for (int kind = 0; kind <= static_cast<int>(ComponentKind::vault); ++kind) {
    names.insert(component_kind_name(static_cast<ComponentKind>(kind)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ComponentKind::vault) + 1);
  EXPECT_EQ(is_built(ComponentKind::postgres), Built::yes);
  EXPECT_EQ(is_built(ComponentKind::postgres, PlanType::physical), Built::yes);
  EXPECT_EQ(is_built(ComponentKind::postgres, PlanType::incremental), Built::yes);
  EXPECT_EQ(is_built(ComponentKind::postgres, PlanType::log), Built::not_yet);
  EXPECT_EQ(is_built(ComponentKind::files), Built::yes);
  EXPECT_EQ(is_built(ComponentKind::command), Built::yes);
  EXPECT_EQ(is_built(ComponentKind::git), Built::yes);
  EXPECT_EQ(is_built(ComponentKind::vault), Built::not_yet);
}

TEST(Component, AddressesOfGitHoldNoPasswords) {
  const auto parsed = parse_text(
      "strategy: s\nlocations: { forge: { mirror: \"https://u:s3cret@h/x\" } }\ncomponents:\n"
      "  code:\n    git: { url: \"https://u:s3cret@h/y\" }\n"
      "    plans: { p: { when: commit, to: forge } }\n");
  const auto errors = lines_of(parsed, Severity::error);
  EXPECT_EQ(errors.size(), 2U);
  for (const auto& line : errors) {
    EXPECT_NE(line.find("holds a password"), std::string::npos) << line;
    EXPECT_EQ(line.find("s3cret"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace holdfast::strategy
