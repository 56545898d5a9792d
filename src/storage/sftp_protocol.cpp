// Encoding of requests and decoding of answers. Whatever a server sends is checked against the
// packet's end before it is believed.
#include "sftp_protocol.hpp"

#include <sys/stat.h>

#include <utility>

namespace holdfast::storage {

namespace {

using base::ByteView;
using base::Error;
using base::ErrorCode;

constexpr std::size_t handle_size_max = 256;
constexpr std::size_t text_size_max = 65536;

enum Type : std::uint8_t {
  type_init = 1,
  type_version = 2,
  type_open = 3,
  type_close = 4,
  type_read = 5,
  type_write = 6,
  type_fstat = 8,
  type_fsetstat = 10,
  type_opendir = 11,
  type_readdir = 12,
  type_remove = 13,
  type_mkdir = 14,
  type_stat = 17,
  type_rename = 18,
  type_status = 101,
  type_handle = 102,
  type_data = 103,
  type_name = 104,
  type_attrs = 105,
  type_extended = 200,
  type_extended_reply = 201,
};

constexpr std::uint32_t attribute_size = 0x1;
constexpr std::uint32_t attribute_owner = 0x2;
constexpr std::uint32_t attribute_mode = 0x4;
constexpr std::uint32_t attribute_times = 0x8;
constexpr std::uint32_t attribute_extended = 0x80000000;

// A packet being made. `room` is what the body will take, so that large writes are copied once.
class Packet {
 public:
  explicit Packet(Type type, std::size_t room = 64) {
    bytes_.reserve(room + 32);
    bytes_.resize(4);
    bytes_.push_back(type);
  }
  Packet& u32(std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes_.push_back(static_cast<base::Byte>(value >> shift));
    }
    return *this;
  }
  Packet& u64(std::uint64_t value) {
    return u32(static_cast<std::uint32_t>(value >> 32)).u32(static_cast<std::uint32_t>(value));
  }
  Packet& bytes(ByteView data) {
    u32(static_cast<std::uint32_t>(data.size()));
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    return *this;
  }
  Packet& text(std::string_view data) { return bytes(base::as_bytes(data)); }
  base::Bytes take() {
    const auto size = static_cast<std::uint32_t>(bytes_.size() - 4);
    for (int i = 0; i < 4; ++i) {
      bytes_[static_cast<std::size_t>(i)] = static_cast<base::Byte>(size >> (24 - 8 * i));
    }
    return std::move(bytes_);
  }

 private:
  base::Bytes bytes_;
};

Error malformed(const char* what) {
  return Error(ErrorCode::io, std::string("the server's SFTP answer ") + what)
      .with_hint("does the place run OpenSSH's SFTP server? A login script that prints breaks it");
}

// Big-endian fields of a packet.
class Fields {
 public:
  explicit Fields(ByteView in) : in_(in) {}
  base::Result<std::uint8_t> u8() {
    if (in_.empty()) return malformed("is too short");
    const std::uint8_t value = in_[0];
    in_ = in_.subspan(1);
    return value;
  }
  base::Result<std::uint32_t> u32() {
    if (in_.size() < 4) return malformed("is too short");
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | in_[i];
    in_ = in_.subspan(4);
    return value;
  }
  base::Result<std::uint64_t> u64() {
    const std::uint64_t high = TRY(u32());
    return high << 32 | TRY(u32());
  }
  base::Result<ByteView> bytes() {
    const std::uint32_t size = TRY(u32());
    if (size > in_.size()) return malformed("is too short");
    const ByteView value = in_.first(size);
    in_ = in_.subspan(size);
    return value;
  }
  base::Result<std::string> text(std::size_t size_max) {
    const ByteView value = TRY(bytes());
    if (value.size() > size_max) return malformed("has too long a text");
    return std::string(base::as_text(value));
  }
  [[nodiscard]] ByteView rest() const { return in_; }

