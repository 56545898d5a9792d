// A repository's parameters: one encoding, and nothing believed that makes no sense.
#include "repository/config.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "golden.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

Config any_config() {
  base::SeededRandom random(1);
  Config config;
  config.repository_id = random.array<16>();
  config.created = {1'800'000'000'123'456'789};
  config.box_public_key = random.array<32>();
  config.generation = 3;
  config.admin_verify_key = random.array<32>();
  config.chunker = {.size_min = 64 * 1024, .size_target = 256 * 1024, .size_max = 1024 * 1024};
  config.pack_data_max = 5'000'000;
  config.pack_tree_max = 600'000;
  config.bundle_file_max = 70'000;
  config.bundle_target = 300'000;
  config.session_ttl = base::minutes(20);
  config.prune_grace = base::hours(7);
  return config;
}

TEST(Config, RoundTrip) {
  const auto config = any_config();
  const auto decoded = decode_config(encode_config(config));
  ASSERT_TRUE(decoded.ok()) << decoded.error().to_string();
  const auto& found = decoded.value();
  EXPECT_EQ(found.repository_id, config.repository_id);
  EXPECT_EQ(found.created, config.created);
  EXPECT_EQ(found.box_public_key, config.box_public_key);
  EXPECT_EQ(found.generation, 3U);
  EXPECT_EQ(found.admin_verify_key, config.admin_verify_key);
  EXPECT_EQ(found.chunker.size_min, 64U * 1024);
  EXPECT_EQ(found.chunker.size_target, 256U * 1024);
  EXPECT_EQ(found.chunker.size_max, 1024U * 1024);
  EXPECT_EQ(found.pack_data_max, 5'000'000U);
  EXPECT_EQ(found.pack_tree_max, 600'000U);
  EXPECT_EQ(found.bundle_file_max, 70'000U);
  EXPECT_EQ(found.bundle_target, 300'000U);
  EXPECT_EQ(found.session_ttl, base::minutes(20));
  EXPECT_EQ(found.prune_grace, base::hours(7));
}

TEST(Config, Golden) { expect_golden("config", encode_config(any_config())); }

TEST(Config, TheDefaultsMakeSense) { EXPECT_TRUE(check_config(Config{}).ok()); }

TEST(Config, ANewerVersionIsUnsupported) {
  auto bytes = encode_config(any_config());
  bytes[4] = 2;
  const auto decoded = decode_config(bytes);
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().code(), ErrorCode::unsupported);
  EXPECT_NE(decoded.error().message().find("version 2"), std::string::npos);
  EXPECT_FALSE(decoded.error().hint().empty());
}

TEST(Config, AnUnknownFeatureIsUnsupportedAndNamed) {
  auto bytes = encode_config(any_config());
  constexpr std::size_t feature_count_at = 4 + 1 + 3 + 16;
  ASSERT_EQ(bytes[feature_count_at], 0);
  bytes[feature_count_at] = 1;
  base::Bytes feature;
  base::ByteWriter(feature).sized(std::string_view("erasure\x1b[2J"));
  bytes.insert(bytes.begin() + feature_count_at + 1, feature.begin(), feature.end());
  const auto decoded = decode_config(bytes);
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().code(), ErrorCode::unsupported);
  EXPECT_NE(decoded.error().message().find("erasure"), std::string::npos);
  EXPECT_EQ(decoded.error().message().find('\x1b'), std::string::npos) << "drives no terminal";
}

TEST(Config, NonsenseIsDamaged) {
  const auto whole = encode_config(any_config());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = decode_config(base::ByteView(whole).first(size));
    ASSERT_EQ(cut.error().code(), ErrorCode::damaged) << size;
  }
  auto longer = whole;
  longer.push_back(0);
  EXPECT_EQ(decode_config(longer).error().code(), ErrorCode::damaged);
  auto other = whole;
  other[0] ^= 1;
  EXPECT_EQ(decode_config(other).error().code(), ErrorCode::damaged);
  auto senseless = any_config();
  senseless.chunker.size_target = 12'345;
  EXPECT_EQ(decode_config(encode_config(senseless)).error().code(), ErrorCode::damaged);
}

struct Rule {
  const char* name;
  std::function<void(Config&)> breaks;
};

class ConfigRule : public testing::TestWithParam<Rule> {};

TEST_P(ConfigRule, IsChecked) {
  auto config = any_config();
  ASSERT_TRUE(check_config(config).ok());
  GetParam().breaks(config);
  const auto checked = check_config(config);
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(decode_config(encode_config(config)).error().code(), ErrorCode::damaged);
}

constexpr auto longest = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();

INSTANTIATE_TEST_SUITE_P(
    Limits, ConfigRule,
    testing::Values(
        Rule{"MinimumTooSmall", [](Config& c) { c.chunker.size_min = 63; }},
        Rule{"MinimumAboveTarget", [](Config& c) { c.chunker.size_min = c.chunker.size_target; }},
        Rule{"TargetAboveMaximum", [](Config& c) { c.chunker.size_target = c.chunker.size_max; }},
        Rule{"TargetNoPowerOfTwo", [](Config& c) { c.chunker.size_target += 1; }},
        Rule{"ChunksTooLarge", [](Config& c) { c.chunker.size_max = 64 * 1024 * 1024 + 1; }},
        Rule{"NoBundle", [](Config& c) { c.bundle_target = 0; }},
        Rule{"NoBundledFile", [](Config& c) { c.bundle_file_max = 0; }},
        Rule{"BundleTooLarge", [](Config& c) { c.bundle_target = c.chunker.size_max; }},
        Rule{"BundleOverflows", [](Config& c) { c.bundle_target = c.bundle_file_max = ~0U; }},
        Rule{"DataPackTooSmall", [](Config& c) { c.pack_data_max = 1023; }},
        Rule{"TreePackTooSmall", [](Config& c) { c.pack_tree_max = 0; }},
        Rule{"DataPackTooLarge", [](Config& c) { c.pack_data_max = (1U << 30) + 1; }},
        Rule{"TreePackTooLarge", [](Config& c) { c.pack_tree_max = ~0U; }},
        Rule{"NoLife", [](Config& c) { c.session_ttl = {}; }},
        Rule{"NegativeLife", [](Config& c) { c.session_ttl = {least}; }},
        Rule{"EndlessLife", [](Config& c) { c.session_ttl = {longest}; }},
        Rule{"EndlessGrace", [](Config& c) { c.prune_grace = {longest}; }},
        Rule{"EndlessBoth", [](Config& c) { c.prune_grace = c.session_ttl = {longest}; }},
        Rule{"NegativeGrace", [](Config& c) { c.prune_grace = {least}; }},
        Rule{"GraceNotLonger",
             [](Config& c) { c.prune_grace = c.session_ttl + base::minutes(12); }}),
    [](const auto& rule) { return rule.param.name; });

TEST(Config, TheShortestGrace) {
  auto config = any_config();
  config.prune_grace = config.session_ttl + base::minutes(12) + base::Duration{1};
  EXPECT_TRUE(check_config(config).ok());
}

}  // namespace
}  // namespace holdfast::repository
