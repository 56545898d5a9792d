// Opening the place of a repository with the real storage, files, threads and clocks.
#include "engine/location.hpp"

#include "storage/factory.hpp"

namespace holdfast::engine {

repository::Environment Location::environment(std::string cache_directory) {
  return {.storage = *storage_,
          .files = files_,
          .executor = executor_,
          .clock = clock_,
          .random = random_,
          .cache_directory = std::move(cache_directory)};
}

base::Result<repository::ShortId> Location::create(const LocationOptions& options,
                                                   const repository::CreateOptions& create,
                                                   base::ByteView passphrase) {
  Location location;
  const storage::StorageDependencies dependencies{.executor = location.executor_,
                                                  .clock = location.clock_,
                                                  .random = location.random_,
                                                  .environment = options.environment};
  location.storage_ =
      TRY(storage::create_storage(options.url, dependencies, {.limit = options.limit}));
  return repository::Repository::create(location.environment(options.cache_directory), create,
                                        passphrase);
}

base::Result<std::unique_ptr<Location>> Location::open(const LocationOptions& options,
                                                       base::ByteView passphrase) {
  std::unique_ptr<Location> location(new Location);
  const storage::StorageDependencies dependencies{.executor = location->executor_,
                                                  .clock = location->clock_,
                                                  .random = location->random_,
                                                  .environment = options.environment};
  location->storage_ =
      TRY(storage::open_storage(options.url, dependencies, {.limit = options.limit}));
  location->repository_ =
      TRY(repository::Repository::open(location->environment(options.cache_directory), passphrase));
  return location;
}

}  // namespace holdfast::engine