 private:
  ByteView in_;
};

base::Result<SftpAttributes> attributes_of(Fields& in) {
  SftpAttributes attributes;
  const std::uint32_t flags = TRY(in.u32());
  if ((flags & attribute_size) != 0) attributes.size = TRY(in.u64());
  if ((flags & attribute_owner) != 0) {
    TRY(in.u32());
    TRY(in.u32());
  }
  if ((flags & attribute_mode) != 0) attributes.mode = TRY(in.u32());
  if ((flags & attribute_times) != 0) {
    TRY(in.u32());
    attributes.modified_at = base::Time{TRY(in.u32()) * base::nanoseconds_per_second};
  }
  if ((flags & attribute_extended) != 0) {
    const std::uint32_t count = TRY(in.u32());
    for (std::uint32_t i = 0; i < count; ++i) {
      TRY(in.bytes());
      TRY(in.bytes());
    }
  }
  return attributes;
}

base::Result<std::vector<SftpName>> names_of(Fields& in) {
  const std::uint32_t count = TRY(in.u32());
  std::vector<SftpName> names;
  for (std::uint32_t i = 0; i < count; ++i) {
    SftpName one;
    one.name = TRY(in.text(text_size_max));
    TRY(in.bytes());  // as `ls -l` shows it
    one.attributes = TRY(attributes_of(in));
    names.push_back(std::move(one));
  }
  return names;
}

base::Bytes path_request(Type type, std::uint32_t id, std::string_view path) {
  return Packet(type).u32(id).text(path).take();
}

}  // namespace

SftpAttributes::Type SftpAttributes::type() const {
  if (!mode) return Type::other;
  if (S_ISREG(*mode)) return Type::file;
  if (S_ISDIR(*mode)) return Type::directory;
  return S_ISLNK(*mode) ? Type::symbolic_link : Type::other;
}

base::Bytes encode_sftp_init() { return Packet(type_init).u32(3).take(); }

base::Bytes encode_sftp_open(std::uint32_t id, std::string_view path, SftpOpen how) {
  Packet packet(type_open);
  packet.u32(id).text(path).u32(static_cast<std::uint32_t>(how));
  if (how != SftpOpen::create_new) return packet.u32(0).take();
  return packet.u32(attribute_mode).u32(0600).take();
}

base::Bytes encode_sftp_close(std::uint32_t id, std::string_view handle) {
  return path_request(type_close, id, handle);
}

base::Bytes encode_sftp_read(std::uint32_t id, std::string_view handle, std::uint64_t offset,
                             std::uint32_t size) {
  return Packet(type_read).u32(id).text(handle).u64(offset).u32(size).take();
}

base::Bytes encode_sftp_write(std::uint32_t id, std::string_view handle, std::uint64_t offset,
                              ByteView data) {
  return Packet(type_write, data.size() + 64).u32(id).text(handle).u64(offset).bytes(data).take();
}

base::Bytes encode_sftp_stat(std::uint32_t id, std::string_view path) {
  return path_request(type_stat, id, path);
}

base::Bytes encode_sftp_fstat(std::uint32_t id, std::string_view handle) {
  return path_request(type_fstat, id, handle);
}

base::Bytes encode_sftp_set_size(std::uint32_t id, std::string_view handle, std::uint64_t size) {
  return Packet(type_fsetstat).u32(id).text(handle).u32(attribute_size).u64(size).take();
}

base::Bytes encode_sftp_open_directory(std::uint32_t id, std::string_view path) {
  return path_request(type_opendir, id, path);
}

base::Bytes encode_sftp_read_directory(std::uint32_t id, std::string_view handle) {
  return path_request(type_readdir, id, handle);
}

base::Bytes encode_sftp_remove(std::uint32_t id, std::string_view path) {
  return path_request(type_remove, id, path);
}

base::Bytes encode_sftp_make_directory(std::uint32_t id, std::string_view path) {
  return Packet(type_mkdir).u32(id).text(path).u32(attribute_mode).u32(0700).take();
}

