// Headers and contents of a tar archive.
#include "tar_stream.hpp"

#include <algorithm>

namespace holdfast::source {

using base::ByteView;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// Fields of a header: where they begin, how long they are.
struct Field {
  std::size_t at;
  std::size_t size;
};
constexpr Field name_field{0, 100};
constexpr Field mode_field{100, 8};
constexpr Field uid_field{108, 8};
constexpr Field gid_field{116, 8};
constexpr Field size_field{124, 12};
constexpr Field mtime_field{136, 12};
constexpr Field checksum_field{148, 8};
constexpr Field kind_field{156, 1};
constexpr Field link_field{157, 100};
constexpr Field magic_field{257, 5};
constexpr Field user_field{265, 32};
constexpr Field group_field{297, 32};
constexpr Field prefix_field{345, 155};

Error damaged(const std::string& what) {
  return {ErrorCode::damaged, "the archive of the base backup " + what};
}

ByteView bytes_of(ByteView header, Field field) { return header.subspan(field.at, field.size); }

// Up to a zero byte or the field's end.
std::string text_of(ByteView header, Field field) {
  const auto text = base::as_text(bytes_of(header, field));
  return std::string(text.substr(0, std::min(text.find('\0'), text.size())));
}

// Octal digits, or, with the top bit of the first byte, a big-endian number in the others.
Result<std::uint64_t> number_of(ByteView header, Field field) {
  auto bytes = bytes_of(header, field);
  std::uint64_t value = 0;
  if (bytes[0] == 0x80) {
    for (const auto byte : bytes.subspan(1)) {
      if (value >> 55 != 0) return damaged("has a number that is too large");
      value = (value << 8) | byte;
    }
    return value;
  }
  bool any = false;
  for (const auto byte : bytes) {
    if (byte == ' ' && !any) continue;
    if (byte == ' ' || byte == 0) break;
    if (byte < '0' || byte > '7') return damaged("has a number that can't be read");
    any = true;
    value = (value << 3) | static_cast<std::uint64_t>(byte - '0');
  }
  return value;
}

Result<void> check_sum(ByteView header) {
  const auto stated = TRY(number_of(header, checksum_field));
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const bool is_sum = i >= checksum_field.at && i < checksum_field.at + checksum_field.size;
    sum += is_sum ? std::uint64_t{' '} : header[i];
  }
  if (sum != stated) return damaged("has a header with a wrong checksum");
  return {};
}

// Without "." components and slashes at the end; refused if it could leave its place.
Result<std::string> clean_path(std::string_view raw) {
  if (raw.starts_with('/')) return damaged("has an absolute path: " + base::printable(raw));
  std::string path;
  while (!raw.empty()) {
    const auto end = std::min(raw.find('/'), raw.size());
    const auto part = raw.substr(0, end);
    raw.remove_prefix(std::min(end + 1, raw.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") return damaged("has a path that leaves it");
    if (!path.empty()) path += '/';
    path += part;
  }
  return path;
}

Result<TarMember> decode(ByteView header) {
  TRY(check_sum(header));
  if (base::as_text(bytes_of(header, magic_field)) != "ustar") return damaged("is no tar archive");
  TarMember member;
  const auto prefix = text_of(header, prefix_field);
  const auto name = text_of(header, name_field);
  member.path = TRY(clean_path(prefix.empty() ? name : prefix + "/" + name));
  member.mode = static_cast<std::uint32_t>(TRY(number_of(header, mode_field)) & 07777);
  member.uid = static_cast<std::uint32_t>(TRY(number_of(header, uid_field)));
  member.gid = static_cast<std::uint32_t>(TRY(number_of(header, gid_field)));
  member.size = TRY(number_of(header, size_field));
  member.mtime_seconds = static_cast<std::int64_t>(TRY(number_of(header, mtime_field)));
  member.user = text_of(header, user_field);
  member.group = text_of(header, group_field);
  switch (bytes_of(header, kind_field)[0]) {
    case '0':
    case 0: member.kind = TarMember::Kind::file; return member;
    case '2': member.kind = TarMember::Kind::symlink; break;
    case '5': member.kind = TarMember::Kind::directory; break;
    default:
      return Error(ErrorCode::unsupported,
                   "the archive of the base backup has a member of an "
                   "unknown kind: " +
                       base::printable(member.path));
  }
  member.size = 0;
  member.link = text_of(header, link_field);
  return member;
}

}  // namespace

Result<void> TarStream::take_header() {
  header_size_ = 0;
  if (std::all_of(header_.begin(), header_.end(), [](base::Byte byte) { return byte == 0; })) {
    ended_ = true;
    return {};
  }
  if (ended_) return damaged("goes on after its end");
  const auto member = TRY(decode(header_));
  if (member.path.empty()) return {};  // the root itself
  TRY(receiver_.begin_member(member));
  in_member_ = true;
  content_left_ = member.size;
  padding_left_ = static_cast<std::size_t>((block_size - member.size % block_size) % block_size);
  return content_left_ == 0 ? end_content() : Result<void>();
}

Result<void> TarStream::end_content() {
  in_member_ = false;
  return receiver_.end_member();
}

Result<void> TarStream::feed(ByteView bytes) {
  while (!bytes.empty()) {
    std::size_t used = 0;
    if (in_member_) {
      used = static_cast<std::size_t>(std::min<std::uint64_t>(content_left_, bytes.size()));
      TRY(receiver_.content(bytes.first(used)));
      content_left_ -= used;
      if (content_left_ == 0) TRY(end_content());
    } else if (padding_left_ > 0) {
      used = std::min(padding_left_, bytes.size());
      padding_left_ -= used;
    } else {
      used = std::min(block_size - header_size_, bytes.size());
      std::copy_n(bytes.begin(), used, header_.begin() + static_cast<std::ptrdiff_t>(header_size_));
      header_size_ += used;
      if (header_size_ == block_size) TRY(take_header());
    }
    bytes = bytes.subspan(used);
  }
  return {};
}

Result<void> TarStream::finish() const {
  if (in_member_ || padding_left_ > 0 || header_size_ > 0) return damaged("is cut short");
  return {};
}

}  // namespace holdfast::source
