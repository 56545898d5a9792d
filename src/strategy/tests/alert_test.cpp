// Alerts as they are read.
#include "strategy/alert.hpp"

#include <gtest/gtest.h>

#include <set>

#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

TEST(Alert, IsReadShortAndLong) {
  const auto parsed = parse_text(small_strategy(
      "{ every: 1h, to: disk, keep: 7d }",
      "channels: { mail: \"mailto:ops@example.org\", slack: env:S }\n"
      "severities: { high: [mail, slack], low: slack }\n"
      "alerts:\n  failed: high\n  size: { below: 80%, above: 150%, for: 1h, severity: low }\n"
      "  missing: { after: 24h, severity: high }\n"));
  EXPECT_TRUE(lines_of(parsed, Severity::error).empty());
  const auto& strategy = parsed.strategy;
  ASSERT_EQ(strategy.alerts.size(), 3U);
  EXPECT_EQ(strategy.alerts[0].finding, Finding::failed);
  EXPECT_EQ(strategy.alerts[0].severity, "high");
  EXPECT_EQ(strategy.alerts[1].below_percent, 80);
  EXPECT_EQ(strategy.alerts[1].lasting, base::hours(1));
  EXPECT_EQ(strategy.alerts[2].after, base::hours(24));
  EXPECT_EQ(strategy.severities[1].channels, std::vector<std::string>{"slack"});
  EXPECT_EQ(strategy.channels[0].address.kind, SecretReference::Kind::address);
}

TEST(Alert, EveryFindingHasAName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < finding_count; ++i) {
    names.insert(finding_name(static_cast<Finding>(i)));
  }
  EXPECT_EQ(names.size(), finding_count);
}

}  // namespace
}  // namespace holdfast::strategy
