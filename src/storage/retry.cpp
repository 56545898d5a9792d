// Retrying: the loop, and the decision whether a commit that met its name taken had worked before.
#include "storage/retry.hpp"

#include <algorithm>
#include <mutex>
#include <type_traits>
#include <utility>

#include "base/units.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t content_kept_max = 64 * base::KiB;

}  // namespace

// The loop around one call. Thread-safe.
class RetryStorage::Attempts {
 public:
  Attempts(io::Executor& executor, const base::Clock& clock, base::Random& random,
           RetryOptions options)
      : executor_(executor), clock_(clock), random_(random), options_(std::move(options)) {
    CHECK(options_.attempts_max > 0, "no attempt at all");
  }

  // `call` returns a Result; what it returned last is returned.
  template <typename Call>
  std::invoke_result_t<Call> run(Call call) {
    base::Duration total;
    for (unsigned attempt = 1;; ++attempt) {
      const base::Duration begun = clock_.monotonic();
      auto result = call();
      if (result.ok() || result.error().retry() != base::Retry::may_help) return result;
      const base::Duration pause = pause_after(attempt);
      total = total + std::min(clock_.monotonic() - begun, options_.delay_max) + pause;
      if (attempt >= options_.attempts_max || total > options_.total_max) {
        return std::move(result).with_context("given up after " + std::to_string(attempt) +
                                              (attempt == 1 ? " attempt" : " attempts"));
      }
      executor_.sleep(pause, options_.stop);
      if (options_.stop.stop_requested()) {
        return Error(ErrorCode::cancelled,
                     "stopped while waiting to try again after: " + result.error().to_string());
      }
    }
  }

 private:
  // Doubles from delay_first to delay_max; a random half of it keeps many clients from coming back
  // in step.
  base::Duration pause_after(unsigned attempt) {
    base::Duration pause = options_.delay_first;
    for (unsigned i = 1; i < attempt && pause < options_.delay_max; ++i) pause = pause + pause;
    pause = std::min(pause, options_.delay_max);
    const std::int64_t half = pause.nanoseconds / 2;
    if (half <= 0) return pause;
    const std::lock_guard lock(mutex_);
    return {half + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(half) + 1))};
  }

  io::Executor& executor_;
  const base::Clock& clock_;
  std::mutex mutex_;  // guards random_, which need not be thread-safe in a simulation
  base::Random& random_;
  const RetryOptions options_;
};

class RetryStorage::RetryUpload final : public Upload {
 public:
  RetryUpload(RetryStorage& storage, std::unique_ptr<Upload> inner)
      : storage_(storage), inner_(std::move(inner)) {}

  base::Result<void> append(base::ByteView data) override {
    TRY(storage_.attempts_->run([&] { return inner_->append(data); }));
    size_ += data.size();
    if (size_ <= content_kept_max) {
      content_.insert(content_.end(), data.begin(), data.end());
    } else {
      content_ = {};
    }
    return {};
  }

  base::Result<ObjectInfo> commit(std::string_view name, const PutOptions& options) override {
    bool outcome_unknown = false;
    auto result = storage_.attempts_->run([&] {
      auto once = inner_->commit(name, options);
      if (!once.ok() && once.error().code() == ErrorCode::unavailable) outcome_unknown = true;
      return once;
    });
    if (!result.ok() && !done_ && outcome_unknown &&
        result.error().code() == ErrorCode::already_exists) {
      const ObjectInfo there = TRY(storage_.stat(name));
      const bool same = TRY(is_ours(there));
      if (same) result = there;
    }
    done_ = done_ || result.ok();
    return result;
  }

 private:
  base::Result<bool> is_ours(const ObjectInfo& there) {
    if (there.size != size_) return false;
    if (size_ > content_kept_max) return true;
    const base::Bytes content = TRY(storage_.get(there.name, size_));
    return content == content_;
  }

  RetryStorage& storage_;
  const std::unique_ptr<Upload> inner_;
  base::Bytes content_;  // all that was appended, while that is little
  std::uint64_t size_ = 0;
  bool done_ = false;  // the caller knows that it worked
};

