// S3Storage: objects below a prefix of a bucket.
//
// An object's name is known only at commit, because it names the hash of the bytes, but S3 wants it
// first. So an upload collects its bytes: the first mebibyte in memory, more in an unlinked
// temporary file, so that any number of open packs costs a mebibyte each. The commit then sends
// them, small objects in one request, large ones in parts that travel at the same time.
//
// Put-if-absent is If-None-Match. The tests run against MinIO and versitygw; AWS documents it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "io/executor.hpp"
#include "storage/storage.hpp"
#include "storage/url.hpp"

namespace holdfast::wire {
class S3Client;
}

namespace holdfast::storage {

// References are borrowed and outlive the storage.
struct S3Surroundings {
  io::Executor& executor;
  const base::Clock& clock;
  // Looks up a variable of the environment. Thread-safe.
  std::function<std::optional<std::string>(const std::string&)> environment;
  std::stop_token stop;  // ends what is under way
  // Above 0; nothing: unlimited. Held on the line itself: what is appended goes into a file first.
  std::optional<std::uint64_t> upload_bytes_per_second = {};
  std::optional<std::uint64_t> download_bytes_per_second = {};
};

// Thread-safe. Uploads must not outlive the storage.
class S3Storage final : public Storage {
 public:
  // already_exists if there is anything below the prefix that could be an object of ours. The
  // bucket must be there; it may be shared, and has no prefix then as well as any. If the URL asks
  // for a lock, it must have a default retention that is as long and as strong.
  static base::Result<std::unique_ptr<S3Storage>> create(const S3Url& url,
                                                         const S3Surroundings& around);
  // not_found if there is no such thing below the prefix, nor ever was in a bucket that keeps
  // versions.
  static base::Result<std::unique_ptr<S3Storage>> open(const S3Url& url,
                                                       const S3Surroundings& around);
  // Asks nothing of the bucket yet.
  static base::Result<std::unique_ptr<S3Storage>> connect(const S3Url& url,
                                                          const S3Surroundings& around);
  ~S3Storage() override;

  // For what goes beyond a storage. Borrowed.
  [[nodiscard]] wire::S3Client& client() noexcept;

  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] Capabilities capabilities() const override;
  base::Result<std::unique_ptr<Upload>> begin_put() override;
  base::Result<void> read(std::string_view name, Range range, base::MutableByteView out) override;
  base::Result<base::Bytes> get(std::string_view name, std::uint64_t size_max,
                                std::string_view version = {}) override;
  base::Result<ObjectInfo> stat(std::string_view name) override;
  base::Result<ListPage> list(const ListOptions& options) override;
  base::Result<ListPage> list_versions(const ListOptions& options) override;
  base::Result<std::vector<RemoveOutcome>> remove(std::span<const std::string> names) override;
  base::Result<void> retain(std::string_view name, base::Time until) override;
  base::Result<void> read_version(const ObjectVersion& object, Range range,
                                  base::MutableByteView out) override;
  base::Result<ObjectInfo> stat_version(const ObjectVersion& object) override;
  base::Result<void> retain_version(const ObjectVersion& object, base::Time until) override;
  base::Result<std::vector<RemoveOutcome>> remove_versions(
      std::span<const ObjectVersion> objects) override;
  // A bucket has no end that it would know of.
  base::Result<std::optional<std::uint64_t>> free_bytes() override;

 private:
  struct State;
  explicit S3Storage(std::unique_ptr<State> state);
  enum class Demand { any_lock, default_lock };
  base::Result<void> learn_about_bucket(Demand demand);

  const std::unique_ptr<State> state_;
};

}  // namespace holdfast::storage
