// A state machine over portions of any size. A record that lies whole in a page and a portion is
// checked where it lies; any other is put together in `kept_`, its checksum computed as it comes.
// Nothing is allocated because a length says so: a wrong length shows at the next page header,
// which says how much of the record it continues. (The layout: access/xlog_internal.h and
// access/xlogrecord.h of the server; numbers are those of the machine, little-endian here.)
#include "wire/wal_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "codec/crc32c.hpp"
#include "wal_layout.hpp"

namespace holdfast::wire {

using base::ByteView;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t short_header_size = 24;
constexpr std::size_t long_header_size = 40;  // of a segment's first page
constexpr std::size_t record_header_size = 24;
constexpr std::size_t crc_offset =
    20;  // in a record's header; the checksum covers what precedes it
// The server allocates no more for one.
constexpr std::uint32_t record_size_max = (1U << 30) - 1;
constexpr std::uint64_t alignment = 8;
// A buffer that a long record has blown up is given back.
constexpr std::size_t idle_capacity_max = std::size_t{1} << 20;

constexpr std::uint16_t continues_record = 0x1;
constexpr std::uint16_t has_long_header = 0x2;
constexpr std::uint16_t continues_overwritten = 0x8;  // the record before was given up
constexpr std::uint16_t known_flags = 0xF;

template <typename T>
T load(ByteView bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

Lsn aligned(Lsn lsn) { return (lsn + alignment - 1) / alignment * alignment; }

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](base::Byte byte) { return byte == 0; });
}

Error damage(Lsn at, std::string_view what) {
  return Error(ErrorCode::damaged,
               fmt::format("the WAL is damaged at {}: {}", format_lsn(at), what))
      .with_hint(
          "fetch the segment again; if it is the same at its source, no restore can go past this "
          "position, and a new full backup is needed");
}

Error unsupported(Lsn at, std::string_view what) {
  return Error(ErrorCode::unsupported,
               fmt::format("the WAL at {} can't be read: {}", format_lsn(at), what))
      .with_hint("servers 13 to 18 with WAL blocks of 8 KiB are known to work");
}

}  // namespace

struct WalReader::PageHeader {
  Lsn start;
  std::uint16_t magic;
  std::uint16_t flags;
  std::uint32_t timeline;
  Lsn address;
  std::uint32_t continued;  // bytes of a record that began before
  // Of a segment's first page only.
  std::uint64_t system_identifier;
  std::uint32_t segment_size;
  std::uint32_t page_size;
};

WalReader::WalReader(std::uint64_t segment_size, Lsn begin, std::uint32_t timeline)
    : segment_size_(segment_size),
      timeline_(timeline),
      received_(begin),
      position_(begin),
      first_page_(begin % page_size == 0) {
  if (!std::has_single_bit(segment_size) || segment_size < (1U << 20) ||
      segment_size > (1U << 30)) {
    failure_ = Error(ErrorCode::invalid_argument,
                     fmt::format("WAL segments can't have {} bytes", segment_size))
                   .with_hint("take what SHOW wal_segment_size says: 1 MiB to 1 GiB");
    return;
  }
  const auto header = begin % segment_size < page_size ? long_header_size : short_header_size;
  const auto offset = begin % page_size;
  if (offset != 0 && (offset < header || offset % alignment != 0)) {
    failure_ = Error(ErrorCode::invalid_argument,
                     fmt::format("no record of the WAL begins at {}", format_lsn(begin)))
                   .with_hint("begin at a segment's start");
  }
}

Result<void> WalReader::feed(ByteView bytes, const OnRecord& call) {
  if (failure_) return *failure_;
  auto taken = take(bytes, call);
  if (!taken.ok()) failure_ = taken.error();
  return taken;
}

Result<void> WalReader::take(ByteView bytes, const OnRecord& call) {
  while (!bytes.empty()) {
    std::size_t used = 0;
    const auto offset = received_ % page_size;
    if (received_ < pass_until_) {
      used = std::min<std::uint64_t>(bytes.size(), pass_until_ - received_);
    } else if (at_end_) {
      used = TRY(take_zeros(bytes));
    } else if (offset == 0 || header_filled_ > 0) {
      used = TRY(take_page_header(bytes));
    } else {
      const auto body = bytes.first(std::min<std::uint64_t>(bytes.size(), page_size - offset));
      used = TRY(take_page_body(body, call));
    }
    received_ += used;
    bytes = bytes.subspan(used);
  }
  return {};
}

