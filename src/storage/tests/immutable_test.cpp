// What was stored first is what a name holds, whatever is laid over it; and a removal is one.
#include "storage/immutable.hpp"

#include <gtest/gtest.h>

#include "codec/hash.hpp"
#include "manual_time.hpp"
#include "storage/memory.hpp"

namespace holdfast::storage {

namespace {

constexpr base::Duration lock = base::days(30);

class ImmutableStorageTest : public testing::Test {
 protected:
  ImmutableStorageTest() : ImmutableStorageTest(lock) {}
  explicit ImmutableStorageTest(std::optional<base::Duration> lock_of_place) {
    MemoryOptions options;
    options.capabilities = {.versions = true, .retention = true, .lock = lock_of_place};
    auto memory = std::make_unique<MemoryStorage>(clock_, options);
    memory_ = memory.get();
    storage_ = std::make_unique<ImmutableStorage>(std::move(memory));
  }

  static std::string name_of(const base::Bytes& content, const std::string& prefix = "data/") {
    return prefix + base::to_hex(codec::sha256(content));
  }
  std::string put(const base::Bytes& content) {
    const std::string name = name_of(content);
    EXPECT_TRUE(storage_->put(name, content).ok());
    return name;
  }
  void bury(const std::string& name) {
    const std::vector<std::string> names{name};
    ASSERT_TRUE(memory_->remove(names).ok());
    ASSERT_FALSE(memory_->stat(name).ok());
  }
  void expect_there(const std::string& name, const base::Bytes& content) {
    // A reader that has seen nothing before knows as much as one that has.
    EXPECT_EQ(storage_->get(name, 1000).value(), content);
    base::Bytes read(content.size() - 1);
    ASSERT_TRUE(storage_->read(name, {.offset = 1, .size = read.size()}, read).ok());
    EXPECT_EQ(read, base::Bytes(content.begin() + 1, content.end()));
    EXPECT_EQ(storage_->stat(name).value().size, content.size());
  }
  std::vector<std::string> listed(std::size_t page_size = 1000) {
    std::vector<std::string> names;
    ListOptions options;
    options.page_size = page_size;
    do {
      auto page = storage_->list(options).value();
      EXPECT_LE(page.objects.size(), page_size);
      for (const ObjectInfo& info : page.objects) names.push_back(info.name);
      options.continuation = page.next;
    } while (!options.continuation.empty());
    return names;
  }
  RemoveOutcome remove(const std::string& name) {
    const std::vector<std::string> names{name};
    return storage_->remove(names).value().at(0);
  }

