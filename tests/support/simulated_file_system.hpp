// The simulation's local files. A disk outlives the programs that use it; a power cut takes what
// was not made durable: a file may be its old self, torn, or gone, a removed one may be back, and a
// table is a patchwork of old and new pages.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/random.hpp"
#include "io/file_system.hpp"

namespace holdfast::simulation {

class SimulatedDisk {
 public:
  explicit SimulatedDisk(std::uint64_t seed) : random_(seed) {}

  // Takes what was not durable. No program may use the disk meanwhile.
  void cut_power();
  // How many files are there, for tests.
  [[nodiscard]] std::size_t files() const;

 private:
  friend class SimulatedFileSystem;
  // Shared with those who have it mapped.
  using Content = std::shared_ptr<base::Bytes>;
  struct File {
    Content current;  // null: not there
    Content durable;  // null: a power cut may leave nothing
    bool is_table = false;
  };
  base::Bytes after_cut(const File& file);

  mutable std::mutex mutex_;
  base::SeededRandom random_;
  std::map<std::string, File> files_;
};

struct SimulatedFileFaults {
  // Called before every operation with its name, without locks held; false: the machine is dead,
  // and so is every operation from now on.
  std::function<bool(std::string_view operation)> before_call;
  // Of create, append and commit: the disk is full. 0 to 1.
  double no_space = 0;
  std::uint64_t seed = 1;
};

// One program's view of a disk that it borrows. Thread-safe.
class SimulatedFileSystem final : public io::FileSystem {
 public:
  explicit SimulatedFileSystem(SimulatedDisk& disk, SimulatedFileFaults faults = {});

  base::Result<base::Bytes> read(const std::string& path) override;
  base::Result<std::unique_ptr<io::FileWriter>> create(const std::string& path) override;
  base::Result<std::unique_ptr<io::MappedFile>> map(const std::string& path) override;
  base::Result<std::unique_ptr<io::MappedTable>> map_table(const std::string& path,
                                                           std::uint64_t size) override;
  base::Result<std::vector<std::string>> list(const std::string& directory) override;
  base::Result<void> remove(const std::string& path) override;

 private:
  class Writer;
  base::Result<void> begin(std::string_view operation, const std::string& path);
  base::Result<void> begin_writing(std::string_view operation, const std::string& path);
  base::Result<SimulatedDisk::Content> find(const std::string& path);

  SimulatedDisk& disk_;
  const SimulatedFileFaults faults_;
  std::mutex mutex_;
  base::SeededRandom random_;
};

}  // namespace holdfast::simulation
