// Directories on disk for tests: made, filled, compared, removed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::source::test {

// Removed with all it holds, whatever its flags and depth.
class Scratch {
 public:
  // memory: on a file system in memory where there is one, for tests of many files.
  enum class On { disk, memory };
  explicit Scratch(On on = On::disk);
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(std::string_view name) const {
    return path_ + "/" + std::string(name);
  }

 private:
  std::string path_;
};

void write_file(const std::string& path, std::string_view content);
[[nodiscard]] std::string read_file(const std::string& path);
[[nodiscard]] bool exists(const std::string& path);
// All parents too.
void make_directory(const std::string& path);
// Sets mtime so far back that a stat of now is trusted. ctime stays: tests give a parent that
// started later.
void set_mtime(const std::string& path, std::int64_t nanoseconds);
// Bytes that don't repeat, from a seed.
[[nodiscard]] std::string noise(std::size_t size, std::uint64_t seed);
// Runs a shell command; true if it ended with 0. `output` gets what it wrote.
bool shell(const std::string& command, std::string* output = nullptr);
[[nodiscard]] bool is_root();

// Everything in which two trees differ: names, kinds, modes, owners, times, contents, holes, links,
// extended attributes, flags. Sockets are not expected in `copy`.
[[nodiscard]] std::vector<std::string> differences(const std::string& original,
                                                   const std::string& copy);

}  // namespace holdfast::source::test
