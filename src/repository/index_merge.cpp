// The merge and the writer of runs. Entries are gone through twice, first for the directory, which
// comes before them in the file: cheaper than a heap that grows with the index or a passing file
// that another process could sweep away.
#include "index_merge.hpp"

#include <algorithm>
#include <cstring>

#include "codec/crc32c.hpp"

namespace holdfast::repository {

using base::Byte;
using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t check_block_entries = 4096;
constexpr std::size_t write_buffer_size = 64 * 1024;

template <typename Record>
ByteView view_of(const Record& record) {
  return {reinterpret_cast<const Byte*>(&record), sizeof record};
}

// Appends records to a file and sums them up.
class Output {
 public:
  explicit Output(io::FileWriter& file) : file_(file) { buffer_.reserve(write_buffer_size); }

  Result<void> append(ByteView bytes) {
    if (buffer_.size() + bytes.size() > write_buffer_size) TRY(flush());
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return {};
  }
  Result<void> flush() {
    crc_ = codec::crc32c(buffer_, crc_);
    size_ += buffer_.size();
    TRY(file_.append(buffer_));
    buffer_.clear();
    return {};
  }
  // CRC-32C since the last call.
  Result<std::uint32_t> take_crc() {
    TRY(flush());
    return std::exchange(crc_, 0);
  }
  [[nodiscard]] std::uint64_t size() const { return size_ + buffer_.size(); }

 private:
  io::FileWriter& file_;
  Bytes buffer_;
  std::uint32_t crc_ = 0;
  std::uint64_t size_ = 0;
};

Result<void> write_segments(Output& out, RunFooter& footer,
                            std::span<const MergedSegment> segments) {
  std::array<Byte, run_start_size> start{};
  std::memcpy(start.data(), run_start_magic.data(), run_start_magic.size());
  TRY(out.append(start));
  for (const auto& segment : segments) {
    const SegmentRecord record{
        .name = segment.name,
        .entries = segment.entries,
        .superseded_begin = static_cast<std::uint32_t>(footer.superseded),
        .superseded_count = static_cast<std::uint32_t>(segment.superseded.size()),
        .state = segment.state};
    footer.superseded += segment.superseded.size();
    ++footer.segments;
    TRY(out.append(view_of(record)));
  }
  for (const auto& segment : segments) {
    for (const auto& name : segment.superseded) TRY(out.append(name));
  }
  return {};
}

// Merges the packs by name. `maps`: of each source, where its packs are in the new run.
Result<void> write_packs(Output& out, RunFooter& footer, std::span<const MergeSource> sources,
                         std::vector<std::vector<std::uint32_t>>& maps) {
  std::vector<std::size_t> at(sources.size(), 0);
  const auto number_at = [&](std::uint32_t source) {
    const auto& order = sources[source].packs_by_name;
    return order.empty() ? static_cast<std::uint32_t>(at[source]) : order[at[source]];
  };
  // The next pack of a source that isn't dropped, nullptr at its end.
  const auto next = [&](std::uint32_t source) -> const Byte* {
    const auto& from = sources[source];
    for (; at[source] < from.packs.size(); ++at[source]) {
      const auto& pack = from.packs[number_at(source)];
      if (from.segment_map[pack.segment] != no_number) return pack.name.data();
    }
    return nullptr;
  };
  IdMerge merge;
  for (std::uint32_t i = 0; i < sources.size(); ++i) {
    maps.emplace_back(sources[i].packs.size(), no_number);
    if (const auto* name = next(i)) merge.add(name, i);
  }
  for (; !merge.empty(); ++footer.packs) {
    const auto source = merge.top().source;
    const auto number = number_at(source);
    auto pack = sources[source].packs[number];
    pack.segment = sources[source].segment_map[pack.segment];
    maps[source][number] = static_cast<std::uint32_t>(footer.packs);
    TRY(out.append(view_of(pack)));
    ++at[source];
    merge.advance(next(source));
  }
  const std::array<Byte, 64> zeros{};
  return out.append(ByteView(zeros).first((64 - out.size() % 64) % 64));
}

// Makes the lines one after the other from ascending ids.
class DirectoryWriter {
 public:
  DirectoryWriter(Output& out, std::uint64_t lines) : out_(out), lines_(lines) {}

  Result<void> add(const ChunkId& id) {
    const auto prefix = prefix_of(id.data());
    const auto wanted =
        static_cast<std::uint64_t>((static_cast<WideNumber>(prefix) * lines_) >> 64);
    while (current_ < wanted) TRY(close_line());
    std::uint64_t hash;
    std::memcpy(&hash, id.data() + sizeof prefix, sizeof hash);
    for (unsigned word = 0; word < 7; ++word) {
      line_.bits[word] |= std::uint64_t{1} << ((hash >> (6 * word)) & 63);
    }
    ++entries_;
    return {};
  }

