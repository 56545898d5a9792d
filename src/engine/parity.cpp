// Opening storage without a repository on it.
#include "engine/parity.hpp"

#include "base/clock.hpp"
#include "base/random.hpp"
#include "repository/object_name.hpp"
#include "storage/factory.hpp"

namespace holdfast::engine {

namespace {

// A storage and what it stands on.
class Place {
 public:
  static base::Result<std::unique_ptr<Place>> open(const LocationOptions& location,
                                                   const std::stop_token& stop) {
    auto place = std::make_unique<Place>();
    const storage::StorageDependencies dependencies{.executor = place->executor_,
                                                    .clock = place->clock_,
                                                    .random = place->random_,
                                                    .environment = location.environment};
    storage::StorageOptions options{.limit = location.limit};
    options.limit.stop = stop;
    place->storage_ = TRY(storage::open_storage(location.url, dependencies, options));
    if (TRY(place->storage_->list_all(repository::keys_prefix)).empty()) {
      return base::Error(base::ErrorCode::not_found,
                         "there is no repository at " + place->storage_->describe())
          .with_hint("check the URL and that the disk is mounted");
    }
    return place;
  }
  [[nodiscard]] storage::Storage& storage() { return *storage_; }
  [[nodiscard]] io::Executor& executor() { return executor_; }

 private:
  base::SystemClock clock_;
  base::SystemRandom random_;
  io::ThreadExecutor executor_;
  std::unique_ptr<storage::Storage> storage_;
};

}  // namespace

base::Result<repository::ProtectReport> protect_at(const LocationOptions& location,
                                                   unsigned percent,
                                                   const repository::ParityProgress& progress,
                                                   const std::stop_token& stop) {
  const auto place = TRY(Place::open(location, stop));
  return repository::protect(place->storage(), place->executor(), percent, progress, stop);
}

base::Result<repository::MendReport> mend_at(const LocationOptions& location,
                                             const repository::ParityProgress& progress,
                                             const std::stop_token& stop) {
  const auto place = TRY(Place::open(location, stop));
  return repository::mend(place->storage(), place->executor(), progress, stop);
}

}  // namespace holdfast::engine
