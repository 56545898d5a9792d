// RetryStorage: what it tries again, how long it waits, and what it makes of a commit whose answer
// got lost.
#include "storage/retry.hpp"

#include <gtest/gtest.h>

#include "manual_time.hpp"
#include "storage/fault.hpp"
#include "storage/memory.hpp"

namespace holdfast::storage {

namespace {

using base::ErrorCode;

class RetryTest : public testing::Test {
 protected:
  std::unique_ptr<RetryStorage> retrying(FaultOptions faults, RetryOptions options = {}) {
    auto fault = std::make_unique<FaultStorage>(memory_, clock_, 7, std::move(faults));
    fault_ = fault.get();
    return std::make_unique<RetryStorage>(std::move(fault), executor_, clock_, random_, options);
  }
  // The next call fails once the way that `faults` says.
  FaultOptions once(FaultOptions faults) {
    faults.after_call = [this](const FaultCall&) { fault_->set_options({}); };
    return faults;
  }

  ManualClock clock_;
  ManualExecutor executor_{clock_};
  base::SeededRandom random_{1};
  MemoryStorage memory_{clock_};
  FaultStorage* fault_ = nullptr;
};

TEST_F(RetryTest, GivesUpAfterTheLastAttempt) {
  FaultOptions dead;
  dead.unavailable_before = 1;
  const auto storage = retrying(dead);
  const base::Duration begun = clock_.monotonic();
  const auto result = storage->stat("a");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::unavailable);
  EXPECT_NE(result.error().to_string().find("12 attempts"), std::string::npos);
  EXPECT_EQ(fault_->calls(), 12U);
  EXPECT_GT(clock_.monotonic() - begun, base::minutes(1)) << "a server may take so long to restart";
  EXPECT_LE(clock_.monotonic() - begun, base::minutes(2));
}

TEST_F(RetryTest, AnAttemptThatTakesLongIsNotTheLast) {
  // An upload over a slow line, broken off in the midst.
  FaultOptions dead;
  dead.unavailable_before = 1;
  dead.after_call = [this](const FaultCall&) {
    clock_.advance(base::minutes(10));
    if (fault_->calls() == 3) fault_->set_options({});
  };
  ASSERT_TRUE(memory_.put("a", base::Bytes{1}).ok());
  const auto storage = retrying(dead);
  const auto result = storage->stat("a");
  EXPECT_TRUE(result.ok()) << result.error().to_string();
  EXPECT_EQ(fault_->calls(), 4U);
}

TEST_F(RetryTest, LongAttemptsComeToAnEnd) {
  FaultOptions dead;
  dead.unavailable_before = 1;
  dead.after_call = [this](const FaultCall&) { clock_.advance(base::minutes(10)); };
  const auto storage = retrying(dead);
  EXPECT_FALSE(storage->stat("a").ok());
  EXPECT_GE(fault_->calls(), 3U);
  EXPECT_LE(fault_->calls(), 7U);
}

TEST_F(RetryTest, PausesGrowWithJitterUpToTheLimit) {
  FaultOptions dead;
  dead.unavailable_before = 1;
  RetryOptions options;
  options.attempts_max = 8;
  options.delay_first = base::milliseconds(100);
  options.delay_max = base::milliseconds(1000);
  const auto storage = retrying(dead, options);
  EXPECT_FALSE(storage->list({}).ok());
  const auto sleeps = executor_.sleeps();
  ASSERT_EQ(sleeps.size(), 7U);
  base::Duration full = base::milliseconds(100);
  bool jittered = false;
  for (const base::Duration pause : sleeps) {
    EXPECT_GE(pause.nanoseconds, full.nanoseconds / 2);
    EXPECT_LE(pause, full);
    jittered = jittered || (pause != full && pause.nanoseconds != full.nanoseconds / 2);
    full = std::min(full + full, base::milliseconds(1000));
  }
  EXPECT_TRUE(jittered);
}

TEST_F(RetryTest, StartsNoAttemptAfterItsTime) {
  FaultOptions dead;
  dead.unavailable_before = 1;
  RetryOptions options;
  options.attempts_max = 1000;
  options.delay_max = base::seconds(10);
  options.total_max = base::minutes(1);
  const auto storage = retrying(dead, options);
  const base::Duration begun = clock_.monotonic();
  EXPECT_FALSE(storage->stat("a").ok());
  EXPECT_LE(clock_.monotonic() - begun, base::minutes(1));
  EXPECT_GT(fault_->calls(), 5U);
  EXPECT_LT(fault_->calls(), 30U);
}

TEST_F(RetryTest, TriesOnlyWhatMayHelp) {
  const auto storage = retrying({});
  EXPECT_EQ(storage->stat("absent").error().code(), ErrorCode::not_found);
  EXPECT_EQ(fault_->calls(), 1U);
  FaultOptions full;
  full.no_space = 1;
  fault_->set_options(full);
  EXPECT_EQ(storage->put("a", base::Bytes{1}).error().code(), ErrorCode::no_space);
  EXPECT_EQ(fault_->calls(), 2U);
  EXPECT_TRUE(executor_.sleeps().empty());
}

TEST_F(RetryTest, StopsWhenAsked) {
  FaultOptions dead;
  dead.unavailable_before = 1;
  std::stop_source source;
  RetryOptions options;
  options.stop = source.get_token();
  const auto storage = retrying(dead, options);
  source.request_stop();
  const auto result = storage->stat("a");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::cancelled);
  EXPECT_EQ(fault_->calls(), 1U);
}

