// The manifest is JSON that the server writes a record a line, in all versions so far; a manifest
// of another shape is refused.
#include "backup_manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;
using nlohmann::json;

namespace {

constexpr std::size_t line_size_max = 64 * 1024;
constexpr std::uint64_t segments_max = 1'000'000;

std::uint64_t hash_of(std::string_view path) { return std::hash<std::string_view>()(path); }

Error malformed(const char* what) {
  return {ErrorCode::damaged, fmt::format("the backup manifest {}", what)};
}

// A record of the manifest: an object on a line, perhaps with a comma.
Result<json> record_of(std::string_view line) {
  if (line.ends_with(',')) line.remove_suffix(1);
  auto record = json::parse(line.begin(), line.end(), nullptr, false);
  if (!record.is_object()) return malformed("has a line that can't be read");
  return record;
}

Result<std::string> text_in(const json& record, const char* key) {
  const auto found = record.find(key);
  if (found == record.end() || !found->is_string()) return malformed("lacks a text");
  return found->get<std::string>();
}

Result<std::uint64_t> number_in(const json& record, const char* key) {
  const auto found = record.find(key);
  if (found == record.end() || !found->is_number_unsigned()) return malformed("lacks a number");
  return found->get<std::uint64_t>();
}

// "Path", or, of names that aren't UTF-8, "Encoded-Path" in hexadecimal.
Result<std::string> path_in(const json& record) {
  if (!record.contains("Encoded-Path")) return text_in(record, "Path");
  const auto bytes = TRY(base::from_hex(TRY(text_in(record, "Encoded-Path"))));
  return std::string(base::as_text(bytes));
}

}  // namespace

void ArrivedFiles::add(std::string_view path, std::uint64_t size, std::uint32_t crc) {
  files_.push_back({.path_hash = hash_of(path), .size = size, .crc = crc, .is_taken = false});
  is_sorted_ = false;
}

ArrivedFiles::Verdict ArrivedFiles::take(std::string_view path, std::uint64_t size,
                                         std::uint32_t crc) {
  const auto by_hash = [](const File& a, const File& b) { return a.path_hash < b.path_hash; };
  if (!is_sorted_) std::sort(files_.begin(), files_.end(), by_hash);
  is_sorted_ = true;
  const File wanted{.path_hash = hash_of(path), .size = size, .crc = crc, .is_taken = false};
  const auto [begin, end] = std::equal_range(files_.begin(), files_.end(), wanted, by_hash);
  const auto found = std::find_if(begin, end, [](const File& each) { return !each.is_taken; });
  if (found == end) return Verdict::missing;
  found->is_taken = true;
  ++taken_;
  if (found->size != size) return Verdict::wrong_size;
  return found->crc == crc ? Verdict::right : Verdict::wrong_checksum;
}

Result<void> ManifestCheck::feed(base::ByteView bytes) {
  auto text = base::as_text(bytes);
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto taken = end == std::string_view::npos ? text.size() : end + 1;
    if (line_.size() + taken > line_size_max) return malformed("has a line that is too long");
    line_ += text.substr(0, taken);
    text.remove_prefix(taken);
    if (end == std::string_view::npos) return {};
    TRY(take_line(line_));
    line_.clear();
  }
  return {};
}

Result<void> ManifestCheck::take_line(std::string_view line) {
  if (part_ == Part::end) return malformed("goes on after its end");
  if (line.starts_with("\"Manifest-Checksum\"")) return take_checksum(line);
  hash_.update(base::as_bytes(line));
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("\"Files\"")) {
    part_ = Part::files;
  } else if (line.starts_with("\"WAL-Ranges\"")) {
    part_ = Part::ranges;
  } else if (part_ == Part::head) {
    return {};  // version, system identifier
  } else if (line.starts_with('{')) {
    return part_ == Part::files ? take_file(line) : take_range(line);
  } else if (line != "]," && line != "]") {
    return malformed("has a line that can't be read");
  }
  return {};
}

Result<void> ManifestCheck::take_file(std::string_view line) {
  const auto record = TRY(record_of(line));
  const auto path = TRY(path_in(record));
  const auto size = TRY(number_in(record, "Size"));
  if (TRY(text_in(record, "Checksum-Algorithm")) != "CRC32C") {
    return malformed("has another checksum than was asked for");
  }
  const auto bytes = TRY(base::from_hex(TRY(text_in(record, "Checksum"))));
  if (bytes.size() != 4) return malformed("has a checksum of a wrong length");
  const auto crc = TRY(base::ByteReader(bytes).u32());
  const auto wrong = [&path](const char* what) {
    return Error(ErrorCode::damaged,
                 fmt::format("{} {} the backup manifest", base::printable(path), what))
        .with_hint("the backup was damaged on its way; run it again");
  };
  switch (files_.take(path, size, crc)) {
    case ArrivedFiles::Verdict::right: return {};
    case ArrivedFiles::Verdict::missing: return wrong("did not come, and is in");
    case ArrivedFiles::Verdict::wrong_size: return wrong("has another size than in");
    case ArrivedFiles::Verdict::wrong_checksum: return wrong("has another checksum than in");
  }
  return {};
}

Result<void> ManifestCheck::take_range(std::string_view line) {
  const auto record = TRY(record_of(line));
  WalRange range;
  range.timeline = static_cast<std::uint32_t>(TRY(number_in(record, "Timeline")));
  range.start = TRY(wire::parse_lsn(TRY(text_in(record, "Start-LSN"))));
  range.end = TRY(wire::parse_lsn(TRY(text_in(record, "End-LSN"))));
  if (range.end < range.start) return malformed("has WAL that ends before it begins");
  ranges_.push_back(range);
  return {};
}

Result<void> ManifestCheck::take_checksum(std::string_view line) {
  constexpr std::string_view end = "}\n";
  if (!line.ends_with(end)) return malformed("does not end as it should");
  line.remove_suffix(end.size());
  const auto record = TRY(record_of("{" + std::string(line) + "}"));
  if (TRY(text_in(record, "Manifest-Checksum")) != base::to_hex(hash_.finish())) {
    return malformed("has a wrong checksum");
  }
  part_ = Part::end;
  return {};
}

Result<void> ManifestCheck::finish() {
  if (!line_.empty()) TRY(take_line(std::exchange(line_, {})));
  if (part_ != Part::end) return malformed("is cut short");
  if (ranges_.empty()) return malformed("says nothing of the WAL");
  if (files_.left_over() > 0) {
    return Error(
        ErrorCode::damaged,
        fmt::format("{} files came that the backup manifest doesn't have", files_.left_over()));
  }
  return {};
}

std::vector<std::string> missing_segments(const std::vector<WalRange>& ranges,
                                          const std::set<std::string>& present,
                                          std::uint64_t segment_size) {
  std::vector<std::string> missing;
  for (const auto& range : ranges) {
    // At least the segment of the start, where the checkpoint's record is.
    const auto first = range.start / segment_size;
    const auto last = std::max(range.start, range.end - std::min<wire::Lsn>(range.end, 1));
    const auto count = std::min(last / segment_size - first + 1, segments_max);
    for (std::uint64_t i = 0; i < count; ++i) {
      auto name = wire::wal_segment_name(range.timeline, (first + i) * segment_size, segment_size);
      if (!present.contains(name)) missing.push_back(std::move(name));
    }
  }
  return missing;
}

}  // namespace holdfast::source
