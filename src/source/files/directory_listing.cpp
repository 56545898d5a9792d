// Reads and sorts a directory's names.
#include "directory_listing.hpp"

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>

namespace holdfast::source {

namespace {

constexpr std::size_t call_size = std::size_t{256} << 10;

// The record that the kernel writes (its header names it linux_dirent64).
struct Record {
  std::uint64_t inode;
  std::int64_t position;
  std::uint16_t size;
  std::uint8_t type;
  char name[];
};

std::uint64_t prefix_of(std::string_view name) {
  std::uint64_t prefix = 0;
  std::memcpy(&prefix, name.data(), std::min(name.size(), sizeof prefix));
  return __builtin_bswap64(prefix);
}

char* call_buffer() {
  thread_local const std::unique_ptr<char[]> buffer(new char[call_size]);
  return buffer.get();
}

}  // namespace

void DirectoryListing::add(const char* name, std::uint8_t type) {
  const std::string_view text(name);
  if (text == "." || text == ".." || text.empty()) return;
  names_.push_back({.prefix = prefix_of(text),
                    .offset = static_cast<std::uint32_t>(arena_.size()),
                    .length = static_cast<std::uint16_t>(text.size()),
                    .type = type});
  arena_.append(text);
  arena_.push_back('\0');
}

int DirectoryListing::read(int fd) {
  arena_.clear();
  names_.clear();
  char* const buffer = call_buffer();
  int error = 0;
  while (true) {
    const auto got = ::syscall(SYS_getdents64, fd, buffer, call_size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    for (long at = 0; at < got;) {
      const auto* record = reinterpret_cast<const Record*>(buffer + at);
      add(record->name, record->type);
      at += record->size;
    }
    if (arena_.size() > std::numeric_limits<std::uint32_t>::max() - call_size) {
      error = EFBIG;
      break;
    }
  }
  std::ranges::sort(names_, [this](const Name& a, const Name& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return text(a) < text(b);
  });
  return error;
}

bool DirectoryListing::contains(std::string_view name) const {
  const auto at =
      std::ranges::lower_bound(names_, name, {}, [this](const Name& each) { return text(each); });
  return at != names_.end() && text(*at) == name;
}

void DirectoryListing::keep_only(const std::vector<std::string>& kept) {
  std::erase_if(
      names_, [&](const Name& each) { return std::ranges::find(kept, text(each)) == kept.end(); });
}

}  // namespace holdfast::source
