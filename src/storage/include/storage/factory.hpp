// Storages from URLs: the one place that knows which driver serves which scheme and what is wrapped
// around it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "io/executor.hpp"
#include "storage/limit.hpp"
#include "storage/storage.hpp"

namespace holdfast::storage {

// Borrowed by the storage that is made; all but the environment must outlive it.
struct StorageDependencies {
  io::Executor& executor;
  const base::Clock& clock;
  base::Random& random;
  // Looks up a variable of the environment: credentials and home are found there. Thread-safe.
  std::function<std::optional<std::string>(const std::string&)> environment = {};
};

struct StorageOptions {
  LimitOptions limit;
};

// A location that holds something. not_found if there is nothing: an unmounted disk is no empty
// repository.
[[nodiscard]] base::Result<std::unique_ptr<Storage>> open_storage(
    std::string_view url, const StorageDependencies& dependencies,
    const StorageOptions& options = {});
// A new location. already_exists if there is something in it.
[[nodiscard]] base::Result<std::unique_ptr<Storage>> create_storage(
    std::string_view url, const StorageDependencies& dependencies,
    const StorageOptions& options = {});

}  // namespace holdfast::storage
