// The conformance suite over every driver and decorator of this layer.
#include "support/storage_conformance.hpp"

#include <gtest/gtest.h>

#include <cstdio>

#include "io/file_system.hpp"
#include "storage/cache.hpp"
#include "storage/fault.hpp"
#include "storage/immutable.hpp"
#include "storage/limit.hpp"
#include "storage/local.hpp"
#include "storage/memory.hpp"
#include "storage/retry.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::storage {

namespace {

// What the parts of a stack borrow.
struct World {
  TemporaryDirectory directory;
  io::ThreadExecutor executor;
  base::SystemClock clock;
  base::SystemRandom random;
  io::LocalFileSystem file_system;

  [[nodiscard]] std::string root() const { return directory.path() + "/root"; }
};

class Stack : public StorageUnderTest {
 public:
  Storage& storage() override { return *top_; }
  // Moves the directory away, where there is one.
  bool go_offline() override { return std::rename(root().c_str(), away().c_str()) == 0; }
  void come_back() override { EXPECT_EQ(std::rename(away().c_str(), root().c_str()), 0); }

 protected:
  [[nodiscard]] std::string root() const { return world_.root(); }
  [[nodiscard]] std::string away() const { return world_.root() + ".away"; }

  World world_;
  std::unique_ptr<Storage> bottom_;  // only where the top borrows it
  std::unique_ptr<Storage> top_;
};

std::unique_ptr<Storage> make_local(World& world) {
  auto local = LocalStorage::create(world.root());
  CHECK(local.ok(), "a storage in a new directory");
  return std::move(local).value();
}

class LocalStack final : public Stack {
 public:
  LocalStack() { top_ = make_local(world_); }
};

class MemoryStack final : public Stack {
 public:
  explicit MemoryStack(Capabilities capabilities = {}) {
    MemoryOptions options;
    options.capabilities = capabilities;
    top_ = std::make_unique<MemoryStorage>(world_.clock, options);
  }
};

// The client's line is cut by making every call fail.
class FaultStack : public Stack {
 public:
  FaultStack() {
    bottom_ = std::make_unique<MemoryStorage>(world_.clock);
    auto fault = std::make_unique<FaultStorage>(*bottom_, world_.clock, 1, FaultOptions{});
    fault_ = fault.get();
    top_ = std::move(fault);
  }
  bool go_offline() override {
    FaultOptions options;
    options.unavailable_before = 1;
    fault_->set_options(options);
    return true;
  }
  void come_back() override { fault_->set_options({}); }

 protected:
  FaultStorage* fault_ = nullptr;
};

RetryOptions quick_retries() {
  RetryOptions options;
  options.attempts_max = 12;
  options.delay_first = base::milliseconds(1);
  options.delay_max = base::milliseconds(2);
  return options;
}

// Every call may fail, before or after its effect; the retries make it look as if none did.
class RetryStack final : public FaultStack {
 public:
  explicit RetryStack(double fault_probability) : probability_(fault_probability) {
    come_back();
    top_ = std::make_unique<RetryStorage>(std::move(top_), world_.executor, world_.clock,
                                          world_.random, quick_retries());
  }
  void come_back() override {
    FaultOptions options;
    options.unavailable_before = probability_;
    options.unavailable_after = probability_;
    options.remove_partial = probability_;
    fault_->set_options(options);
  }

 private:
  double probability_;
};

class LimitStack final : public Stack {
 public:
  LimitStack() {
    LimitOptions options;
    options.upload_bytes_per_second = 2 * base::GiB;
    options.download_bytes_per_second = 2 * base::GiB;
    top_ =
        std::make_unique<LimitStorage>(make_local(world_), world_.executor, world_.clock, options);
  }
};

std::unique_ptr<Storage> make_cache(World& world, std::unique_ptr<Storage> inner) {
  CacheOptions options;
  options.directory = world.directory.path() + "/cache";
  options.size_max = base::MiB;
  options.item_size_max = 100'000;
  options.keeps = [](std::string_view) { return true; };
  auto cache = CacheStorage::open(std::move(inner), world.file_system, options);
  CHECK(cache.ok(), "a cache in a new directory");
  return std::move(cache).value();
}

class CacheStack final : public Stack {
 public:
  CacheStack() { top_ = make_cache(world_, make_local(world_)); }
};

class ImmutableStack final : public Stack {
 public:
  ImmutableStack() {
    MemoryOptions options;
    options.capabilities = {.versions = true, .retention = true};
    top_ =
        std::make_unique<ImmutableStorage>(std::make_unique<MemoryStorage>(world_.clock, options));
  }
  [[nodiscard]] bool removes_for_good() const override { return true; }
};

// All of them, over a directory.
class WholeStack final : public Stack {
 public:
  WholeStack() {
    bottom_ = make_local(world_);
    FaultOptions faults;
    faults.unavailable_before = 0.05;
    faults.unavailable_after = 0.05;
    top_ = std::make_unique<FaultStorage>(*bottom_, world_.clock, 2, faults);
    top_ = std::make_unique<RetryStorage>(std::move(top_), world_.executor, world_.clock,
                                          world_.random, quick_retries());
    top_ = make_cache(world_, std::move(top_));
    LimitOptions limit;
    limit.upload_bytes_per_second = 2 * base::GiB;
    top_ = std::make_unique<LimitStorage>(std::move(top_), world_.executor, world_.clock, limit);
  }
};

template <typename Made, typename... Arguments>
StorageCase one_case(std::string name, Arguments... arguments) {
  return {std::move(name), [=] { return std::make_unique<Made>(arguments...); }};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(
    Drivers, StorageConformance,
    testing::Values(one_case<LocalStack>("local"), one_case<MemoryStack>("memory"),
                    one_case<MemoryStack>("memory_locked", Capabilities{true, true})),
    case_name);
INSTANTIATE_TEST_SUITE_P(Decorators, StorageConformance,
                         testing::Values(one_case<FaultStack>("fault_without_faults"),
                                         one_case<RetryStack>("retry_over_memory", 0.0),
                                         one_case<RetryStack>("retry_over_faults", 0.15),
                                         one_case<LimitStack>("limit_over_local"),
                                         one_case<CacheStack>("cache_over_local"),
                                         one_case<ImmutableStack>("immutable_over_memory"),
                                         one_case<WholeStack>("all_over_local")),
                         case_name);

}  // namespace holdfast::storage