Result<std::size_t> WalReader::take_zeros(ByteView bytes) {
  const auto other = std::find_if(bytes.begin(), bytes.end(), [](auto byte) { return byte != 0; });
  if (other != bytes.end()) {
    return damage(received_ + static_cast<std::uint64_t>(other - bytes.begin()),
                  fmt::format("it goes on after zeros; records are missing from {} on",
                              format_lsn(position_)));
  }
  return bytes.size();
}

Result<std::size_t> WalReader::take_page_header(ByteView bytes) {
  const auto start = received_ - header_filled_;
  const auto size = start % segment_size_ == 0 ? long_header_size : short_header_size;
  ByteView header = bytes;
  std::size_t used = size;
  if (header_filled_ > 0 || bytes.size() < size) {
    used = std::min(size - header_filled_, bytes.size());
    std::memcpy(header_.data() + header_filled_, bytes.data(), used);
    header_filled_ += used;
    if (header_filled_ < size) return used;
    header = header_;
  }
  header_filled_ = 0;
  if (all_zero(header.first(size))) {
    at_end_ = true;
    drop_record();
    return used;
  }
  PageHeader page{.start = start,
                  .magic = load<std::uint16_t>(header, 0),
                  .flags = load<std::uint16_t>(header, 2),
                  .timeline = load<std::uint32_t>(header, 4),
                  .address = load<std::uint64_t>(header, 8),
                  .continued = load<std::uint32_t>(header, 16),
                  .system_identifier = 0,
                  .segment_size = 0,
                  .page_size = 0};
  TRY(check_page(page));
  if (size == long_header_size) {
    page.system_identifier = load<std::uint64_t>(header, 24);
    page.segment_size = load<std::uint32_t>(header, 32);
    page.page_size = load<std::uint32_t>(header, 36);
    TRY(check_segment(page));
  }
  TRY(check_continuation(page));
  return used;
}

Result<void> WalReader::check_page(const PageHeader& page) {
  if (page.magic >> 8 != wal_magic_family || (page_magic_ != 0 && page.magic != page_magic_)) {
    return damage(page.start,
                  fmt::format("no page begins here (its magic is {:#06x})", page.magic));
  }
  if (page.magic < wal_magic_13) {
    return unsupported(page.start, "its server is older than PostgreSQL 13");
  }
  if (page.address != page.start) {
    return damage(page.start, fmt::format("the page belongs to {}", format_lsn(page.address)));
  }
  if ((page.flags & ~known_flags) != 0 && page.magic <= wal_magic_18) {
    return damage(page.start, fmt::format("the page has the flags {:#06x}", page.flags));
  }
  const bool begins_segment = page.start % segment_size_ == 0;
  if (((page.flags & has_long_header) != 0) != begins_segment) {
    return damage(page.start, begins_segment ? "the segment's own header is missing"
                                             : "a segment's header stands within a segment")
        .with_hint("is the segment size what SHOW wal_segment_size says?");
  }
  if (page.timeline == 0 || page.timeline < page_timeline_ ||
      (timeline_ != 0 && page.timeline > timeline_)) {
    return damage(page.start,
                  fmt::format("the page is of timeline {}, which can't stand here", page.timeline));
  }
  page_magic_ = page.magic;
  page_timeline_ = page.timeline;
  return {};
}

Result<void> WalReader::check_segment(const PageHeader& page) {
  if (page.page_size != page_size) {
    return unsupported(page.start, fmt::format("its blocks have {} bytes", page.page_size));
  }
  if (page.segment_size != segment_size_) {
    return damage(page.start, fmt::format("its segments have {} bytes, not {}", page.segment_size,
                                          segment_size_));
  }
  if (system_identifier_.value_or(page.system_identifier) != page.system_identifier) {
    return damage(page.start, fmt::format("the segment is of the cluster {}, those before of {}",
                                          page.system_identifier, *system_identifier_));
  }
  system_identifier_ = page.system_identifier;
  return {};
}

Result<void> WalReader::check_continuation(const PageHeader& page) {
  const bool continues = (page.flags & continues_record) != 0;
  if (continues != (page.continued != 0) || page.continued > record_size_max) {
    return damage(page.start, "the page doesn't say which record it continues");
  }
  if (first_page_) {
    first_page_ = false;
    passed_over_ = page.continued;
    return {};
  }
  // After a crash the server writes over a record whose end it never wrote.
  if ((page.flags & continues_overwritten) != 0 && !continues) {
    drop_record();
    return {};
  }
  const auto expected = passed_over_ + (size_ - filled_);
  if (page.continued != expected) {
    return damage(page.start, fmt::format("the page continues {} bytes of a record of which {} "
                                          "are missing",
                                          page.continued, expected));
  }
  return {};
}

