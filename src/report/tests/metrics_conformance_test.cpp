// The text keeps the format's grammar, whatever the strategy calls its things.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/random.hpp"
#include "exposition.hpp"
#include "metrics_fixture.hpp"
#include "metrics_text_reader.hpp"

namespace holdfast::report {

namespace {

void expect_grammar(const std::string& text) {
  const auto read = read_metrics(text);
  EXPECT_TRUE(read.mistakes.empty()) << read.mistakes.front();
  EXPECT_FALSE(read.samples.empty());
}

TEST(Exposition, KeepsTheGrammar) { expect_grammar(render_metrics(full_status(), full_facts())); }

TEST(Exposition, KeepsItWhenNothingIsKnown) {
  const auto text = render_metrics({}, {});
  expect_grammar(text);
  EXPECT_EQ(text.find("NaN"), std::string::npos);
  EXPECT_EQ(text.find("inf "), std::string::npos);
}

TEST(Exposition, EscapesLabels) {
  EXPECT_EQ(escape_label("plain ä"), "plain ä");
  EXPECT_EQ(escape_label("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
  EXPECT_EQ(escape_label(""), "");
  EXPECT_EQ(escape_label("\n"), "\\n");
}

TEST(Exposition, HostileNamesComeBackAsTheyWere) {
  const std::string hostile = "x\"} 1\nbackup_success_total{a=\"\\";
  auto status = full_status();
  status.components[0].name = hostile;
  auto facts = full_facts();
  facts.backups[0].plan = hostile;
  const auto read = read_metrics(render_metrics(status, facts));
  EXPECT_TRUE(read.mistakes.empty()) << read.mistakes.front();
  EXPECT_EQ(read.value("holdfast_component_enabled", {{"component", hostile}}), 1);
}

TEST(Exposition, AnyBytesKeepTheGrammar) {
  base::SeededRandom random(5);
  for (int round = 0; round < 500; ++round) {
    std::string name(random.below(40), '\0');
    for (auto& c : name) c = static_cast<char>(random.below(256));
    auto status = full_status();
    status.components[0].name = name;
    status.components[0].places[0].location = name;
    status.findings[0].kind = name;
    expect_grammar(render_metrics(status, full_facts()));
  }
}

// What tests/integration/metrics_test.py gives to Prometheus' own reader. HOLDFAST_ACCEPT=1 in the
// environment writes it anew.
TEST(Exposition, IsAsItWasCommitted) {
  auto status = full_status();
  status.components[1].name = "a \"quoted\"\\name\nof two lines, ä";
  const auto text = render_metrics(status, full_facts());
  const auto path = std::string(HOLDFAST_TESTS_DIR) + "/golden/metrics.txt";
  if (std::getenv("HOLDFAST_ACCEPT") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ostringstream committed;
  committed << std::ifstream(path, std::ios::binary).rdbuf();
  EXPECT_EQ(committed.str(), text);
}

TEST(Exposition, LeavesOutWhatIsNoNumber) {
  Exposition out;
  out.measure("holdfast_location_bytes", {"a"}, 0.0 / 0.0);  // NOLINT(clang-analyzer-core*)
  out.measure("holdfast_location_bytes", {"b"}, 1e308 * 10);
  out.measure("holdfast_location_bytes", {"c"}, 2.5);
  EXPECT_EQ(read_metrics(out.text()).samples.size(), 1U);
  EXPECT_EQ(Exposition().text(), "");
}

}  // namespace

}  // namespace holdfast::report
