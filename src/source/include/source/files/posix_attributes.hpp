// The attributes of an entry of files (docs/internals/repository_format.md section 4.2):
// permissions, owner, time, and what only some entries have. Encoding, and decoding of bytes from
// outside.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace holdfast::source {

struct ExtendedAttribute {
  std::string name;  // raw bytes, such as "user.comment"
  base::Bytes value;
  bool operator==(const ExtendedAttribute&) const = default;
};

struct DeviceNumber {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  bool operator==(const DeviceNumber&) const = default;
};

struct PosixAttributes {
  std::uint32_t mode = 0;  // permission bits only: 07777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string user;  // empty if the number has no name
  std::string group;
  std::int64_t mtime = 0;  // nanoseconds since 1970
  base::Bytes symlink_target;
  std::optional<DeviceNumber> device;
  std::vector<ExtendedAttribute> extended;   // ascending by name
  std::uint64_t inode_flags = 0;             // as FS_IOC_GETFLAGS, only those that can be restored
  std::optional<base::Bytes> hard_link_key;  // of the entry that holds the content
  std::string note;                          // why content is missing
  bool operator==(const PosixAttributes&) const = default;
};

[[nodiscard]] base::Bytes encode_attributes(const PosixAttributes& attributes);
// damaged: anything that encode_attributes would not write, except fields of unknown tags, which
// are skipped.
[[nodiscard]] base::Result<PosixAttributes> decode_attributes(base::ByteView bytes);

}  // namespace holdfast::source
