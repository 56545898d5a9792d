// Writes WAL by hand, as a server would, for tests of its reader: whole pages of one timeline, with
// records that cross pages and segments.
#pragma once

#include <algorithm>

#include "base/bytes.hpp"
#include "codec/crc32c.hpp"
#include "wire/postgres_messages.hpp"

namespace holdfast::wire {

class WalWriter {
 public:
  struct Options {
    Lsn begin = Lsn{5} << 20;
    std::uint64_t segment_size = 1U << 20;
    std::uint32_t page_size = 8192;
    std::uint16_t magic = 0xD110;
    std::uint32_t timeline = 1;
    std::uint64_t system = 7710677445283085960U;
  };
  explicit WalWriter(Options options) : options(options) {}
  WalWriter() : WalWriter(Options{}) {}

  // A record's bytes with its checksum; `previous`: where the one before began.
  static base::Bytes record(std::uint8_t manager, std::uint8_t info, std::uint32_t xid,
                            base::ByteView parts, Lsn previous) {
    base::Bytes out;
    base::ByteWriter writer(out);
    writer.u32(static_cast<std::uint32_t>(24 + parts.size()));
    writer.u32(xid);
    writer.u64(previous);
    writer.u8(info);
    writer.u8(manager);
    writer.u16(0);
    const auto crc = codec::crc32c(out, codec::crc32c(parts));
    writer.u32(crc);
    writer.raw(parts);
    return out;
  }

  // Main data with their header.
  static base::Bytes parts(base::ByteView main_data) {
    base::Bytes out;
    if (main_data.empty()) return out;
    base::ByteWriter writer(out);
    if (main_data.size() < 256) {
      writer.u8(255);
      writer.u8(static_cast<std::uint8_t>(main_data.size()));
    } else {
      writer.u8(254);
      writer.u32(static_cast<std::uint32_t>(main_data.size()));
    }
    writer.raw(main_data);
    return out;
  }

  // Returns where it began.
  Lsn append(std::uint8_t manager, std::uint8_t info, std::uint32_t xid, base::ByteView parts) {
    begin_page_if_due(0);
    const auto start = position();
    put(record(manager, info, xid, parts, previous), 0);
    bytes.resize((bytes.size() + 7) / 8 * 8);
    previous = start;
    return start;
  }
  Lsn append_main(std::uint8_t manager, std::uint8_t info, std::uint32_t xid,
                  base::ByteView main_data) {
    return append(manager, info, xid, parts(main_data));
  }

  // Ends the segment: the rest of it is zeros.
  Lsn append_switch() {
    const auto start = append(0, 0x40, 0, {});
    const auto end = (position() + options.segment_size - 1) / options.segment_size;
    bytes.resize(end * options.segment_size - options.begin);
    return start;
  }

  // `data`, page by page; `flags` on the pages that it opens besides the first.
  void put(base::ByteView data, std::uint16_t flags) {
    while (!data.empty()) {
      begin_page_if_due(static_cast<std::uint32_t>(data.size()), flags);
      const auto room = options.page_size - position() % options.page_size;
      const auto part = data.first(std::min<std::size_t>(room, data.size()));
      bytes.insert(bytes.end(), part.begin(), part.end());
      data = data.subspan(part.size());
    }
  }

  void begin_page_if_due(std::uint32_t continued, std::uint16_t flags = 0) {
    if (position() % options.page_size != 0) return;
    const bool begins_segment = position() % options.segment_size == 0;
    const auto address = position();
    base::ByteWriter writer(bytes);
    writer.u16(options.magic);
    writer.u16(
        static_cast<std::uint16_t>(flags | (continued != 0 ? 1 : 0) | (begins_segment ? 2 : 0)));
    writer.u32(options.timeline);
    writer.u64(address);
    writer.u32(continued);
    writer.u32(0);
    if (!begins_segment) return;
    writer.u64(options.system);
    writer.u32(static_cast<std::uint32_t>(options.segment_size));
    writer.u32(options.page_size);
  }

  [[nodiscard]] Lsn position() const { return options.begin + bytes.size(); }

  Options options;
  base::Bytes bytes;
  Lsn previous = 0;
};

}  // namespace holdfast::wire