Result<std::size_t> WalReader::take_page_body(ByteView bytes, const OnRecord& call) {
  if (passed_over_ > 0) {
    const auto used = std::min<std::uint64_t>(passed_over_, bytes.size());
    passed_over_ -= used;
    return used;
  }
  if (size_ != 0) return take_record(bytes, call);
  if (kept_.empty()) {
    const auto padding = aligned(received_) - received_;
    if (padding != 0) return std::min<std::uint64_t>(padding, bytes.size());
    start_ = received_;
  }
  const auto used = TRY(take_record_size(bytes));
  if (used > 0 || at_end_) return std::max<std::size_t>(used, 1);
  return take_record(bytes, call);
}

// No page parts the first bytes of a record, which is aligned; a portion may. 0: the size is known,
// and nothing was taken.
Result<std::size_t> WalReader::take_record_size(ByteView bytes) {
  constexpr std::size_t wanted = sizeof(std::uint32_t);
  if (kept_.empty() && bytes.size() >= wanted) {
    TRY(begin_record(load<std::uint32_t>(bytes, 0)));
    return std::size_t{0};
  }
  const auto used = std::min(wanted - kept_.size(), bytes.size());
  kept_.insert(kept_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(used));
  if (kept_.size() < wanted) return used;
  TRY(begin_record(load<std::uint32_t>(kept_, 0)));
  filled_ = at_end_ ? 0 : wanted;
  return used;
}

Result<void> WalReader::begin_record(std::uint32_t size) {
  if (size == 0) {
    at_end_ = true;
    drop_record();
    return {};
  }
  if (size < record_header_size || size > record_size_max) {
    return damage(start_, fmt::format("a record can't have {} bytes", size));
  }
  size_ = size;
  return {};
}

Result<std::size_t> WalReader::take_record(ByteView bytes, const OnRecord& call) {
  if (filled_ == 0 && bytes.size() >= size_) {
    const auto record = bytes.first(size_);
    const auto crc = codec::crc32c(record.subspan(record_header_size));
    TRY(end_record(record, crc, received_ + record.size(), call));
    return record.size();
  }
  const auto part = bytes.first(std::min<std::size_t>(bytes.size(), size_ - filled_));
  const auto header = filled_ < record_header_size
                          ? std::min<std::size_t>(record_header_size - filled_, part.size())
                          : 0;
  crc_ = codec::crc32c(part.subspan(header), crc_);
  keep(part);
  filled_ += static_cast<std::uint32_t>(part.size());
  if (filled_ == size_) TRY(end_record(kept_, crc_, received_ + part.size(), call));
  return part.size();
}

Result<void> WalReader::end_record(ByteView kept, std::uint32_t crc, Lsn last,
                                   const OnRecord& call) {
  if (codec::crc32c(kept.first(crc_offset), crc) != load<std::uint32_t>(kept, crc_offset)) {
    return damage(start_, "the checksum of a record is wrong");
  }
  const auto before = load<std::uint64_t>(kept, 8);
  if (previous_.value_or(before) != before) {
    return damage(start_, fmt::format("a record follows one at {}, but the last one was at {}",
                                      format_lsn(before), format_lsn(*previous_)));
  }
  WalRecord record;
  record.start = start_;
  record.end = aligned(last);
  record.xid = load<std::uint32_t>(kept, 4);
  record.info = kept[16];
  record.resource_manager = kept[17];
  record.page_magic = page_magic_;
  record.total_size = size_;
  if (is_segment_switch(record)) {
    record.end = (last + segment_size_ - 1) / segment_size_ * segment_size_;
    pass_until_ = record.end;
  }
  const auto body =
      find_main_data(kept.subspan(record_header_size), size_ - record_header_size, page_magic_);
  if (!body) {
    if (page_magic_ > wal_magic_18) return unsupported(start_, "a record of a newer server");
    return damage(start_, "the parts of a record are longer than the record");
  }
  record.main_data = body->kept;
  record.main_data_size = body->size;
  previous_ = start_;
  position_ = record.end;
  call(record);
  drop_record();
  return {};
}

void WalReader::drop_record() {
  size_ = 0;
  filled_ = 0;
  crc_ = 0;
  passed_over_ = 0;
  kept_.clear();
  if (kept_.capacity() > idle_capacity_max) kept_.shrink_to_fit();
}

void WalReader::keep(ByteView bytes) {
  const auto size = std::min(bytes.size(), kept_size_max - std::min(kept_size_max, kept_.size()));
  const auto kept = bytes.first(size);
  kept_.insert(kept_.end(), kept.begin(), kept.end());
}

}  // namespace holdfast::wire
