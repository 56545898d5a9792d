// Locations as they are read.
#include "strategy/location.hpp"

#include <gtest/gtest.h>

#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

Parsed with_location(const std::string& location) {
  return parse_text("strategy: s\nlocations:\n  disk: " + location +
                    "\ncomponents:\n  home:\n    files: { paths: [/home] }\n"
                    "    plans: { p: { every: 1h, to: disk, keep: 7d } }\n");
}

TEST(Location, IsReadWithAllItsKeys) {
  const auto parsed = with_location(
      "{ url: \"s3://b/r\", capacity: 2TB, warn: 80%, access: 5m, lock: 30d, credentials: file:/c, "
      "storage-class: STANDARD, sse: \"aws:kms\", sse-key: k, runs: 2, bandwidth: 50MB, mode: 640 "
      "}");
  EXPECT_TRUE(lines_of(parsed, Severity::error).empty());
  const auto& location = parsed.strategy.locations.at(0);
  EXPECT_TRUE(location.is_object_store());
  EXPECT_FALSE(location.is_path());
  EXPECT_EQ(location.media, "object");
  EXPECT_EQ(location.capacity, 2'000'000'000'000U);
  EXPECT_EQ(location.warn_percent, 80);
  EXPECT_EQ(location.lock, base::days(30));
  EXPECT_EQ(location.credentials.kind, SecretReference::Kind::file);
  EXPECT_EQ(location.bytes_per_second, 50'000'000U);
  EXPECT_EQ(location.mode, "640");
}

TEST(Location, MistakesAreTold) {
  const auto first = [](const std::string& location) {
    const auto errors = lines_of(with_location(location), Severity::error);
    return errors.empty() ? std::string() : errors.front();
  };
  EXPECT_NE(first("{ url: \"gopher://x\" }").find("can't lie behind gopher://"), std::string::npos);
  EXPECT_NE(first("{ url: /b, mirror: /c }").find("exclude each other"), std::string::npos);
  EXPECT_NE(first("{ media: ssd }").find("does not say what it is"), std::string::npos);
  EXPECT_NE(first("{ url: /b, sse-key: k }").find("sse-key goes with"), std::string::npos);
  EXPECT_NE(first("{ url: \"s3://b?region=x\", region: x }").find("says region too"),
            std::string::npos);
  EXPECT_NE(first("{ mirror: \"s3://b\" }").find("only buckets and git"), std::string::npos);
  EXPECT_NE(first("{ url: /b, mode: 999 }").find("permissions in octal"), std::string::npos);
  EXPECT_NE(first("{ url: /b, offsite: yes }").find("true or false"), std::string::npos);
}

TEST(Location, PathsAndOthers) {
  EXPECT_TRUE((Location{.url = "/b"}.is_path()));
  EXPECT_TRUE((Location{.url = "./b"}.is_path()));
  EXPECT_FALSE((Location{.url = "git@h:x.git"}.is_path()));
  EXPECT_FALSE((Location{.url = "sftp://u@h/x"}.is_path()));
}

}  // namespace
}  // namespace holdfast::strategy
