// MemoryStorage beyond the conformance suite: its clock, its capacity, compliance lock, planted
// damage.
#include "storage/memory.hpp"

#include <gtest/gtest.h>

#include "manual_time.hpp"

namespace holdfast::storage {

namespace {

MemoryOptions locking() {
  MemoryOptions options;
  options.capabilities = {.versions = true, .retention = true};
  return options;
}

TEST(MemoryStorage, StampsByItsOwnClock) {
  ManualClock clock;
  MemoryStorage storage(clock);
  const base::Time first = storage.put("a", base::Bytes{1}).value().stored_at;
  EXPECT_EQ(first, clock.now());
  clock.advance(base::hours(5));
  EXPECT_EQ(storage.put("b", base::Bytes{1}).value().stored_at, first + base::hours(5));
  EXPECT_EQ(storage.stat("a").value().stored_at, first);
}

TEST(MemoryStorage, IsFullAtItsCapacity) {
  ManualClock clock;
  MemoryOptions options;
  options.capacity = 10;
  MemoryStorage storage(clock, options);
  ASSERT_TRUE(storage.put("a", base::Bytes(6)).ok());
  EXPECT_EQ(storage.free_bytes().value(), 4U);
  const auto full = storage.put("b", base::Bytes(5));
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code(), base::ErrorCode::no_space);
  EXPECT_FALSE(full.error().hint().empty());
  const std::vector<std::string> names = {"a"};
  ASSERT_TRUE(storage.remove(names).ok());
  EXPECT_EQ(storage.free_bytes().value(), 10U);
  EXPECT_TRUE(storage.put("b", base::Bytes(10)).ok());
}

TEST(MemoryStorage, AFailedCommitKeepsTheContentOfTheUpload) {
  ManualClock clock;
  MemoryStorage storage(clock);
  ASSERT_TRUE(storage.put("taken", base::Bytes{1}).ok());
  const auto upload = storage.begin_put();
  ASSERT_TRUE(upload.value()->append(base::Bytes{7, 8}).ok());
  EXPECT_FALSE(upload.value()->commit("taken", {}).ok());
  ASSERT_TRUE(upload.value()->commit("free", {}).ok());
  EXPECT_EQ(storage.get("free", 10).value(), (base::Bytes{7, 8}));
}

TEST(MemoryStorage, LocksOnlyGrow) {
  ManualClock clock;
  MemoryStorage storage(clock, locking());
  const base::Time now = clock.now();
  PutOptions locked;
  locked.retain_until = now + base::days(30);
  ASSERT_TRUE(storage.put("a", base::Bytes{1}, locked).ok());
  ASSERT_TRUE(storage.retain("a", now + base::days(10)).ok());
  EXPECT_EQ(storage.stat("a").value().retained_until, now + base::days(30));
  ASSERT_TRUE(storage.retain("a", now + base::days(40)).ok());
  EXPECT_EQ(storage.stat("a").value().retained_until, now + base::days(40));
}

TEST(MemoryStorage, LockedVersionsOutliveExpiryOfVersions) {
  ManualClock clock;
  MemoryStorage storage(clock, locking());
  PutOptions locked;
  locked.retain_until = clock.now() + base::days(30);
  const std::string version = storage.put("a", base::Bytes{1}, locked).value().version;
  ASSERT_TRUE(storage.put("b", base::Bytes{2}).ok());
  ASSERT_TRUE(storage.put("c", base::Bytes{3}).ok());
  const std::vector<std::string> names = {"a", "b"};
  ASSERT_TRUE(storage.remove(names).ok());

  EXPECT_EQ(storage.expire_versions(), 2U);  // b's version and its delete marker
  EXPECT_EQ(storage.get("a", 10, version).value(), base::Bytes{1});
  EXPECT_EQ(storage.list_versions({}).value().objects.size(), 3U);

  clock.advance(base::days(31));
  EXPECT_EQ(storage.expire_versions(), 2U);
  EXPECT_FALSE(storage.get("a", 10, version).ok());
  EXPECT_TRUE(storage.stat("c").ok());
  EXPECT_EQ(storage.list_versions({}).value().objects.size(), 1U);
}

TEST(MemoryStorage, DamagesOnRequest) {
  ManualClock clock;
  MemoryStorage storage(clock);
  const base::Time stored_at = storage.put("a", base::Bytes{1, 2, 3}).value().stored_at;
  clock.advance(base::hours(1));
  ASSERT_TRUE(storage.damage("a", [](base::Bytes& bytes) { bytes[1] ^= 0x80; }).ok());
  EXPECT_EQ(storage.get("a", 10).value(), (base::Bytes{1, 0x82, 3}));
  ASSERT_TRUE(storage.damage("a", [](base::Bytes& bytes) { bytes.resize(1); }).ok());
  EXPECT_EQ(storage.stat("a").value().size, 1U);
  EXPECT_EQ(storage.stat("a").value().stored_at, stored_at);
  const auto absent = storage.damage("b", [](base::Bytes&) {});
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().code(), base::ErrorCode::not_found);
}

}  // namespace

}  // namespace holdfast::storage
