// Piece by piece; for soundness in the order in which they continue one another.
#include "log_verify.hpp"

#include <cstring>
#include <optional>

#include "repository/log.hpp"
#include "repository/object_name.hpp"
#include "wire/wal_reader.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
using repository::LogKind;
using repository::LogPiece;

namespace {

// What the long header of a segment's first page says (PostgreSQL's xlog_internal.h); nothing if
// these bytes don't begin a segment.
std::optional<std::uint64_t> segment_size_of(base::ByteView content) {
  constexpr std::size_t header_size = 40;
  constexpr std::size_t info_at = 2;
  constexpr std::uint16_t is_long = 0x0002;
  constexpr std::size_t size_at = 32;
  if (content.size() < header_size) return std::nullopt;
  std::uint16_t info = 0;
  std::uint32_t size = 0;
  std::memcpy(&info, content.data() + info_at, sizeof info);
  std::memcpy(&size, content.data() + size_at, sizeof size);
  const bool is_power = size >= (1U << 20) && (size & (size - 1)) == 0;
  if ((info & is_long) == 0 || !is_power) return std::nullopt;
  return size;
}

class LogVerification {
 public:
  LogVerification(const repository::Repository& repository, Level level,
                  const std::stop_token& stop)
      : repository_(repository), level_(level), stop_(stop) {}

  Result<LogVerifyReport> run() {
    for (const auto& info : TRY(repository_.storage().list_all(repository::log_prefix))) {
      if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
      const auto piece = repository::parse_log_piece(info);
      if (!piece) {
        report_.faults.push_back({info.name, Error(ErrorCode::invalid_argument, "foreign object")});
        continue;
      }
      ++report_.pieces;
      look_at(*piece);
    }
    return std::move(report_);
  }

 private:
  void look_at(const LogPiece& piece) {
    report_.bytes_read += piece.size;
    if (level_ == Level::intact) {
      const auto bytes =
          repository::get_object(repository_.storage(), piece.name, repository::log_piece_max);
      if (!bytes.ok()) add(piece, bytes.error());
      return;
    }
    const auto read = repository::read_log_piece(repository_, piece);
    if (!read.ok()) return add(piece, read.error());
    if (level_ != Level::sound || piece.kind != LogKind::bytes || piece.start == piece.end) return;
    const auto records = check_records(piece, read.value().content);
    if (!records.ok()) {
      reader_.reset();
      add(piece, records.error());
    }
  }

  // Listings give the pieces of a log ascending by lineage and start. One that doesn't go on where
  // the reader is begins anew if it begins a segment, and else is checked up to readable only.
  Result<void> check_records(const LogPiece& piece, base::ByteView content) {
    const bool is_same = reader_ && stream_ == piece.stream && lineage_ == piece.lineage;
    const bool goes_on = is_same && piece.start <= reader_->received();
    if (goes_on) {
      const auto seen = std::min(reader_->received(), piece.end) - piece.start;
      return feed(content.subspan(seen));
    }
    reader_.reset();
    const auto segment_size = segment_size_of(content);
    if (!segment_size) return {};
    reader_.emplace(*segment_size, piece.start);
    stream_ = piece.stream;
    lineage_ = piece.lineage;
    return feed(content);
  }

  Result<void> feed(base::ByteView bytes) {
    return reader_->feed(bytes, [](const wire::WalRecord&) {});
  }

  void add(const LogPiece& piece, const Error& error) {
    if (error.code() == ErrorCode::not_found) return;  // replaced since the listing
    report_.faults.push_back({piece.name, error});
  }

  const repository::Repository& repository_;
  const Level level_;
  const std::stop_token& stop_;
  LogVerifyReport report_;
  repository::ShortId stream_{};
  std::uint32_t lineage_ = 0;
  std::optional<wire::WalReader> reader_;
};

}  // namespace

Result<LogVerifyReport> verify_logs(const repository::Repository& repository, Level level,
                                    const std::stop_token& stop) {
  if (level == Level::present) return LogVerifyReport{};
  return LogVerification(repository, level, stop).run();
}

}  // namespace holdfast::engine