  Result<void> finish() {
    while (current_ < lines_) TRY(close_line());
    return {};
  }
  [[nodiscard]] std::uint64_t entries() const { return entries_; }

 private:
  Result<void> close_line() {
    const auto count = std::min(entries_ - first_, DirectoryLine::count_max);
    line_.place = first_ | (count << DirectoryLine::first_bits);
    TRY(out_.append(view_of(line_)));
    line_ = {};
    first_ = entries_;
    ++current_;
    return {};
  }
  Output& out_;
  std::uint64_t lines_;
  std::uint64_t current_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t entries_ = 0;
  DirectoryLine line_;
};

}  // namespace

bool IdMerge::is_before(const Head& a, const Head& b) {
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  const int order = std::memcmp(a.id, b.id, sizeof(ChunkId));
  return order != 0 ? order < 0 : a.source < b.source;
}

void IdMerge::add(const Byte* id, std::uint32_t source) {
  heads_.push_back({prefix_of(id), id, source});
  for (auto at = heads_.size() - 1; at > 0;) {
    const auto parent = (at - 1) / 2;
    if (!is_before(heads_[at], heads_[parent])) break;
    std::swap(heads_[at], heads_[parent]);
    at = parent;
  }
}

void IdMerge::advance(const Byte* id) {
  if (id == nullptr) {
    heads_.front() = heads_.back();
    heads_.pop_back();
  } else {
    heads_.front() = {prefix_of(id), id, heads_.front().source};
  }
  sink();
}

void IdMerge::sink() {
  for (std::size_t at = 0;;) {
    auto child = 2 * at + 1;
    if (child >= heads_.size()) return;
    if (child + 1 < heads_.size() && is_before(heads_[child + 1], heads_[child])) ++child;
    if (!is_before(heads_[child], heads_[at])) return;
    std::swap(heads_[child], heads_[at]);
    at = child;
  }
}

Error EntryStream::damaged() {
  source_.is_damaged = true;
  return Error(ErrorCode::damaged, "a file of the local index is damaged")
      .with_hint("run it again: the index is rebuilt from the repository");
}

void EntryStream::check_ahead() {
  if (!source_.entries_crc) return;
  const auto count = std::min(check_block_entries, source_.entries.size() - checked_);
  const auto block = source_.entries.subspan(checked_, count);
  crc_ = codec::crc32c({reinterpret_cast<const Byte*>(block.data()), block.size_bytes()}, crc_);
  checked_ += count;
}

Result<void> EntryStream::settle() {
  for (;; ++at_) {
    if (source_.entries_crc && at_ == checked_) {
      check_ahead();
      if (at_ == source_.entries.size() && crc_ != *source_.entries_crc) return damaged();
    }
    if (at_ == source_.entries.size()) return {};
    const auto& entry = source_.entries[at_];
    if (entry.pack >= source_.packs.size() || (at_ > 0 && entry.id < source_.entries[at_ - 1].id)) {
      return damaged();
    }
    if (source_.segment_map[source_.packs[entry.pack].segment] != no_number) return {};
  }
}

Result<void> write_run(io::FileSystem& files, const std::string& path,
                       std::span<const MergedSegment> segments, std::span<MergeSource> sources) {
  auto file = TRY(files.create(path));
  Output out(*file);
  RunFooter footer;
  footer.magic = run_footer_magic;
  TRY(write_segments(out, footer, segments));
  std::vector<std::vector<std::uint32_t>> maps;
  TRY(write_packs(out, footer, sources, maps));
  footer.tables_crc = TRY(out.take_crc());

  std::uint64_t expected = 0;
  for (const auto& segment : segments) expected += segment.entries;
  footer.lines = (expected + entries_per_line - 1) / entries_per_line;
  DirectoryWriter directory(out, std::max<std::uint64_t>(footer.lines, 1));
  TRY(merge_entries(sources, [&](std::uint32_t, const ChunkPlace& place, const PackRecord&) {
    return directory.add(place.id);
  }));
  footer.lines = std::max<std::uint64_t>(footer.lines, 1);
  footer.entries = directory.entries();
  if (footer.entries > DirectoryLine::first_mask) {
    return Error(ErrorCode::unsupported, "the local index has too many entries");
  }
  TRY(directory.finish());
  footer.lines_crc = TRY(out.take_crc());

  TRY(merge_entries(sources, [&](std::uint32_t source, ChunkPlace place, const PackRecord&) {
    place.pack = maps[source][place.pack];
    return out.append(view_of(place));
  }));
  footer.entries_crc = TRY(out.take_crc());
  footer.footer_crc = codec::crc32c(view_of(footer).first(offsetof(RunFooter, footer_crc)));
  TRY(out.append(view_of(footer)));
  TRY(out.flush());
  // A small one that a power cut tore is noticed when it is opened.
  return file->commit(out.size() <= checked_whole_max ? io::FileWriter::Durable::no
                                                      : io::FileWriter::Durable::yes);
}

}  // namespace holdfast::repository
