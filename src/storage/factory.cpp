// Drivers by scheme, and the decorators that the options ask for. Directories need no retry: what a
// disk refuses once it refuses again, and an unmounted one should be reported at once.
#include "storage/factory.hpp"

#include <utility>

#include "storage/local.hpp"
#include "storage/url.hpp"

namespace holdfast::storage {

namespace {

base::Result<std::unique_ptr<Storage>> decorated(std::unique_ptr<Storage> driver,
                                                 const StorageDependencies& dependencies,
                                                 const StorageOptions& options) {
  const LimitOptions& limit = options.limit;
  for (const auto& rate : {limit.upload_bytes_per_second, limit.download_bytes_per_second}) {
    if (rate && *rate == 0) {
      return base::Error(base::ErrorCode::invalid_argument, "a rate limit of 0 bytes per second")
          .with_hint("leave the limit out for no limit");
    }
  }
  if (!limit.upload_bytes_per_second && !limit.download_bytes_per_second) return driver;
  return std::unique_ptr<Storage>(std::make_unique<LimitStorage>(
      std::move(driver), dependencies.executor, dependencies.clock, limit));
}

}  // namespace

base::Result<std::unique_ptr<Storage>> open_storage(std::string_view url,
                                                    const StorageDependencies& dependencies,
                                                    const StorageOptions& options) {
  const LocationUrl location = TRY(parse_location_url(url));
  auto driver = TRY(LocalStorage::open(location.path));
  return decorated(std::move(driver), dependencies, options);
}

base::Result<std::unique_ptr<Storage>> create_storage(std::string_view url,
                                                      const StorageDependencies& dependencies,
                                                      const StorageOptions& options) {
  const LocationUrl location = TRY(parse_location_url(url));
  auto driver = TRY(LocalStorage::create(location.path));
  return decorated(std::move(driver), dependencies, options);
}

}  // namespace holdfast::storage
