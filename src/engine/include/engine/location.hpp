// Location: a repository at a URL, opened with all that it stands on: the storage, the local cache,
// threads, clock, randomness.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "io/executor.hpp"
#include "io/file_system.hpp"
#include "repository/repository.hpp"
#include "storage/limit.hpp"
#include "storage/storage.hpp"

namespace holdfast::engine {

struct LocationOptions {
  std::string url;
  std::string cache_directory;  // absolute
  // Looks up a variable of the environment, for credentials. Thread-safe.
  std::function<std::optional<std::string>(const std::string&)> environment = {};
  storage::LimitOptions limit = {};  // its stop ends what waits for the storage
};

// Owns everything; the repository borrows from it.
class Location {
 public:
  // Makes a repository in an empty place. The id of the new repository.
  static base::Result<repository::ShortId> create(const LocationOptions& options,
                                                  const repository::CreateOptions& create,
                                                  base::ByteView passphrase);
  static base::Result<std::unique_ptr<Location>> open(const LocationOptions& options,
                                                      base::ByteView passphrase);

  [[nodiscard]] repository::Repository& repository() noexcept { return *repository_; }
  [[nodiscard]] io::Executor& executor() noexcept { return executor_; }
  [[nodiscard]] const base::Clock& clock() const noexcept { return clock_; }

 private:
  Location() = default;
  [[nodiscard]] repository::Environment environment(std::string cache_directory);

  base::SystemClock clock_;
  base::SystemRandom random_;
  io::ThreadExecutor executor_;
  io::LocalFileSystem files_;
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<repository::Repository> repository_;
};

}  // namespace holdfast::engine
