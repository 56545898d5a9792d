// Drivers by scheme, and the decorators that the options ask for. Directories need no retry: what a
// disk refuses once it refuses again, and an unmounted one should be reported at once.
#include "storage/factory.hpp"

#include <utility>

#include "storage/immutable.hpp"
#include "storage/local.hpp"
#include "storage/retry.hpp"
#include "storage/s3.hpp"
#include "storage/sftp.hpp"
#include "storage/url.hpp"

namespace holdfast::storage {

namespace {

base::Result<void> check_limits(const LimitOptions& limit) {
  for (const auto& rate : {limit.upload_bytes_per_second, limit.download_bytes_per_second}) {
    if (rate && *rate == 0) {
      return base::Error(base::ErrorCode::invalid_argument, "a rate limit of 0 bytes per second")
          .with_hint("leave the limit out for no limit");
    }
  }
  return {};
}

// S3 holds the limits itself, where its bytes flow.
base::Result<std::unique_ptr<Storage>> decorated(std::unique_ptr<Storage> driver,
                                                 LocationUrl::Scheme scheme,
                                                 const StorageDependencies& dependencies,
                                                 const StorageOptions& options) {
  const LimitOptions& limit = options.limit;
  if (scheme == LocationUrl::Scheme::s3) return driver;
  if (!limit.upload_bytes_per_second && !limit.download_bytes_per_second) return driver;
  return std::unique_ptr<Storage>(std::make_unique<LimitStorage>(
      std::move(driver), dependencies.executor, dependencies.clock, limit));
}

// Over a network what failed may work a moment later.
std::unique_ptr<Storage> with_retries(std::unique_ptr<Storage> driver,
                                      const StorageDependencies& dependencies,
                                      const StorageOptions& options) {
  RetryOptions retry;
  retry.stop = options.limit.stop;
  return std::make_unique<RetryStorage>(std::move(driver), dependencies.executor,
                                        dependencies.clock, dependencies.random, std::move(retry));
}

constexpr int open_attempts_max = 4;

// What a storage asks while it is opened is asked again, too, for a second or two: who mistyped an
// address should not wait longer.
template <typename Open>
auto opened_with_retries(const StorageDependencies& dependencies, const StorageOptions& options,
                         Open open) {
  base::Duration pause = base::milliseconds(200);
  for (int attempt = 1;; ++attempt) {
    auto opened = open();
    const bool again = !opened.ok() && opened.error().retry() == base::Retry::may_help &&
                       attempt < open_attempts_max && !options.limit.stop.stop_requested();
    if (!again) return opened;
    dependencies.executor.sleep(pause, options.limit.stop);
    pause = pause + pause;
  }
}

enum class Place { existing, fresh };

base::Result<std::unique_ptr<Storage>> driver_of(const LocationUrl& location, Place place,
                                                 const StorageDependencies& dependencies,
                                                 const StorageOptions& options) {
  switch (location.scheme) {
    case LocationUrl::Scheme::file: {
      auto local = TRY(place == Place::fresh ? LocalStorage::create(location.path)
                                             : LocalStorage::open(location.path));
      return std::unique_ptr<Storage>(std::move(local));
    }
    case LocationUrl::Scheme::s3: {
      const S3Surroundings around{
          .executor = dependencies.executor,
          .clock = dependencies.clock,
          .environment = dependencies.environment,
          .stop = options.limit.stop,
          .upload_bytes_per_second = options.limit.upload_bytes_per_second,
          .download_bytes_per_second = options.limit.download_bytes_per_second};
      auto s3 = TRY(opened_with_retries(dependencies, options, [&] {
        return place == Place::fresh ? S3Storage::create(location.s3, around)
                                     : S3Storage::open(location.s3, around);
      }));
      auto steady = with_retries(std::move(s3), dependencies, options);
      if (!steady->capabilities().versions) return steady;
      return std::unique_ptr<Storage>(std::make_unique<ImmutableStorage>(std::move(steady)));
    }
    case LocationUrl::Scheme::sftp: {
      SftpOptions own;
      own.stop = options.limit.stop;
      auto sftp = TRY(opened_with_retries(dependencies, options, [&] {
        return place == Place::fresh
                   ? SftpStorage::create(location.sftp, dependencies.executor, own)
                   : SftpStorage::open(location.sftp, dependencies.executor, own);
      }));
      return with_retries(std::move(sftp), dependencies, options);
    }
  }
  return base::Error(base::ErrorCode::unsupported, "this version has no driver for the location")
      .with_hint("use a directory: a path or file:///PATH");
}

}  // namespace

base::Result<std::unique_ptr<Storage>> open_storage(std::string_view url,
                                                    const StorageDependencies& dependencies,
                                                    const StorageOptions& options) {
  TRY(check_limits(options.limit));
  const LocationUrl location = TRY(parse_location_url(url));
  auto driver = TRY(driver_of(location, Place::existing, dependencies, options));
  return decorated(std::move(driver), location.scheme, dependencies, options);
}

base::Result<std::unique_ptr<Storage>> create_storage(std::string_view url,
                                                      const StorageDependencies& dependencies,
                                                      const StorageOptions& options) {
  TRY(check_limits(options.limit));
  const LocationUrl location = TRY(parse_location_url(url));
  auto driver = TRY(driver_of(location, Place::fresh, dependencies, options));
  return decorated(std::move(driver), location.scheme, dependencies, options);
}

}  // namespace holdfast::storage