  ManualClock clock_;
  MemoryStorage* memory_ = nullptr;
  std::unique_ptr<ImmutableStorage> storage_;
  const base::Bytes content_{1, 2, 3, 4, 5, 6, 7, 8};
  const base::Bytes garbage_{9, 9, 9, 9, 9, 9, 9, 9};
};

class WithoutLock : public ImmutableStorageTest {
 protected:
  WithoutLock() : ImmutableStorageTest(std::nullopt) {}
};

TEST_F(ImmutableStorageTest, SeesThroughADeleteMarker) {
  const std::string name = put(content_);
  const base::Time stored = storage_->stat(name).value().stored_at;
  clock_.advance(base::hours(1));
  bury(name);
  expect_there(name, content_);
  EXPECT_EQ(listed(), std::vector{name});
  EXPECT_EQ(storage_->list({}).value().objects.at(0).stored_at, stored);
  EXPECT_EQ(storage_->stat(name).value().stored_at, stored);
}

TEST_F(ImmutableStorageTest, SeesThroughAnOverwriteByGarbage) {
  const std::string name = put(content_);
  memory_->overwrite(name, garbage_);
  memory_->overwrite(name, {});
  expect_there(name, content_);
  EXPECT_EQ(storage_->list({}).value().objects.at(0).size, content_.size());
}

TEST_F(ImmutableStorageTest, AReaderThatKnowsAnObjectIsNotMisledByALaterOverwrite) {
  const std::string name = put(content_);
  expect_there(name, content_);
  memory_->overwrite(name, garbage_);
  expect_there(name, content_);
}

// Of two versions with the right bytes the first one tells when it was stored: a snapshot that is
// stored once more by somebody else does not become a late one.
TEST_F(ImmutableStorageTest, TheSameBytesOnceMoreAreNotNewer) {
  const std::string name = put(content_);
  const base::Time stored = clock_.now();
  clock_.advance(base::days(2));
  memory_->overwrite(name, content_);
  EXPECT_EQ(storage_->list({}).value().objects.at(0).stored_at, stored);
  EXPECT_EQ(storage_->stat(name).value().stored_at, stored);
}

// Somebody guessed the name, or the storage damaged what was first there and it was mended.
TEST_F(ImmutableStorageTest, GarbageThatWasThereFirstIsPassedOver) {
  const std::string name = name_of(content_);
  memory_->overwrite(name, garbage_);
  memory_->overwrite(name, content_);
  expect_there(name, content_);
}

TEST_F(ImmutableStorageTest, WhatHasNoRightVersionIsShownAsItIs) {
  const std::string name = name_of(content_);
  memory_->overwrite(name, garbage_);
  EXPECT_EQ(storage_->get(name, 1000).value(), garbage_) << "the caller judges";
  EXPECT_EQ(storage_->get("foreign", 1000).error().code(), base::ErrorCode::not_found);
  memory_->overwrite("foreign", garbage_);
  EXPECT_EQ(storage_->get("foreign", 1000).value(), garbage_);
  EXPECT_EQ(storage_->stat(name_of(garbage_)).error().code(), base::ErrorCode::not_found);
  base::Bytes out(1);
  EXPECT_EQ(storage_->read(name_of(garbage_), {.offset = 0, .size = 1}, out).error().code(),
            base::ErrorCode::not_found);
}

TEST_F(ImmutableStorageTest, ListsWholeInPagesOfAnySize) {
  std::vector<std::string> names;
  for (base::Byte i = 0; i < 20; ++i) {
    names.push_back(put({i, 1, 2}));
    for (int j = 0; j < i % 4; ++j) memory_->overwrite(names.back(), garbage_);
    if (i % 3 == 0) bury(names.back());
  }
  bury(put({99}));
  names.push_back(name_of({99}));
  std::sort(names.begin(), names.end());
  for (const std::size_t page_size : {1, 2, 3, 7, 1000}) EXPECT_EQ(listed(page_size), names);
  ListOptions options;
  options.start_after = names[5];
  EXPECT_EQ(storage_->list(options).value().objects.at(0).name, names[6]);
}

TEST_F(ImmutableStorageTest, ARemovalOfWhatIsLockedSaysUntilWhen) {
  const std::string name = put(content_);
  const base::Time until = clock_.now() + lock;
  const RemoveOutcome outcome = remove(name);
  ASSERT_TRUE(outcome.error.has_value());
  EXPECT_EQ(outcome.locked_until, until);
  expect_there(name, content_);
  clock_.advance(lock + base::hours(1));
  EXPECT_FALSE(remove(name).error.has_value());
  EXPECT_TRUE(memory_->list_versions({}).value().objects.empty());
  EXPECT_EQ(storage_->get(name, 1000).error().code(), base::ErrorCode::not_found);
}

TEST_F(WithoutLock, ARemovalTakesAwayAllVersionsAndMarkers) {
  const std::string name = put(content_);
  memory_->overwrite(name, garbage_);
  bury(name);
  memory_->overwrite(name, garbage_);
  EXPECT_FALSE(remove(name).error.has_value());
  EXPECT_TRUE(memory_->list_versions({}).value().objects.empty());
  EXPECT_FALSE(remove(name).error.has_value()) << "absence counts as gone";
}

TEST_F(WithoutLock, ExtendsTheLockOfTheRightVersion) {
  const std::string name = put(content_);
  memory_->overwrite(name, garbage_);
  const base::Time until = clock_.now() + lock;
  ASSERT_TRUE(storage_->retain(name, until).ok());
  EXPECT_EQ(storage_->stat(name).value().retained_until, until);
  EXPECT_FALSE(memory_->stat(name).value().retained_until.has_value());
  bury(name);
  ASSERT_TRUE(storage_->retain(name, until + lock).ok());
  EXPECT_EQ(storage_->stat(name).value().retained_until, until + lock);
}

TEST_F(WithoutLock, WhatIsDeletedAndStoredAgainIsRead) {
  const std::string name = put(content_);
  expect_there(name, content_);
  ASSERT_FALSE(remove(name).error.has_value());
  base::Bytes out(1);
  EXPECT_FALSE(storage_->read(name, {.offset = 0, .size = 1}, out).ok());
  put(content_);
  expect_there(name, content_);
}

}  // namespace

}  // namespace holdfast::storage
