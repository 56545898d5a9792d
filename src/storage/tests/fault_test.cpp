// FaultStorage: each fault does what it says, and a seed repeats.
#include "storage/fault.hpp"

#include <gtest/gtest.h>

#include "manual_time.hpp"
#include "storage/memory.hpp"

namespace holdfast::storage {

namespace {

using base::ErrorCode;

class FaultTest : public testing::Test {
 protected:
  FaultStorage faulty(FaultOptions options, std::uint64_t seed = 1) {
    return {memory_, clock_, seed, std::move(options)};
  }
  std::vector<std::string> names_in(Storage& storage) {
    std::vector<std::string> names;
    const auto all = storage.list_all("");
    EXPECT_TRUE(all.ok());
    for (const auto& one : all.value()) names.push_back(one.name);
    return names;
  }

  ManualClock clock_;
  MemoryStorage memory_{clock_};
};

TEST_F(FaultTest, AnOutageBeforeHasNoEffect) {
  FaultStorage storage(memory_, clock_, 1, {});
  const auto upload = storage.begin_put();
  ASSERT_TRUE(upload.ok());
  FaultOptions options;
  options.unavailable_before = 1;
  storage.set_options(options);
  const auto stored = upload.value()->commit("a", {});
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code(), ErrorCode::unavailable);
  EXPECT_EQ(stored.error().retry(), base::Retry::may_help);
  EXPECT_TRUE(names_in(memory_).empty());
  EXPECT_EQ(storage.faults(), 1U);
}

TEST_F(FaultTest, AnOutageAfterHasItsEffect) {
  FaultStorage storage(memory_, clock_, 1, {});
  const auto upload = storage.begin_put();
  ASSERT_TRUE(upload.value()->append(base::Bytes{5}).ok());
  FaultOptions options;
  options.unavailable_after = 1;
  storage.set_options(options);
  EXPECT_EQ(upload.value()->commit("a", {}).error().code(), ErrorCode::unavailable);
  EXPECT_EQ(memory_.get("a", 10).value(), base::Bytes{5});
  const std::vector<std::string> names = {"a"};
  EXPECT_EQ(storage.remove(names).error().code(), ErrorCode::unavailable);
  EXPECT_TRUE(names_in(memory_).empty());
}

TEST_F(FaultTest, AFullDiskRefusesOnlyWhatStores) {
  ASSERT_TRUE(memory_.put("a", base::Bytes{1}).ok());
  FaultOptions options;
  options.no_space = 1;
  FaultStorage storage(memory_, clock_, 1, options);
  EXPECT_EQ(storage.begin_put().error().code(), ErrorCode::no_space);
  EXPECT_TRUE(storage.get("a", 10).ok());
  EXPECT_TRUE(storage.list({}).ok());
}

TEST_F(FaultTest, ATornCommitLeavesABeginningAndACrash) {
  const base::Bytes content(1000, 7);
  bool shorter = false;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    FaultOptions options;
    options.torn_commit = 1;
    FaultStorage storage(memory_, clock_, seed, options);
    const std::string name = "torn-" + std::to_string(seed);
    EXPECT_EQ(storage.put(name, content).error().code(), ErrorCode::unavailable);
    EXPECT_TRUE(storage.crashed());
    EXPECT_EQ(storage.stat(name).error().code(), ErrorCode::unavailable);
    const auto there = memory_.get(name, 1000);
    ASSERT_TRUE(there.ok());
    EXPECT_LT(there.value().size(), content.size());
    shorter = shorter || (!there.value().empty() && there.value().size() < 900);
    EXPECT_TRUE(std::equal(there.value().begin(), there.value().end(), content.begin()));
  }
  EXPECT_TRUE(shorter);
}

TEST_F(FaultTest, ABitFlipsOnlyOnTheWay) {
  const base::Bytes content(100, 0);
  ASSERT_TRUE(memory_.put("a", content).ok());
  FaultOptions options;
  options.bit_flip = 1;
  FaultStorage storage(memory_, clock_, 1, options);
  const auto ones = [](const base::Bytes& bytes) {
    int count = 0;
    for (const base::Byte one : bytes) count += std::popcount(one);
    return count;
  };
  EXPECT_EQ(ones(storage.get("a", 100).value()), 1);
  base::Bytes out(10);
  ASSERT_TRUE(storage.read("a", Range{50, 10}, out).ok());
  EXPECT_EQ(ones(out), 1);
  EXPECT_EQ(memory_.get("a", 100).value(), content);
}

TEST_F(FaultTest, StaleListsHideTheNewAndShowTheRemovedForAWhile) {
  FaultOptions options;
  options.stale_list = 1;
  options.staleness = base::minutes(1);
  FaultStorage storage(memory_, clock_, 1, options);
  ASSERT_TRUE(storage.put("old", base::Bytes{1}).ok());
  ASSERT_TRUE(storage.put("older", base::Bytes{1}).ok());
  EXPECT_TRUE(names_in(storage).empty());
  EXPECT_TRUE(storage.stat("old").ok());
  clock_.advance(base::seconds(61));
  ASSERT_TRUE(storage.put("new", base::Bytes{1}).ok());
  const std::vector<std::string> names = {"older", "never-was"};
  ASSERT_TRUE(storage.remove(names).ok());
  EXPECT_EQ(names_in(storage), (std::vector<std::string>{"old", "older"}));
  clock_.advance(base::seconds(61));
  EXPECT_EQ(names_in(storage), (std::vector<std::string>{"new", "old"}));
}