base::Bytes encode_sftp_rename(std::uint32_t id, std::string_view from, std::string_view to) {
  return Packet(type_rename).u32(id).text(from).text(to).take();
}

base::Bytes encode_sftp_hardlink(std::uint32_t id, std::string_view from, std::string_view to) {
  return Packet(type_extended).u32(id).text("hardlink@openssh.com").text(from).text(to).take();
}

base::Bytes encode_sftp_fsync(std::uint32_t id, std::string_view handle) {
  return Packet(type_extended).u32(id).text("fsync@openssh.com").text(handle).take();
}

base::Bytes encode_sftp_statvfs(std::uint32_t id, std::string_view path) {
  return Packet(type_extended).u32(id).text("statvfs@openssh.com").text(path).take();
}

base::Bytes encode_sftp_limits(std::uint32_t id) {
  return Packet(type_extended).u32(id).text("limits@openssh.com").take();
}

base::Result<std::optional<std::size_t>> sftp_packet_size(ByteView in) {
  if (in.size() < 4) return std::nullopt;
  const std::size_t size = TRY(Fields(in).u32());
  if (size == 0 || size > sftp_packet_size_max) return malformed("is no SFTP packet");
  return std::optional<std::size_t>(size + 4);
}

base::Result<SftpVersion> decode_sftp_version(ByteView packet) {
  Fields in(packet);
  const std::uint8_t type = TRY(in.u8());
  if (type != type_version) return malformed("is no version");
  SftpVersion version;
  version.version = TRY(in.u32());
  while (!in.rest().empty()) {
    const std::string name = TRY(in.text(text_size_max));
    const std::string value = TRY(in.text(text_size_max));
    if (name == "fsync@openssh.com") version.fsync = value == "1";
    if (name == "hardlink@openssh.com") version.hardlink = value == "1";
    if (name == "statvfs@openssh.com") version.statvfs = value == "2";
    if (name == "limits@openssh.com") version.limits = value == "1";
  }
  return version;
}

base::Result<SftpReply> decode_sftp_reply(ByteView packet) {
  Fields in(packet);
  SftpReply reply;
  const std::uint8_t type = TRY(in.u8());
  reply.id = TRY(in.u32());
  switch (type) {
    case type_status:
      reply.kind = SftpReply::Kind::status;
      reply.status = static_cast<SftpStatus>(TRY(in.u32()));
      // Old servers send no message.
      if (!in.rest().empty()) reply.message = TRY(in.text(text_size_max));
      return reply;
    case type_handle:
      reply.kind = SftpReply::Kind::handle;
      reply.handle = TRY(in.text(handle_size_max));
      return reply;
    case type_data:
      reply.kind = SftpReply::Kind::data;
      reply.data = TRY(in.bytes());
      return reply;
    case type_name:
      reply.kind = SftpReply::Kind::names;
      reply.names = TRY(names_of(in));
      return reply;
    case type_attrs:
      reply.kind = SftpReply::Kind::attributes;
      reply.attributes = TRY(attributes_of(in));
      return reply;
    case type_extended_reply:
      reply.kind = SftpReply::Kind::extended;
      reply.extended.assign(in.rest().begin(), in.rest().end());
      return reply;
    default: return malformed("is of an unknown type");
  }
}

base::Result<std::uint64_t> decode_sftp_free_bytes(ByteView data) {
  Fields in(data);
  TRY(in.u64());  // f_bsize
  const std::uint64_t fragment_size = TRY(in.u64());
  TRY(in.u64());  // f_blocks
  TRY(in.u64());  // f_bfree
  const std::uint64_t available = TRY(in.u64());
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(fragment_size, available, &bytes)) bytes = UINT64_MAX;
  return bytes;
}

base::Result<SftpLimits> decode_sftp_limits(ByteView data) {
  Fields in(data);
  SftpLimits limits;
  TRY(in.u64());  // of a packet
  limits.read_size_max = TRY(in.u64());
  limits.write_size_max = TRY(in.u64());
  return limits;
}

}  // namespace holdfast::storage
