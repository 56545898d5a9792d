// The SFTP protocol, version 3 (draft-ietf-secsh-filexfer-02), as OpenSSH's server speaks it, with
// the extensions that a repository needs (OpenSSH's PROTOCOL file, section 4): fsync, hardlink,
// statvfs and limits @openssh.com. Bytes in, bytes out: no connection is known here.
//
// Numbers are big-endian. A packet is a 32-bit length and as many bytes: type, request id (but for
// INIT and VERSION), body.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::storage {

// No server sends longer packets: OpenSSH's limit is 256 KiB.
constexpr std::size_t sftp_packet_size_max = 1024 * 1024;

enum class SftpStatus : std::uint32_t {
  ok = 0,
  eof = 1,
  no_such_file = 2,
  permission_denied = 3,
  failure = 4,  // OpenSSH's answer to most values of errno
  bad_message = 5,
  no_connection = 6,
  connection_lost = 7,
  unsupported = 8,
};

// What SSH_FXF_* bits OPEN is sent with.
enum class SftpOpen : std::uint32_t {
  read = 0x01,
  write = 0x02,                     // of a file that exists
  create_new = 0x02 | 0x08 | 0x20,  // write, create, exclusive
};

struct SftpAttributes {
  std::optional<std::uint64_t> size;
  std::optional<std::uint32_t> mode;      // type and permissions, as st_mode
  std::optional<base::Time> modified_at;  // whole seconds

  enum class Type { file, directory, symbolic_link, other };
  // Of the mode; other if the server told none.
  [[nodiscard]] Type type() const;
};

struct SftpName {
  std::string name;
  SftpAttributes attributes;
};

// One answer. `kind` says which of the fields hold something.
struct SftpReply {
  enum class Kind { status, handle, data, names, attributes, extended };
  Kind kind = Kind::status;
  std::uint32_t id = 0;
  SftpStatus status = SftpStatus::ok;
  std::string message;          // of a status, for people
  std::string handle;           // at most 256 bytes
  base::ByteView data;          // a view of the packet
  base::Bytes extended;         // an extended reply's body
  std::vector<SftpName> names;  // one part of a directory
  SftpAttributes attributes;
};

// What the server said in its VERSION packet.
struct SftpVersion {
  std::uint32_t version = 0;
  bool fsync = false;
  bool hardlink = false;
  bool statvfs = false;
  bool limits = false;
};

struct SftpLimits {
  std::uint64_t read_size_max = 0;
  std::uint64_t write_size_max = 0;
};

// Whole packets, length included.
[[nodiscard]] base::Bytes encode_sftp_init();
[[nodiscard]] base::Bytes encode_sftp_open(std::uint32_t id, std::string_view path, SftpOpen how);
[[nodiscard]] base::Bytes encode_sftp_close(std::uint32_t id, std::string_view handle);
[[nodiscard]] base::Bytes encode_sftp_read(std::uint32_t id, std::string_view handle,
                                           std::uint64_t offset, std::uint32_t size);
[[nodiscard]] base::Bytes encode_sftp_write(std::uint32_t id, std::string_view handle,
                                            std::uint64_t offset, base::ByteView data);
// Follows symbolic links.
[[nodiscard]] base::Bytes encode_sftp_stat(std::uint32_t id, std::string_view path);
[[nodiscard]] base::Bytes encode_sftp_fstat(std::uint32_t id, std::string_view handle);
// ftruncate(2), which also stamps the file with the server's present time.
[[nodiscard]] base::Bytes encode_sftp_set_size(std::uint32_t id, std::string_view handle,
                                               std::uint64_t size);
[[nodiscard]] base::Bytes encode_sftp_open_directory(std::uint32_t id, std::string_view path);
[[nodiscard]] base::Bytes encode_sftp_read_directory(std::uint32_t id, std::string_view handle);
[[nodiscard]] base::Bytes encode_sftp_remove(std::uint32_t id, std::string_view path);
// Mode 0700.
[[nodiscard]] base::Bytes encode_sftp_make_directory(std::uint32_t id, std::string_view path);
// Fails if `to` exists.
[[nodiscard]] base::Bytes encode_sftp_rename(std::uint32_t id, std::string_view from,
                                             std::string_view to);
[[nodiscard]] base::Bytes encode_sftp_hardlink(std::uint32_t id, std::string_view from,
                                               std::string_view to);
[[nodiscard]] base::Bytes encode_sftp_fsync(std::uint32_t id, std::string_view handle);
[[nodiscard]] base::Bytes encode_sftp_statvfs(std::uint32_t id, std::string_view path);
[[nodiscard]] base::Bytes encode_sftp_limits(std::uint32_t id);

// The size of the packet at the start of `in`, its length included; nothing while fewer than four
// bytes are there. io if no packet can be so long: what answers is no SFTP server.
[[nodiscard]] base::Result<std::optional<std::size_t>> sftp_packet_size(base::ByteView in);

// Of whole packets without their length. io if the bytes are not what they should be: it is the
// conversation that is broken then, no object.
[[nodiscard]] base::Result<SftpVersion> decode_sftp_version(base::ByteView packet);
[[nodiscard]] base::Result<SftpReply> decode_sftp_reply(base::ByteView packet);
// Of an extended reply: bytes that an ordinary user can still store.
[[nodiscard]] base::Result<std::uint64_t> decode_sftp_free_bytes(base::ByteView data);
[[nodiscard]] base::Result<SftpLimits> decode_sftp_limits(base::ByteView data);

}  // namespace holdfast::storage
