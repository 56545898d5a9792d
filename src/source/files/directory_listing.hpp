// The names in one directory, sorted bytewise: read with large calls of getdents64, kept in one
// piece of memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::source {

class DirectoryListing {
 public:
  struct Name {
    std::uint64_t prefix = 0;  // the first eight bytes, so that most comparisons touch nothing else
    std::uint32_t offset = 0;
    std::uint16_t length = 0;
    std::uint8_t type = 0;  // DT_*, DT_UNKNOWN where the file system doesn't say
  };

  // Reads the rest of an open directory, without "." and "..". 0, or the errno; then what was read
  // so far is there.
  [[nodiscard]] int read(int fd);

  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
  [[nodiscard]] std::uint8_t type(std::size_t index) const { return names_[index].type; }
  // Followed by a zero byte.
  [[nodiscard]] std::string_view name(std::size_t index) const {
    return {arena_.data() + names_[index].offset, names_[index].length};
  }
  [[nodiscard]] bool contains(std::string_view name) const;
  // Drops every name but those in `kept`.
  void keep_only(const std::vector<std::string>& kept);

 private:
  void add(const char* name, std::uint8_t type);
  [[nodiscard]] std::string_view text(const Name& name) const {
    return {arena_.data() + name.offset, name.length};
  }
  std::string arena_;
  std::vector<Name> names_;
};

}  // namespace holdfast::source