RetryStorage::RetryStorage(std::unique_ptr<Storage> inner, io::Executor& executor,
                           const base::Clock& clock, base::Random& random, RetryOptions options)
    : inner_(std::move(inner)),
      attempts_(std::make_unique<Attempts>(executor, clock, random, std::move(options))) {}

RetryStorage::~RetryStorage() = default;

std::string RetryStorage::describe() const { return inner_->describe(); }

Capabilities RetryStorage::capabilities() const { return inner_->capabilities(); }

base::Result<std::unique_ptr<Upload>> RetryStorage::begin_put() {
  auto upload = TRY(attempts_->run([&] { return inner_->begin_put(); }));
  return std::unique_ptr<Upload>(std::make_unique<RetryUpload>(*this, std::move(upload)));
}

base::Result<void> RetryStorage::read(std::string_view name, Range range,
                                      base::MutableByteView out) {
  return attempts_->run([&] { return inner_->read(name, range, out); });
}

base::Result<base::Bytes> RetryStorage::get(std::string_view name, std::uint64_t size_max,
                                            std::string_view version) {
  return attempts_->run([&] { return inner_->get(name, size_max, version); });
}

base::Result<ObjectInfo> RetryStorage::stat(std::string_view name) {
  return attempts_->run([&] { return inner_->stat(name); });
}

base::Result<ListPage> RetryStorage::list(const ListOptions& options) {
  return attempts_->run([&] { return inner_->list(options); });
}

base::Result<ListPage> RetryStorage::list_versions(const ListOptions& options) {
  return attempts_->run([&] { return inner_->list_versions(options); });
}

// Tries the items without a final outcome again. Each one's last outcome tells more than the error
// of the call that tried the rest again.
template <typename Item, typename Call>
base::Result<std::vector<RemoveOutcome>> RetryStorage::remove_all(std::span<const Item> items,
                                                                  const Call& call) {
  std::vector<RemoveOutcome> outcomes(items.size());
  std::vector<std::size_t> open(items.size());  // positions without a final outcome
  for (std::size_t i = 0; i < open.size(); ++i) open[i] = i;
  bool answered = false;
  auto result = attempts_->run([&]() -> base::Result<void> {
    std::vector<Item> again;
    for (const std::size_t i : open) again.push_back(items[i]);
    const auto some = TRY(call(std::span<const Item>(again)));
    CHECK(some.size() == again.size(), "one outcome for each name");
    answered = true;
    std::vector<std::size_t> still;
    for (std::size_t i = 0; i < some.size(); ++i) {
      outcomes[open[i]] = some[i];
      if (some[i].error && some[i].error->retry() == base::Retry::may_help)
        still.push_back(open[i]);
    }
    open = std::move(still);
    if (open.empty()) return {};
    return *outcomes[open.front()].error;
  });
  if (!result.ok() && (!answered || result.error().code() == ErrorCode::cancelled)) {
    return std::move(result).error();
  }
  return outcomes;
}

base::Result<std::vector<RemoveOutcome>> RetryStorage::remove(std::span<const std::string> names) {
  return remove_all(names, [&](auto some) { return inner_->remove(some); });
}

base::Result<std::vector<RemoveOutcome>> RetryStorage::remove_versions(
    std::span<const ObjectVersion> objects) {
  return remove_all(objects, [&](auto some) { return inner_->remove_versions(some); });
}

base::Result<void> RetryStorage::read_version(const ObjectVersion& object, Range range,
                                              base::MutableByteView out) {
  return attempts_->run([&] { return inner_->read_version(object, range, out); });
}

base::Result<ObjectInfo> RetryStorage::stat_version(const ObjectVersion& object) {
  return attempts_->run([&] { return inner_->stat_version(object); });
}

base::Result<void> RetryStorage::retain_version(const ObjectVersion& object, base::Time until) {
  return attempts_->run([&] { return inner_->retain_version(object, until); });
}

base::Result<void> RetryStorage::retain(std::string_view name, base::Time until) {
  return attempts_->run([&] { return inner_->retain(name, until); });
}

base::Result<std::optional<std::uint64_t>> RetryStorage::free_bytes() {
  return attempts_->run([&] { return inner_->free_bytes(); });
}

}  // namespace holdfast::storage
