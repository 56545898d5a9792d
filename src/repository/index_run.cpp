// Opening and looking up in a run of the local index.
#include "index_run.hpp"

#include <algorithm>
#include <cstring>

#include "codec/crc32c.hpp"

namespace holdfast::repository {

using base::Byte;
using base::ByteView;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

Error malformed(const char* what) {
  return Error(ErrorCode::damaged, std::string("a file of the local index is not whole: ") + what);
}

// Takes an array of records off the front.
template <typename Record>
Result<std::span<const Record>> take(ByteView& rest, std::uint64_t count) {
  if (count > rest.size() / sizeof(Record)) return malformed("a table runs over the end");
  const auto size = static_cast<std::size_t>(count) * sizeof(Record);
  const std::span<const Record> records(reinterpret_cast<const Record*>(rest.data()),
                                        static_cast<std::size_t>(count));
  rest = rest.subspan(size);
  return records;
}

}  // namespace

Result<std::shared_ptr<const IndexRun>> IndexRun::open(io::FileSystem& files, std::string path) {
  auto file = TRY(files.map(path));
  std::shared_ptr<IndexRun> run(new IndexRun(std::move(path), std::move(file)));
  TRY_CONTEXT(run->parse(), base::printable(run->path()));
  return std::shared_ptr<const IndexRun>(std::move(run));
}

Result<void> IndexRun::parse() {
  const auto bytes = file_->bytes();
  if (bytes.size() < run_start_size + sizeof(RunFooter)) return malformed("it is too short");
  CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(std::uint64_t) == 0,
        "a mapped file begins at an aligned address");
  std::memcpy(&footer_, bytes.data() + bytes.size() - sizeof footer_, sizeof footer_);
  const ByteView footer(reinterpret_cast<const Byte*>(&footer_), offsetof(RunFooter, footer_crc));
  if (footer_.magic != run_footer_magic || codec::crc32c(footer) != footer_.footer_crc) {
    return malformed("its footer");
  }
  auto rest = bytes.first(bytes.size() - sizeof footer_).subspan(run_start_size);
  segments_ = TRY(take<SegmentRecord>(rest, footer_.segments));
  superseded_ = TRY(take<ObjectHash>(rest, footer_.superseded));
  packs_ = TRY(take<PackRecord>(rest, footer_.packs));
  const auto padding = (64 - static_cast<std::size_t>(rest.data() - bytes.data()) % 64) % 64;
  rest = rest.subspan(std::min(padding, rest.size()));
  const auto tables = bytes.first(static_cast<std::size_t>(rest.data() - bytes.data()));
  lines_ = TRY(take<DirectoryLine>(rest, footer_.lines));
  entries_ = TRY(take<ChunkPlace>(rest, footer_.entries));
  if (!rest.empty()) return malformed("its size");
  if (!entries_.empty() && lines_.empty()) return malformed("its directory");
  if (std::memcmp(bytes.data(), run_start_magic.data(), run_start_magic.size()) != 0 ||
      codec::crc32c(tables) != footer_.tables_crc) {
    return malformed("its tables");
  }
  TRY(check_tables());
  if (bytes.size() > checked_whole_max) return {};
  if (codec::crc32c({reinterpret_cast<const Byte*>(lines_.data()), lines_.size_bytes()}) !=
          footer_.lines_crc ||
      codec::crc32c({reinterpret_cast<const Byte*>(entries_.data()), entries_.size_bytes()}) !=
          footer_.entries_crc) {
    return malformed("its entries");
  }
  return {};
}

Result<void> IndexRun::check_tables() const {
  for (const auto& segment : segments_) {
    if (segment.superseded_begin > superseded_.size() ||
        segment.superseded_count > superseded_.size() - segment.superseded_begin ||
        segment.state > SegmentRecord::State::foreign) {
      return malformed("a segment's record");
    }
  }
  for (const auto& pack : packs_) {
    if (pack.segment >= segments_.size() || (pack.type != 1 && pack.type != 2)) {
      return malformed("a pack's record");
    }
  }
  return {};
}

std::uint64_t IndexRun::find(const ChunkId& id) const {
  if (entries_.empty()) return no_index;
  const auto prefix = prefix_of(id.data());
  const auto scaled = static_cast<WideNumber>(prefix) * lines_.size();
  const auto& line = lines_[static_cast<std::size_t>(scaled >> 64)];
  std::uint64_t hash;
  std::memcpy(&hash, id.data() + sizeof prefix, sizeof hash);
  std::uint64_t hit = 1;
  for (unsigned word = 0; word < 7; ++word) hit &= line.bits[word] >> ((hash >> (6 * word)) & 63);
  if (hit == 0) return no_index;

  const auto first = line.place & DirectoryLine::first_mask;
  auto count = line.place >> DirectoryLine::first_bits;
  if (first > entries_.size()) return no_index;
  if (count == DirectoryLine::count_max) count = entries_.size() - first;
  if (count > entries_.size() - first) return no_index;
  const auto* entries = entries_.data() + first;
  const auto is_before = [&](const ChunkPlace& place) {
    const auto other = prefix_of(place.id.data());
    return other != prefix ? other < prefix : place.id < id;
  };
  std::uint64_t at;
  if (count <= 2 * entries_per_line) {
    // Uniform ids: the rest of the fraction tells where in the line's entries to begin.
    at = static_cast<std::uint64_t>(
        (static_cast<WideNumber>(static_cast<std::uint64_t>(scaled)) * count) >> 64);
    while (at < count && is_before(entries[at])) ++at;
    while (at > 0 && !is_before(entries[at - 1])) --at;
  } else {
    at = static_cast<std::uint64_t>(std::partition_point(entries, entries + count, is_before) -
                                    entries);
  }
  return at < count && entries[at].id == id ? first + at : no_index;
}

}  // namespace holdfast::repository
