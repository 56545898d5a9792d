// PostgreSQL's write-ahead log as a stream of bytes: pages of 8 KiB in segments, and records that
// cross both. Every page header, every record's CRC-32C and every link to the record before are
// checked while the bytes pass; what a record means is in wire/wal_records.hpp. Of the servers 13
// to 18, and of newer ones as long as they keep the format. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "wire/postgres_messages.hpp"

namespace holdfast::wire {

// One record. Views are valid during the call that gives it.
struct WalRecord {
  Lsn start = 0;  // of its header, after that of a page
  // Where the next one begins at the earliest, as pg_current_wal_lsn() counts; of a segment switch,
  // where the next segment begins.
  Lsn end = 0;
  std::uint32_t xid = 0;  // 0: of no transaction
  std::uint8_t resource_manager = 0;
  std::uint8_t info = 0;
  std::uint16_t page_magic = 0;  // tells the server's major version: 0xD110 is 15
  std::uint32_t total_size = 0;
  // What belongs to no block. Shorter than main_data_size if the record is longer than
  // WalReader::kept_size_max: then it is checked, but its end isn't kept.
  base::ByteView main_data;
  std::uint32_t main_data_size = 0;
};

// Reads the bytes of one timeline's history in any portions. Memory: one record, of which no more
// than kept_size_max is kept. Not thread-safe.
class WalReader {
 public:
  static constexpr std::uint64_t page_size = 8192;
  static constexpr std::size_t kept_size_max = std::size_t{16} << 20;

  using OnRecord = std::function<void(const WalRecord&)>;

  // `segment_size` as the server says it: a power of two from 1 MiB to 1 GiB. `begin` is the
  // position of the first byte that will be given: a page's start (a record that began before it is
  // passed over unchecked), or where a record begins (a WalRecord's start or end). `timeline`:
  // pages of a later one are refused; 0: any. What makes no sense fails feed() as invalid_argument.
  WalReader(std::uint64_t segment_size, Lsn begin, std::uint32_t timeline = 0);

  // More bytes, which continue those before; calls `call` for each record that they complete.
  // damaged: the bytes are not what a server wrote, or belong elsewhere (an old segment under a new
  // name); the message says where and what. unsupported: pages of another size than 8 KiB, a server
  // before 13, a record format newer than this program. After an error every call gives it again;
  // position() stays right.
  base::Result<void> feed(base::ByteView bytes, const OnRecord& call);

  // The end of the last whole record (`begin` before the first): everything up to here is
  // understood. After a segment switch it may be ahead of received().
  [[nodiscard]] Lsn position() const noexcept { return position_; }
  // The position of the byte that feed() expects next.
  [[nodiscard]] Lsn received() const noexcept { return received_; }
  // Zeros where a record or page should begin: the log ends here, in a partial segment that was
  // filled up. More zeros may follow; anything else is damaged.
  [[nodiscard]] bool at_end() const noexcept { return at_end_; }
  // The cluster's own number, as soon as a segment's start was seen. It never changes.
  [[nodiscard]] std::optional<std::uint64_t> system_identifier() const noexcept {
    return system_identifier_;
  }

 private:
  struct PageHeader;

  base::Result<void> take(base::ByteView bytes, const OnRecord& call);
  // Each takes some of `bytes`, which aren't empty, and says how many; never none.
  base::Result<std::size_t> take_zeros(base::ByteView bytes);
  base::Result<std::size_t> take_page_header(base::ByteView bytes);
  base::Result<std::size_t> take_page_body(base::ByteView bytes, const OnRecord& call);
  base::Result<std::size_t> take_record_size(base::ByteView bytes);
  base::Result<std::size_t> take_record(base::ByteView bytes, const OnRecord& call);

  base::Result<void> check_page(const PageHeader& page);
  base::Result<void> check_segment(const PageHeader& page);
  base::Result<void> check_continuation(const PageHeader& page);
  base::Result<void> begin_record(std::uint32_t size);
  // `kept`: its first bytes; `crc`: of everything after its header; `last`: its end, not aligned.
  base::Result<void> end_record(base::ByteView kept, std::uint32_t crc, Lsn last,
                                const OnRecord& call);
  void drop_record();
  void keep(base::ByteView bytes);

  std::uint64_t segment_size_;
  std::uint32_t timeline_;
  Lsn received_;
  Lsn position_;
  std::optional<base::Error> failure_;

  // Pages.
  std::array<base::Byte, 40> header_{};  // of a page, if it came in portions
  std::size_t header_filled_ = 0;
  std::uint16_t page_magic_ = 0;
  std::uint32_t page_timeline_ = 0;
  bool first_page_;  // nothing is known yet of a record that began before
  std::optional<std::uint64_t> system_identifier_;
  bool at_end_ = false;

  // What is passed over: the end of a record that began before `begin`, and the rest of a segment
  // after a switch.
  std::uint64_t passed_over_ = 0;
  Lsn pass_until_ = 0;

  // The record that has begun, if its size is not 0. `kept_` holds its first bytes if it came in
  // portions.
  Lsn start_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t filled_ = 0;
  std::uint32_t crc_ = 0;
  base::Bytes kept_;
  std::optional<Lsn> previous_;  // where the last whole record began
};

}  // namespace holdfast::wire
