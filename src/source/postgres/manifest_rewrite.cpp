// Line by line, as the server writes it: a file a line, and the checksum of all before it in the
// last one.
#include "manifest_rewrite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "relation_path.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;
using nlohmann::json;

namespace {

constexpr std::size_t line_size_max = 64 * 1024;

std::uint64_t hash_of(std::string_view path) { return std::hash<std::string_view>()(path); }

std::string checksum_text(std::uint32_t crc) {
  base::Bytes bytes;
  base::ByteWriter(bytes).u32(crc);
  return base::to_hex(bytes);
}

std::string file_line(std::string_view path, const ReplacedFiles::File& file,
                      const std::string& modified) {
  auto line = fmt::format(R"({{ "Path": "{}", "Size": {})", path, file.size);
  if (!modified.empty()) line += R"(, "Last-Modified": )" + json(modified).dump();
  if (file.crc) {
    line += fmt::format(R"(, "Checksum-Algorithm": "CRC32C", "Checksum": "{}")",
                        checksum_text(*file.crc));
  }
  return line + " }";
}

}  // namespace

Result<void> ReplacedFiles::add(std::string_view path, const File& file) {
  if (files_.emplace(hash_of(path), file).second) return {};
  return Error(ErrorCode::conflict, "a file came twice: " + base::printable(path));
}

const ReplacedFiles::File* ReplacedFiles::find(std::string_view path) const {
  const auto found = files_.find(hash_of(path));
  return found == files_.end() ? nullptr : &found->second;
}

Result<void> ManifestRewrite::feed(base::ByteView bytes) {
  auto text = base::as_text(bytes);
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto taken = end == std::string_view::npos ? text.size() : end + 1;
    if (line_.size() + taken > line_size_max) {
      return Error(ErrorCode::damaged, "the backup manifest has a line that is too long");
    }
    line_ += text.substr(0, taken);
    text.remove_prefix(taken);
    if (end == std::string_view::npos) return {};
    TRY(take_line(std::exchange(line_, {})));
  }
  return {};
}

Result<void> ManifestRewrite::take_line(std::string_view line) {
  if (line.starts_with("\"Manifest-Checksum\"")) return {};  // comes anew
  const auto as_it_is = [&]() -> Result<void> {
    hash_.update(base::as_bytes(line));
    return emit_(line);
  };
  auto text = line;
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const bool goes_on = text.ends_with(',');
  if (goes_on) text.remove_suffix(1);
  if (!text.starts_with("{ \"Path\"")) return as_it_is();
  const auto record = json::parse(text.begin(), text.end(), nullptr, false);
  if (!record.is_object() || !record.contains("Path") || !record["Path"].is_string()) {
    return as_it_is();
  }
  const auto came = record["Path"].get<std::string>();
  const auto earlier = incremental_of(came);
  const auto& path = earlier.empty() ? came : earlier;
  const auto* file = files_.find(path);
  if (file == nullptr && earlier.empty()) return as_it_is();
  if (file == nullptr) {
    return Error(ErrorCode::damaged,
                 "the backup manifest has changed blocks that did not come: " + path);
  }
  const auto modified = record.find("Last-Modified");
  const bool has_time = modified != record.end() && modified->is_string();
  const auto made = file_line(path, *file, has_time ? modified->get<std::string>() : "") +
                    (goes_on ? ",\n" : "\n");
  hash_.update(base::as_bytes(made));
  return emit_(made);
}

Result<void> ManifestRewrite::finish() {
  if (!line_.empty()) TRY(take_line(std::exchange(line_, {})));
  return emit_(fmt::format("\"Manifest-Checksum\": \"{}\"}}\n", base::to_hex(hash_.finish())));
}

}  // namespace holdfast::source
