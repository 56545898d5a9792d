// The roster's body: round trip, limits, one encoding.
#include "repository/roster.hpp"

#include <gtest/gtest.h>

#include "golden.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

Roster any_roster() {
  base::SeededRandom random(6);
  Roster roster{.sequence = 7, .writers = {}};
  for (const std::string label : {"first", "", "web \xc3\xa9"}) {
    roster.writers.push_back({.verify_key = random.array<32>(),
                              .domain = random.array<16>(),
                              .sealed_id_key = random.array<80>(),
                              .created = {static_cast<std::int64_t>(random.number())},
                              .label = label});
  }
  return roster;
}

TEST(Roster, RoundTrip) {
  const auto roster = any_roster();
  const auto decoded = decode_roster(encode_roster(roster));
  ASSERT_TRUE(decoded.ok()) << decoded.error().to_string();
  EXPECT_EQ(decoded.value().sequence, 7U);
  ASSERT_EQ(decoded.value().writers.size(), roster.writers.size());
  for (std::size_t i = 0; i < roster.writers.size(); ++i) {
    const auto& found = decoded.value().writers[i];
    EXPECT_EQ(found.verify_key, roster.writers[i].verify_key);
    EXPECT_EQ(found.domain, roster.writers[i].domain);
    EXPECT_EQ(found.sealed_id_key, roster.writers[i].sealed_id_key);
    EXPECT_EQ(found.created, roster.writers[i].created);
    EXPECT_EQ(found.label, roster.writers[i].label);
  }
}

TEST(Roster, NobodyWrites) {
  const auto decoded = decode_roster(encode_roster({.sequence = 1, .writers = {}}));
  ASSERT_TRUE(decoded.ok());
  EXPECT_TRUE(decoded.value().writers.empty());
}

TEST(Roster, Golden) { expect_golden("roster", encode_roster(any_roster())); }

TEST(Roster, EveryCutIsDamaged) {
  auto bytes = encode_roster(any_roster());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ(decode_roster(base::ByteView(bytes).first(size)).error().code(), ErrorCode::damaged)
        << size;
  }
  bytes.push_back(0);
  EXPECT_EQ(decode_roster(bytes).error().code(), ErrorCode::damaged);
}

TEST(Roster, ACountBeyondTheLimitIsDamaged) {
  for (const std::uint64_t count : {100'001ULL, 1ULL << 40, ~0ULL}) {
    base::Bytes body;
    base::ByteWriter out(body);
    out.u32(1);
    out.varint(count);
    EXPECT_EQ(decode_roster(body).error().code(), ErrorCode::damaged) << count;
  }
}

TEST(Roster, ALongLabelIsCut) {
  auto roster = any_roster();
  roster.writers[0].label = std::string(2000, 'x');
  const auto decoded = decode_roster(encode_roster(roster));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded.value().writers[0].label.size(), 1024U);
}

}  // namespace
}  // namespace holdfast::repository
