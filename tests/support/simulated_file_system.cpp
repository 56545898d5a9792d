// Files in a map, each with what it is and what a power cut would leave of it.
#include "support/simulated_file_system.hpp"

#include <algorithm>
#include <vector>

namespace holdfast::simulation {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t page_size = 512;

class HeldFile final : public io::MappedFile {
 public:
  explicit HeldFile(std::shared_ptr<const base::Bytes> content) : content_(std::move(content)) {}
  [[nodiscard]] base::ByteView bytes() const override { return *content_; }

 private:
  const std::shared_ptr<const base::Bytes> content_;  // outlives the file's removal
};

class HeldTable final : public io::MappedTable {
 public:
  explicit HeldTable(std::shared_ptr<base::Bytes> content) : content_(std::move(content)) {}
  [[nodiscard]] base::MutableByteView bytes() override { return *content_; }

 private:
  const std::shared_ptr<base::Bytes> content_;  // shared with all who map it, as memory is
};

}  // namespace

std::size_t SimulatedDisk::files() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(
      files_.begin(), files_.end(), [](const auto& one) { return one.second.current != nullptr; }));
}

base::Bytes SimulatedDisk::after_cut(const File& file) {
  base::Bytes result = *file.current;
  if (!file.is_table) {
    result.resize(random_.below(result.size() + 1));  // torn
    return result;
  }
  for (std::size_t at = 0; at < result.size(); at += page_size) {
    if (random_.below(2) == 0) continue;
    const auto end = std::min(at + page_size, result.size());
    for (std::size_t i = at; i < end; ++i) {
      result[i] =
          file.durable != nullptr && i < file.durable->size() ? (*file.durable)[i] : base::Byte{0};
    }
  }
  return result;
}

void SimulatedDisk::cut_power() {
  const std::lock_guard lock(mutex_);
  for (auto& [path, file] : files_) {
    if (file.current == file.durable && !file.is_table) continue;
    if (file.current != nullptr && random_.below(3) == 0) {
      file.current = std::make_shared<base::Bytes>(after_cut(file));
    } else if (random_.below(2) == 0) {
      file.current =
          file.durable != nullptr ? std::make_shared<base::Bytes>(*file.durable) : nullptr;
    }
    file.durable = file.current != nullptr ? std::make_shared<base::Bytes>(*file.current) : nullptr;
    if (!file.is_table) file.current = file.durable;
  }
  std::erase_if(files_, [](const auto& one) { return one.second.current == nullptr; });
}

// Collects the bytes; the file changes at commit.
class SimulatedFileSystem::Writer final : public io::FileWriter {
 public:
  Writer(SimulatedFileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  base::Result<void> append(base::ByteView data) override {
    TRY(files_.begin_writing("append", path_));
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    return {};
  }
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  base::Result<void> commit(Durable durable) override {
    TRY(files_.begin_writing("commit", path_));
    const std::lock_guard lock(files_.disk_.mutex_);
    auto& file = files_.disk_.files_[path_];
    file.is_table = false;
    file.current = std::make_shared<base::Bytes>(bytes_);
    if (durable == Durable::yes) file.durable = file.current;
    return {};
  }

 private:
  SimulatedFileSystem& files_;
  const std::string path_;
  base::Bytes bytes_;
};

SimulatedFileSystem::SimulatedFileSystem(SimulatedDisk& disk, SimulatedFileFaults faults)
    : disk_(disk), faults_(std::move(faults)), random_(faults_.seed) {}

base::Result<void> SimulatedFileSystem::begin(std::string_view operation, const std::string& path) {
  if (!faults_.before_call || faults_.before_call(operation)) return {};
  return Error(ErrorCode::io, "the machine is dead").with_context(path);
}

base::Result<void> SimulatedFileSystem::begin_writing(std::string_view operation,
                                                      const std::string& path) {
  TRY(begin(operation, path));
  if (faults_.no_space <= 0) return {};
  constexpr std::uint64_t resolution = 1'000'000;
  const std::lock_guard lock(mutex_);
  if (static_cast<double>(random_.below(resolution)) >=
      faults_.no_space * static_cast<double>(resolution))
    return {};
  return Error(ErrorCode::no_space, "the disk is full").with_context(path);
}

base::Result<SimulatedDisk::Content> SimulatedFileSystem::find(const std::string& path) {
  const std::lock_guard lock(disk_.mutex_);
  const auto found = disk_.files_.find(path);
  if (found == disk_.files_.end() || found->second.current == nullptr)
    return Error(ErrorCode::not_found, "no such file").with_context(path);
  return found->second.current;
}

base::Result<base::Bytes> SimulatedFileSystem::read(const std::string& path) {
  TRY(begin("read", path));
  return *TRY(find(path));
}

base::Result<std::unique_ptr<io::FileWriter>> SimulatedFileSystem::create(const std::string& path) {
  TRY(begin_writing("create", path));
  return std::make_unique<Writer>(*this, path);
}

base::Result<std::unique_ptr<io::MappedFile>> SimulatedFileSystem::map(const std::string& path) {
  TRY(begin("map", path));
  return std::make_unique<HeldFile>(TRY(find(path)));
}

base::Result<std::unique_ptr<io::MappedTable>> SimulatedFileSystem::map_table(
    const std::string& path, std::uint64_t size) {
  TRY(begin_writing("map_table", path));
  const std::lock_guard lock(disk_.mutex_);
  auto& file = disk_.files_[path];
  if (file.current == nullptr || !file.is_table || file.current->size() != size) {
    auto content = std::make_shared<base::Bytes>(size);
    if (file.current != nullptr && file.current->size() == size) *content = *file.current;
    file = {.current = std::move(content), .durable = nullptr, .is_table = true};
  }
  return std::make_unique<HeldTable>(file.current);
}

base::Result<std::vector<std::string>> SimulatedFileSystem::list(const std::string& directory) {
  TRY(begin("list", directory));
  const std::string prefix = directory + "/";
  std::vector<std::string> names;
  const std::lock_guard lock(disk_.mutex_);
  for (auto at = disk_.files_.lower_bound(prefix);
       at != disk_.files_.end() && at->first.starts_with(prefix); ++at) {
    std::string name = at->first.substr(prefix.size());
    if (at->second.current != nullptr && name.find('/') == std::string::npos)
      names.push_back(std::move(name));
  }
  return names;
}

base::Result<void> SimulatedFileSystem::remove(const std::string& path) {
  TRY(begin("remove", path));
  const std::lock_guard lock(disk_.mutex_);
  const auto found = disk_.files_.find(path);
  if (found == disk_.files_.end()) return {};
  if (found->second.durable == nullptr) {
    disk_.files_.erase(found);
  } else {
    found->second.current = nullptr;  // a power cut may bring it back
  }
  return {};
}

}  // namespace holdfast::simulation
