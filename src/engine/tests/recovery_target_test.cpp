// Ways of saying an instant.
#include "engine/recovery_target.hpp"

#include <gtest/gtest.h>

namespace holdfast::engine {
namespace {

using Kind = RecoveryTarget::Kind;

TEST(RecoveryTarget, IsToldByItsForm) {
  EXPECT_EQ(parse_recovery_target("latest").value().kind, Kind::latest);
  const auto time = parse_recovery_target("2026-11-20T12:00:00Z").value();
  EXPECT_EQ(time.kind, Kind::time);
  EXPECT_EQ(time.describe(), "2026-11-20T12:00:00Z");
  const auto position = parse_recovery_target("16/B374D848").value();
  EXPECT_EQ(position.kind, Kind::position);
  EXPECT_EQ(position.position, 0x16B374D848U);
  EXPECT_EQ(position.describe(), "16/B374D848");
  const auto transaction = parse_recovery_target("4711").value();
  EXPECT_EQ(transaction.kind, Kind::transaction);
  EXPECT_EQ(transaction.transaction, 4711U);
  const auto name = parse_recovery_target("before upgrade").value();
  EXPECT_EQ(name.kind, Kind::name);
  EXPECT_EQ(name.name, "before upgrade");
  EXPECT_EQ(parse_recovery_target("99999999999").value().kind, Kind::name);
  EXPECT_FALSE(parse_recovery_target("").ok());
}

}  // namespace
}  // namespace holdfast::engine
