// Rate limits: a token bucket that may go into debt. A task takes its tokens at once and sleeps the
// debt off, so tasks are served in the order in which they came and no lock is held while one
// sleeps.
#include "storage/limit.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

// Saved up at most, and what should pass at once: parts of two seconds, over which the rate is to
// hold within a tenth.
constexpr base::Duration burst = base::milliseconds(100);
constexpr std::uint64_t pieces_a_second = 20;

}  // namespace

class LimitStorage::Bucket {
 public:
  Bucket(io::Executor& executor, const base::Clock& clock, std::optional<std::uint64_t> rate,
         std::stop_token stop)
      : executor_(executor), clock_(clock), rate_(rate), stop_(std::move(stop)) {
    CHECK(!rate || *rate > 0, "a rate of nothing");
    paid_until_ = clock.monotonic() - burst;
  }

  [[nodiscard]] bool is_limited() const { return rate_.has_value(); }
  // What should pass at once. Everything, if there is no limit.
  [[nodiscard]] std::size_t piece_size(std::size_t size) const {
    if (!rate_) return size;
    return std::min<std::size_t>(size, std::max<std::uint64_t>(*rate_ / pieces_a_second, 1));
  }

  // Waits until `bytes` may pass.
  base::Result<void> take(std::uint64_t bytes) {
    if (!rate_ || bytes == 0) return {};
    const base::Duration wait = reserve(bytes);
    if (wait.nanoseconds <= 0) return {};
    executor_.sleep(wait, stop_);
    if (!stop_.stop_requested()) return {};
    return Error(ErrorCode::cancelled, "stopped while waiting for the rate limit");
  }

 private:
  base::Duration reserve(std::uint64_t bytes) {
    const auto cost =
        static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 / static_cast<double>(*rate_));
    const std::lock_guard lock(mutex_);
    const base::Duration now = clock_.monotonic();
    paid_until_ = std::max(paid_until_, now - burst) + base::Duration{cost};
    return paid_until_ - now;
  }

  io::Executor& executor_;
  const base::Clock& clock_;
  const std::optional<std::uint64_t> rate_;  // bytes per second
  const std::stop_token stop_;
  std::mutex mutex_;
  base::Duration paid_until_;  // up to this (monotonic) time the rate is used up
};

class LimitStorage::LimitUpload final : public Upload {
 public:
  LimitUpload(LimitStorage& storage, std::unique_ptr<Upload> inner)
      : storage_(storage), inner_(std::move(inner)) {}

  base::Result<void> append(base::ByteView data) override {
    while (!data.empty()) {
      const base::ByteView piece = data.first(storage_.upload_->piece_size(data.size()));
      TRY(storage_.upload_->take(piece.size()));
      TRY(inner_->append(piece));
      data = data.subspan(piece.size());
    }
    return {};
  }

  base::Result<ObjectInfo> commit(std::string_view name, const PutOptions& options) override {
    return inner_->commit(name, options);
  }

 private:
  LimitStorage& storage_;
  const std::unique_ptr<Upload> inner_;
};

LimitStorage::LimitStorage(std::unique_ptr<Storage> inner, io::Executor& executor,
                           const base::Clock& clock, LimitOptions options)
    : inner_(std::move(inner)),
      upload_(
          std::make_unique<Bucket>(executor, clock, options.upload_bytes_per_second, options.stop)),
      download_(std::make_unique<Bucket>(executor, clock, options.download_bytes_per_second,
                                         options.stop)) {}

LimitStorage::~LimitStorage() = default;

std::string LimitStorage::describe() const { return inner_->describe(); }

Capabilities LimitStorage::capabilities() const { return inner_->capabilities(); }

base::Result<std::unique_ptr<Upload>> LimitStorage::begin_put() {
  auto upload = TRY(inner_->begin_put());
  return std::unique_ptr<Upload>(std::make_unique<LimitUpload>(*this, std::move(upload)));
}

base::Result<void> LimitStorage::read(std::string_view name, Range range,
                                      base::MutableByteView out) {
  for (std::size_t done = 0;;) {
    const std::size_t piece = download_->piece_size(out.size() - done);
    TRY(download_->take(piece));
    TRY(inner_->read(name, {.offset = range.offset + done, .size = piece},
                     out.subspan(done, piece)));
    done += piece;
    if (done >= out.size()) return {};
  }
}

// Where the size is known only afterwards, the pause follows, and delays whoever comes next.
base::Result<base::Bytes> LimitStorage::get(std::string_view name, std::uint64_t size_max,
                                            std::string_view version) {
  if (version.empty() && download_->is_limited()) {
    const auto info = inner_->stat(name);
    const bool is_long = info.ok() && info.value().size <= size_max &&
                         info.value().size > download_->piece_size(size_max);
    if (is_long) {
      base::Bytes content(info.value().size);
      TRY(read(name, {.offset = 0, .size = content.size()}, content));
      return content;
    }
  }
  auto content = TRY(inner_->get(name, size_max, version));
  TRY(download_->take(content.size()));
  return content;
}

base::Result<ObjectInfo> LimitStorage::stat(std::string_view name) { return inner_->stat(name); }

base::Result<ListPage> LimitStorage::list(const ListOptions& options) {
  return inner_->list(options);
}

base::Result<ListPage> LimitStorage::list_versions(const ListOptions& options) {
  return inner_->list_versions(options);
}

base::Result<std::vector<RemoveOutcome>> LimitStorage::remove(std::span<const std::string> names) {
  return inner_->remove(names);
}

base::Result<void> LimitStorage::retain(std::string_view name, base::Time until) {
  return inner_->retain(name, until);
}

base::Result<void> LimitStorage::read_version(const ObjectVersion& object, Range range,
                                              base::MutableByteView out) {
  TRY(download_->take(range.size));
  return inner_->read_version(object, range, out);
}

base::Result<ObjectInfo> LimitStorage::stat_version(const ObjectVersion& object) {
  return inner_->stat_version(object);
}

base::Result<void> LimitStorage::retain_version(const ObjectVersion& object, base::Time until) {
  return inner_->retain_version(object, until);
}

base::Result<std::vector<RemoveOutcome>> LimitStorage::remove_versions(
    std::span<const ObjectVersion> objects) {
  return inner_->remove_versions(objects);
}

base::Result<std::optional<std::uint64_t>> LimitStorage::free_bytes() {
  return inner_->free_bytes();
}

}  // namespace holdfast::storage