TEST_F(FaultTest, StaleListsStayInOrderAcrossPages) {
  FaultOptions options;
  options.stale_list = 0.5;
  options.staleness = base::minutes(1);
  FaultStorage storage(memory_, clock_, 3, options);
  std::vector<std::string> gone;
  std::vector<std::string> kept;
  for (int i = 100; i < 160; ++i) {
    const std::string name = "n/" + std::to_string(i);
    ASSERT_TRUE(storage.put(name, base::Bytes{1}).ok());
    (i % 2 == 0 ? gone : kept).push_back(name);
  }
  clock_.advance(base::minutes(2));
  ASSERT_TRUE(storage.remove(gone).ok());
  for (std::size_t page_size : {1U, 3U, 7U, 100U}) {
    ListOptions list;
    list.page_size = page_size;
    list.prefix = "n/";
    std::vector<std::string> names;
    do {
      const auto page = storage.list(list);
      ASSERT_TRUE(page.ok());
      EXPECT_LE(page.value().objects.size(), page_size);
      for (const auto& one : page.value().objects) names.push_back(one.name);
      list.continuation = page.value().next;
    } while (!list.continuation.empty());
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
    EXPECT_TRUE(std::includes(names.begin(), names.end(), kept.begin(), kept.end()));
    EXPECT_GT(names.size(), kept.size());
    EXPECT_LT(names.size(), kept.size() + gone.size());
  }
}

TEST_F(FaultTest, ClientsShareTheMemoryOfWhatWasRemoved) {
  FaultOptions options;
  options.stale_list = 1;
  options.staleness = base::minutes(1);
  const auto removed = std::make_shared<RecentlyRemoved>();
  FaultStorage one(memory_, clock_, 1, options, removed);
  FaultStorage other(memory_, clock_, 2, options, removed);
  ASSERT_TRUE(one.put("a", base::Bytes{1}).ok());
  clock_.advance(base::minutes(2));
  const std::vector<std::string> names = {"a"};
  ASSERT_TRUE(one.remove(names).ok());
  EXPECT_EQ(names_in(other), names);
}

TEST_F(FaultTest, AfterTheCrashEveryCallFails) {
  int before = 0;
  int after = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    MemoryStorage memory(clock_);
    FaultOptions options;
    options.crash_at_call = 3;  // begin_put, append, commit
    FaultStorage storage(memory, clock_, seed, options);
    const auto stored = storage.put("a", base::Bytes{1});
    ASSERT_FALSE(stored.ok());
    EXPECT_EQ(stored.error().code(), ErrorCode::unavailable);
    EXPECT_EQ(stored.error().retry(), base::Retry::never);
    EXPECT_TRUE(storage.crashed());
    EXPECT_FALSE(storage.begin_put().ok());
    EXPECT_FALSE(storage.list({}).ok());
    EXPECT_FALSE(storage.free_bytes().ok());
    memory.stat("a").ok() ? ++after : ++before;
  }
  EXPECT_GT(before, 5);
  EXPECT_GT(after, 5);
}

TEST_F(FaultTest, EveryCallIsLogged) {
  std::vector<std::string> log;
  FaultOptions options;
  options.before_call = [&](const FaultCall& call) {
    log.push_back("> " + std::to_string(call.number) + " " +
                  std::string(fault_operation_name(call.operation)) + " " + call.name);
  };
  options.after_call = [&](const FaultCall& call) {
    log.push_back(call.error ? "< " + std::string(base::error_code_name(*call.error)) : "< ok");
  };
  FaultStorage storage(memory_, clock_, 1, options);
  ASSERT_TRUE(storage.put("a", base::Bytes{1}).ok());
  EXPECT_FALSE(storage.stat("b").ok());
  EXPECT_EQ(log, (std::vector<std::string>{"> 1 begin_put ", "< ok", "> 2 append ", "< ok",
                                           "> 3 commit a", "< ok", "> 4 stat b", "< not_found"}));
  EXPECT_EQ(storage.calls(), 4U);
}

TEST_F(FaultTest, ASeedRepeats) {
  const auto trace = [&](std::uint64_t seed) {
    MemoryStorage memory(clock_);
    FaultOptions options;
    options.unavailable_before = 0.2;
    options.unavailable_after = 0.2;
    options.no_space = 0.1;
    options.bit_flip = 0.3;
    options.stale_list = 0.3;
    options.staleness = base::hours(1);
    FaultStorage storage(memory, clock_, seed, options);
    std::string text;
    for (int i = 0; i < 200; ++i) {
      const std::string name = "n" + std::to_string(i % 20);
      text += storage.put(name, base::Bytes(10, 1)).ok() ? 'p' : '-';
      const auto got = storage.get(name, 10);
      text += got.ok() ? base::to_hex(got.value()) : "-";
      const auto page = storage.list({});
      text += page.ok() ? std::to_string(page.value().objects.size()) : "-";
      const std::vector<std::string> names = {name};
      if (i % 3 == 0) text += storage.remove(names).ok() ? 'r' : '-';
    }
    return text;
  };
  EXPECT_EQ(trace(5), trace(5));
  EXPECT_NE(trace(5), trace(6));
}

}  // namespace

}  // namespace holdfast::storage
