// Encoding and decoding of attributes, field by field in ascending order of tag.
#include "source/files/posix_attributes.hpp"

#include <limits>

namespace holdfast::source {

using base::ByteReader;
using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

enum Tag : std::uint8_t {
  tag_symlink_target = 1,
  tag_device = 2,
  tag_extended = 3,
  tag_inode_flags = 4,
  tag_hard_link_key = 5,
  tag_note = 6,
};

constexpr std::size_t name_size_max = 4096;  // of users and groups
constexpr std::size_t field_size_max = std::size_t{64} << 20;

Error damaged(const char* what) { return {ErrorCode::damaged, std::string("attributes: ") + what}; }

void encode_field(ByteWriter& out, Tag tag, const Bytes& value) {
  out.u8(tag);
  out.sized(ByteView(value));
}

Bytes encode_extended(const std::vector<ExtendedAttribute>& extended) {
  Bytes value;
  ByteWriter out(value);
  out.varint(extended.size());
  for (const auto& each : extended) {
    out.sized(each.name);
    out.sized(ByteView(each.value));
  }
  return value;
}

Result<std::uint32_t> read_number(ByteReader& in) {
  const auto value = TRY(in.varint());
  if (value > std::numeric_limits<std::uint32_t>::max()) return damaged("a number is out of range");
  return static_cast<std::uint32_t>(value);
}

Result<std::vector<ExtendedAttribute>> decode_extended(ByteView value) {
  ByteReader in(value);
  const auto count = TRY(in.varint());
  if (count > in.remaining() / 2) return damaged("more extended attributes than bytes");
  std::vector<ExtendedAttribute> extended;
  extended.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) {
    ExtendedAttribute each;
    each.name = TRY(in.sized_text(field_size_max));
    const auto bytes = TRY(in.sized(field_size_max));
    each.value.assign(bytes.begin(), bytes.end());
    if (each.name.empty() || each.name.find('\0') != std::string::npos) {
      return damaged("an extended attribute without a proper name");
    }
    extended.push_back(std::move(each));
  }
  TRY(in.expect_end());
  return extended;
}

Result<void> decode_field(PosixAttributes& attributes, std::uint8_t tag, ByteView value) {
  ByteReader in(value);
  switch (tag) {
    case tag_symlink_target:
      attributes.symlink_target.assign(value.begin(), value.end());
      return {};
    case tag_device: {
      const auto major = TRY(read_number(in));
      const auto minor = TRY(read_number(in));
      attributes.device = DeviceNumber{major, minor};
      return in.expect_end();
    }
    case tag_extended: attributes.extended = TRY(decode_extended(value)); return {};
    case tag_inode_flags: attributes.inode_flags = TRY(in.varint()); return in.expect_end();
    case tag_hard_link_key: attributes.hard_link_key.emplace(value.begin(), value.end()); return {};
    case tag_note: attributes.note = base::as_text(value); return {};
    default: return {};
  }
}

}  // namespace

Bytes encode_attributes(const PosixAttributes& attributes) {
  Bytes bytes;
  bytes.reserve(48 + attributes.symlink_target.size());
  ByteWriter out(bytes);
  out.varint(attributes.mode & 07777);
  out.varint(attributes.uid);
  out.varint(attributes.gid);
  out.sized(attributes.user);
  out.sized(attributes.group);
  out.signed_varint(attributes.mtime);
  if (!attributes.symlink_target.empty()) {
    encode_field(out, tag_symlink_target, attributes.symlink_target);
  }
  if (attributes.device) {
    Bytes value;
    ByteWriter device(value);
    device.varint(attributes.device->major);
    device.varint(attributes.device->minor);
    encode_field(out, tag_device, value);
  }
  if (!attributes.extended.empty())
    encode_field(out, tag_extended, encode_extended(attributes.extended));
  if (attributes.inode_flags != 0) {
    Bytes value;
    ByteWriter(value).varint(attributes.inode_flags);
    encode_field(out, tag_inode_flags, value);
  }
  if (attributes.hard_link_key) encode_field(out, tag_hard_link_key, *attributes.hard_link_key);
  if (!attributes.note.empty()) {
    out.u8(tag_note);
    out.sized(attributes.note);
  }
  return bytes;
}

Result<PosixAttributes> decode_attributes(ByteView bytes) {
  ByteReader in(bytes);
  PosixAttributes attributes;
  attributes.mode = TRY(read_number(in));
  if (attributes.mode > 07777) return damaged("mode has more than permission bits");
  attributes.uid = TRY(read_number(in));
  attributes.gid = TRY(read_number(in));
  attributes.user = TRY(in.sized_text(name_size_max));
  attributes.group = TRY(in.sized_text(name_size_max));
  attributes.mtime = TRY(in.signed_varint());
  int last_tag = 0;
  while (in.remaining() > 0) {
    const auto tag = TRY(in.u8());
    if (tag <= last_tag) return damaged("fields are out of order");
    last_tag = tag;
    const auto value = TRY(in.sized(field_size_max));
    TRY(decode_field(attributes, tag, value));
  }
  return attributes;
}

}  // namespace holdfast::source
