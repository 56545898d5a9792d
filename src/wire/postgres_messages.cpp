// Decoding; numbers in PostgreSQL's protocol are big-endian.
#include "wire/postgres_messages.hpp"

#include <fmt/format.h>

#include <charconv>

namespace holdfast::wire {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

Result<std::uint32_t> parse_half(std::string_view text) {
  std::uint32_t value = 0;
  const auto* end = text.data() + text.size();
  const auto done = std::from_chars(text.data(), end, value, 16);
  if (text.empty() || text.size() > 8 || done.ec != std::errc() || done.ptr != end) {
    return Error(ErrorCode::damaged, "a WAL position of the server can't be read");
  }
  return value;
}

// A text up to its zero byte, which is taken too.
Result<std::string_view> take_text(std::string_view& rest) {
  const auto end = rest.find('\0');
  if (end == std::string_view::npos) {
    return Error(ErrorCode::damaged, "a message of the base backup is cut short");
  }
  const auto text = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return text;
}

// PostgreSQL counts microseconds from the year 2000.
constexpr std::int64_t epoch_seconds = 946'684'800;
constexpr std::int64_t nanoseconds_per_microsecond = 1'000;

// Numbers of the protocol, the greatest byte first.
class NumberReader {
 public:
  explicit NumberReader(base::ByteView in) : in_(in) {}
  Result<std::uint64_t> u64() {
    if (in_.size() < 8) return Error(ErrorCode::damaged, "a message of replication is cut short");
    std::uint64_t value = 0;
    for (const auto byte : in_.first(8)) value = (value << 8) | byte;
    in_ = in_.subspan(8);
    return value;
  }
  Result<base::Time> time() {
    const auto microseconds = static_cast<std::int64_t>(TRY(u64()));
    constexpr auto limit = std::int64_t{8'000'000'000'000'000};  // about the year 2253
    if (microseconds < -limit || microseconds > limit) {
      return Error(ErrorCode::damaged, "a time of the server makes no sense");
    }
    return base::Time{microseconds * nanoseconds_per_microsecond +
                      epoch_seconds * base::nanoseconds_per_second};
  }
  [[nodiscard]] base::ByteView rest() const { return in_; }

 private:
  base::ByteView in_;
};

void put_u64(base::Bytes& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<base::Byte>(value >> shift));
  }
}

}  // namespace

Result<Lsn> parse_lsn(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) {
    return Error(ErrorCode::damaged, "a WAL position of the server can't be read");
  }
  const auto high = TRY(parse_half(text.substr(0, slash)));
  const auto low = TRY(parse_half(text.substr(slash + 1)));
  return (Lsn{high} << 32) | low;
}

std::string format_lsn(Lsn lsn) { return fmt::format("{:X}/{:X}", lsn >> 32, lsn & 0xFFFF'FFFF); }

std::string wal_segment_name(std::uint32_t timeline, Lsn lsn, std::uint64_t segment_size) {
  const auto number = lsn / segment_size;
  const auto per_id = (std::uint64_t{1} << 32) / segment_size;
  return fmt::format("{:08X}{:08X}{:08X}", timeline, number / per_id, number % per_id);
}

Result<BackupMessage> decode_backup_message(base::ByteView message) {
  if (message.empty()) {
    return Error(ErrorCode::damaged, "a message of the base backup is empty");
  }
  const auto kind = message[0];
  const auto body = message.subspan(1);
  switch (kind) {
    case 'n': {
      auto rest = base::as_text(body);
      BackupArchive archive;
      archive.name = TRY(take_text(rest));
      archive.location = TRY(take_text(rest));
      return BackupMessage(archive);
    }
    case 'm': return BackupMessage(BackupManifest{});
    case 'd': return BackupMessage(BackupData{body});
    case 'p': {
      if (body.size() != 8) {
        return Error(ErrorCode::damaged, "a message of the base backup has the wrong length");
      }
      BackupProgress progress;
      for (const auto byte : body) progress.bytes = (progress.bytes << 8) | byte;
      return BackupMessage(progress);
    }
    default:
      return Error(ErrorCode::unsupported,
                   fmt::format("the base backup has a message of the kind {:#04x}", kind))
          .with_hint("the server is newer than this program: versions 13 to 18 are known to work");
  }
}

Result<WalMessage> decode_wal_message(base::ByteView message) {
  if (message.empty()) return Error(ErrorCode::damaged, "a message of replication is empty");
  NumberReader in(message.subspan(1));
  if (message[0] == 'w') {
    WalData data;
    data.start = TRY(in.u64());
    data.server_end = TRY(in.u64());
    data.sent_at = TRY(in.time());
    data.bytes = in.rest();
    return WalMessage(data);
  }
  if (message[0] == 'k') {
    WalKeepalive alive;
    alive.server_end = TRY(in.u64());
    alive.sent_at = TRY(in.time());
    if (in.rest().size() != 1) {
      return Error(ErrorCode::damaged, "a message of replication has the wrong length");
    }
    alive.reply = in.rest()[0] != 0 ? WalKeepalive::Reply::wanted : WalKeepalive::Reply::not_needed;
    return WalMessage(alive);
  }
  return Error(ErrorCode::unsupported,
               fmt::format("the WAL comes with a message of the kind {:#04x}", message[0]))
      .with_hint("the server is newer than this program: versions 13 to 18 are known to work");
}

base::Bytes encode_wal_status(const WalStatus& status) {
  base::Bytes out{'r'};
  put_u64(out, status.received);
  put_u64(out, status.flushed);
  put_u64(out, 0);  // nothing is applied
  const auto since = status.at.nanoseconds - epoch_seconds * base::nanoseconds_per_second;
  put_u64(out, static_cast<std::uint64_t>(since / nanoseconds_per_microsecond));
  out.push_back(status.reply == WalKeepalive::Reply::wanted ? 1 : 0);
  return out;
}

}  // namespace holdfast::wire