TEST_F(RetryTest, ACommitWhoseAnswerGotLostHasWorked) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{200'000}}) {
    const std::string name = "object-" + std::to_string(size);
    const auto storage = retrying({});
    const auto upload = storage->begin_put();
    ASSERT_TRUE(upload.ok());
    ASSERT_TRUE(upload.value()->append(base::Bytes(size, 3)).ok());
    FaultOptions lost;
    lost.unavailable_after = 1;
    fault_->set_options(once(lost));
    const auto stored = upload.value()->commit(name, {});
    ASSERT_TRUE(stored.ok()) << stored.error().to_string();
    EXPECT_EQ(stored.value().name, name);
    EXPECT_EQ(stored.value().size, size);
    EXPECT_EQ(memory_.get(name, size).value(), base::Bytes(size, 3));
  }
}

TEST_F(RetryTest, ANameTakenBySomebodyElseIsNoSuccess) {
  for (const std::size_t size : {std::size_t{5}, std::size_t{200'000}}) {
    const std::string name = "object-" + std::to_string(size);
    // The same size and other content where content is compared, another size where size is.
    ASSERT_TRUE(memory_.put(name, base::Bytes(size > 1000 ? size + 1 : size, 9)).ok());
    const auto storage = retrying({});
    const auto upload = storage->begin_put();
    ASSERT_TRUE(upload.value()->append(base::Bytes(size, 3)).ok());
    FaultOptions outage;
    outage.unavailable_before = 1;
    fault_->set_options(once(outage));
    EXPECT_EQ(upload.value()->commit(name, {}).error().code(), ErrorCode::already_exists);
  }
}

TEST_F(RetryTest, ANameTakenAtTheFirstAttemptIsTaken) {
  ASSERT_TRUE(memory_.put("a", base::Bytes{1}).ok());
  const auto storage = retrying({});
  EXPECT_EQ(storage->put("a", base::Bytes{1}).error().code(), ErrorCode::already_exists);
}

TEST_F(RetryTest, ALostAppendIsRepeatedWhole) {
  const auto storage = retrying({});
  const auto upload = storage->begin_put();
  FaultOptions outage;
  outage.unavailable_after = 1;
  fault_->set_options(once(outage));
  ASSERT_TRUE(upload.value()->append(base::Bytes{1, 2}).ok());
  ASSERT_TRUE(upload.value()->append(base::Bytes{3}).ok());
  ASSERT_TRUE(upload.value()->commit("a", {}).ok());
  EXPECT_EQ(memory_.get("a", 10).value(), (base::Bytes{1, 2, 3}));
}

TEST_F(RetryTest, NamesOfABatchThatWereLeftAreTriedAgain) {
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) {
    names.push_back("n" + std::to_string(i));
    ASSERT_TRUE(memory_.put(names.back(), base::Bytes{1}).ok());
  }
  FaultOptions partial;
  partial.remove_partial = 0.3;
  RetryOptions options;
  options.attempts_max = 20;
  options.total_max = base::hours(1);
  const auto outcomes = retrying(partial, options)->remove(names);
  ASSERT_TRUE(outcomes.ok());
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(outcomes.value()[i].name, names[i]);
    EXPECT_FALSE(outcomes.value()[i].error);
  }
  EXPECT_TRUE(memory_.list_all("").value().empty());
}

TEST_F(RetryTest, NamesThatStayLeftKeepTheirErrors) {
  ASSERT_TRUE(memory_.put("a", base::Bytes{1}).ok());
  FaultOptions partial;
  partial.remove_partial = 1;
  const std::vector<std::string> names = {"a"};
  const auto outcomes = retrying(partial)->remove(names);
  ASSERT_TRUE(outcomes.ok());
  ASSERT_TRUE(outcomes.value()[0].error);
  EXPECT_EQ(outcomes.value()[0].error->code(), ErrorCode::unavailable);
  EXPECT_TRUE(memory_.stat("a").ok());
}

}  // namespace

}  // namespace holdfast::storage
