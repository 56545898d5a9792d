// Damaged strategies: whatever is done to the example, the parser ends, and every position that it
// names lies inside the file.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/random.hpp"
#include "strategy/agenda.hpp"
#include "strategy/checks.hpp"
#include "strategy/explain.hpp"
#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

constexpr int rounds = 4000;

std::vector<std::string> lines_in(const std::string& text) {
  std::vector<std::string> lines{""};
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

// One small damage.
void mutate(std::string& text, base::SeededRandom& random) {
  static constexpr std::array<const char*, 34> tokens{"${",         "}",
                                                      "{",          "[",
                                                      "]",          ": ",
                                                      "? ",         "- ",
                                                      "&a ",        "*a",
                                                      "|",          ">",
                                                      "\"",         "'",
                                                      "#",          "\t",
                                                      "\n",         "---\n",
                                                      "\r\n",       "!!",
                                                      "<<: *a",     "every: 0s",
                                                      "at: x",      "${X:-}",
                                                      "${A:-${B}}", "7d",
                                                      "%",          "1st",
                                                      ",",          "include: holdfast.yaml\n",
                                                      "null",       "99999999999999999999",
                                                      "\xC3",       "keep: 9999999w"};
  if (text.empty()) return;
  const auto at = random.below(text.size());
  const auto length = std::min<std::size_t>(text.size() - at, random.below(40));
  switch (random.below(7)) {
    case 0: text[at] = static_cast<char>(random.below(256)); break;
    case 1: text.erase(at, length); break;
    case 2: text.insert(at, tokens[random.below(tokens.size())]); break;
    case 3: text.insert(at, text.substr(random.below(text.size()), length)); break;
    case 4: text.resize(at); break;
    case 5: {
      const auto end = text.find('\n', at);
      if (end != std::string::npos) text.insert(end + 1, text.substr(at, end - at) + "\n");
      break;
    }
    default: std::swap(text[at], text[random.below(text.size())]);
  }
}

void expect_positions_inside(const Parsed& parsed, const std::string& text) {
  const auto lines = lines_in(text);
  for (const auto& each : parsed.diagnostics.all()) {
    const auto& at = each.position;
    ASSERT_EQ(at.file, 0U) << each.message;
    if (at.line == 0) continue;
    ASSERT_LE(at.line, lines.size()) << each.message << "\n" << text;
    ASSERT_GE(at.column, 1U) << each.message;
    ASSERT_LE(at.column, lines[at.line - 1].size() + 1) << each.message << "\n" << text;
    ASSERT_FALSE(each.message.empty());
  }
}

void use(Parsed& parsed) {
  check_promises(parsed.strategy, parsed.diagnostics);
  const auto zone = TimeZone::find(parsed.strategy.timezone);
  if (!zone.ok()) return;
  for (const auto& component : parsed.strategy.components) {
    ASSERT_FALSE(explain(parsed.strategy, component).sentences.empty());
  }
  const base::Time now = base::parse_utc("2026-03-28T12:00:00Z").value();
  ASSERT_LE(agenda(parsed.strategy, now, now + base::hours(36), zone.value(), 50).size(), 50U);
}

TEST(ParserFuzz, DamagedExamplesAreTold) {
  std::vector<std::string> seeds;
  for (const auto* name : {"shop", "sin-solver", "content-creation-crew", "silentrelay",
                           "neurocred", "bud-ai-foundry"}) {
    seeds.push_back(file_text(fmt::format("examples/{}.yaml", name)));
  }
  base::SeededRandom random(11);
  std::size_t without_errors = 0;
  std::size_t with_errors = 0;
  for (int round = 0; round < rounds; ++round) {
    auto text = seeds[random.below(seeds.size())];
    const auto count = 1 + random.below(4);
    for (std::uint64_t i = 0; i < count; ++i) mutate(text, random);
    World world{.variables = {{"X", "7d"}}};
    if (random.below(4) == 0) world.environment = "staging";
    auto parsed = parse_text(text, world);
    expect_positions_inside(parsed, text);
    if (HasFatalFailure()) FAIL() << "round " << round;
    ++(parsed.diagnostics.has_errors() ? with_errors : without_errors);
    if (!parsed.diagnostics.has_errors()) use(parsed);
    if (HasFatalFailure()) FAIL() << "round " << round << "\n" << text;
  }
  // Damage is neither always seen nor always harmless.
  EXPECT_GT(with_errors, 100U);
  EXPECT_GT(without_errors, 100U);
}

TEST(ParserFuzz, NoiseIsTold) {
  base::SeededRandom random(12);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random.below(200), ' ');
    for (auto& c : text) {
      static constexpr std::string_view likely = "{}[]:-?\n \"'#&*!|>%@`ab1,";
      c = random.below(10) == 0 ? static_cast<char>(random.below(256))
                                : likely[random.below(likely.size())];
    }
    const auto parsed = parse_text(text);
    ASSERT_TRUE(parsed.diagnostics.has_errors()) << text;
    expect_positions_inside(parsed, text);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST(ParserFuzz, DeepAndWideInputEndsSoon) {
  for (const auto* token : {"[", "{a: ", "- ", "? ", "a: [", "!a ", "&a "}) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += token;
    const auto parsed = parse_text(text);
    EXPECT_TRUE(parsed.diagnostics.has_errors()) << token;
    expect_positions_inside(parsed, text);
  }
  // Aliases of aliases.
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    text += fmt::format("a{0}: &a{0} [", i);
    for (int j = 0; j < 10; ++j) text += fmt::format("{}*a{}", j == 0 ? "" : ", ", i - 1);
    text += "]\n";
  }
  EXPECT_TRUE(parse_text(text).diagnostics.has_errors());
}

}  // namespace
}  // namespace holdfast::strategy
