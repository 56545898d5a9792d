// Headers of 512 bytes, and extended ones before them for what doesn't fit: long paths, large sizes
// and numbers, fractions of a second, extended attributes.
#include "tar_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace holdfast::engine {

using base::Result;
using repository::EntryKind;

namespace {

constexpr std::size_t block_size = 512;
constexpr std::uint64_t octal_11_max = 077777777777;
constexpr std::uint64_t octal_7_max = 07777777;

using Block = std::array<char, block_size>;

// Offsets and lengths of POSIX.1-1988's header.
struct Place {
  std::size_t at;
  std::size_t size;
};
constexpr Place name_place{0, 100};
constexpr Place mode_place{100, 8};
constexpr Place uid_place{108, 8};
constexpr Place gid_place{116, 8};
constexpr Place size_place{124, 12};
constexpr Place time_place{136, 12};
constexpr Place sum_place{148, 8};
constexpr std::size_t type_at = 156;
constexpr Place link_place{157, 100};
constexpr std::size_t magic_at = 257;
constexpr Place user_place{265, 32};
constexpr Place group_place{297, 32};
constexpr Place major_place{329, 8};
constexpr Place minor_place{337, 8};

void put_text(Block& block, Place place, std::string_view text) {
  std::memcpy(block.data() + place.at, text.data(), std::min(text.size(), place.size));
}

// Octal with a zero byte behind it; what doesn't fit is in the extended header.
void put_number(Block& block, Place place, std::uint64_t number) {
  const auto digits = place.size - 1;
  const auto most = (std::uint64_t{1} << (3 * digits)) - 1;
  put_text(block, place, fmt::format("{:0{}o}", std::min(number, most), digits));
}

void put_sum(Block& block) {
  std::memset(block.data() + sum_place.at, ' ', sum_place.size);
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put_text(block, sum_place, fmt::format("{:06o}", sum));
  block[sum_place.at + 6] = '\0';
}

char type_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::directory: return '5';
    case EntryKind::symlink: return '2';
    case EntryKind::hard_link: return '1';
    case EntryKind::character_device: return '3';
    case EntryKind::block_device: return '4';
    case EntryKind::fifo: return '6';
    default: return '0';
  }
}

// "LENGTH key=value\n", where LENGTH counts itself.
void add_record(std::string& records, std::string_view key, std::string_view value) {
  const auto rest = key.size() + value.size() + 3;
  auto length = rest + 1;
  while (rest + fmt::format("{}", length).size() != length) ++length;
  records += fmt::format("{} ", length);
  records += key;
  records += '=';
  records += value;
  records += '\n';
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string extended_of(const TarEntry& entry, std::string_view path, std::string_view link) {
  std::string records;
  const auto& attributes = entry.attributes;
  const auto text = [&](std::string_view key, std::string_view value, Place place) {
    if (value.size() <= place.size && is_plain(value)) return;
    // Bytes as they are, whatever they mean.
    if (records.empty()) add_record(records, "hdrcharset", "BINARY");
    add_record(records, key, value);
  };
  text("path", path, name_place);
  text("linkpath", link, link_place);
  text("uname", attributes.user, user_place);
  text("gname", attributes.group, group_place);
  const auto number = [&](std::string_view key, std::uint64_t value, std::uint64_t most) {
    if (value > most) add_record(records, key, std::to_string(value));
  };
  if (entry.kind == EntryKind::file) number("size", entry.size, octal_11_max);
  number("uid", attributes.uid, octal_7_max);
  number("gid", attributes.gid, octal_7_max);
  constexpr std::int64_t second = 1'000'000'000;
  const auto fraction = (attributes.mtime % second + second) % second;
  const auto seconds = (attributes.mtime - fraction) / second;
  if (seconds < 0 || fraction != 0) {
    // Before 1970 the whole number counts down and the fraction up: tar wants one decimal number.
    if (seconds < 0 && fraction != 0) {
      add_record(records, "mtime", fmt::format("-{}.{:09}", -(seconds + 1), second - fraction));
    } else {
      add_record(records, "mtime", fmt::format("{}.{:09}", seconds, fraction));
    }
  }
  for (const auto& each : attributes.extended) {
    add_record(records, "SCHILY.xattr." + each.name, base::as_text(each.value));
  }
  return records;
}

base::ByteView bytes_of(const Block& block) {
  return base::as_bytes(std::string_view(block.data(), block.size()));
}

Block header(std::string_view path, char type, std::uint64_t size) {
  Block block{};
  put_text(block, name_place, path);
  put_number(block, size_place, size);
  block[type_at] = type;
  std::memcpy(block.data() + magic_at, "ustar\00000", 8);
  return block;
}

}  // namespace

Result<void> TarWriter::begin(const TarEntry& entry) {
  CHECK(left_ == 0, "the entry before has all its bytes");
  auto path = entry.path;
  if (entry.kind == EntryKind::directory && !path.ends_with('/')) path += '/';
  const auto& attributes = entry.attributes;
  std::string link = entry.link;
  if (entry.kind == EntryKind::symlink) link = base::as_text(attributes.symlink_target);
  const auto extended = extended_of(entry, path, link);
  if (!extended.empty()) {
    auto block = header("extended header", 'x', extended.size());
    put_number(block, mode_place, 0600);
    put_number(block, uid_place, 0);
    put_number(block, gid_place, 0);
    put_number(block, time_place, 0);
    put_sum(block);
    TRY(out_(bytes_of(block)));
    left_ = extended.size();
    TRY(content(base::as_bytes(extended)));
  }
  const auto size = entry.kind == EntryKind::file ? entry.size : 0;
  auto block = header(path, type_of(entry.kind), size);
  put_number(block, mode_place, attributes.mode);
  put_number(block, uid_place, attributes.uid);
  put_number(block, gid_place, attributes.gid);
  put_number(
      block, time_place,
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, attributes.mtime)) / 1'000'000'000);
  put_text(block, link_place, link);
  // Longer names are in the extended header; here they end with a zero byte.
  put_text(block, {user_place.at, user_place.size - 1}, attributes.user);
  put_text(block, {group_place.at, group_place.size - 1}, attributes.group);
  put_number(block, major_place, attributes.device ? attributes.device->major : 0);
  put_number(block, minor_place, attributes.device ? attributes.device->minor : 0);
  put_sum(block);
  TRY(out_(bytes_of(block)));
  left_ = size;
  written_ = 0;
  return {};
}

Result<void> TarWriter::content(base::ByteView bytes) {
  CHECK(bytes.size() <= left_, "an entry has no more bytes than it said");
  TRY(out_(bytes));
  written_ += bytes.size();
  left_ -= bytes.size();
  return left_ == 0 ? pad() : Result<void>();
}

Result<void> TarWriter::pad() {
  static constexpr std::array<base::Byte, block_size> zeros{};
  const auto over = written_ % block_size;
  written_ = 0;
  if (over == 0) return {};
  return out_(base::ByteView(zeros).first(block_size - over));
}

Result<void> TarWriter::finish() {
  CHECK(left_ == 0, "the entry before has all its bytes");
  static constexpr std::array<base::Byte, 2 * block_size> zeros{};
  return out_(zeros);
}

}  // namespace holdfast::engine
