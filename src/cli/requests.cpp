// Parsing of what commands take as values.
#include "requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

Error unusable(std::string message, std::string hint) {
  return Error(ErrorCode::invalid_argument, std::move(message)).with_hint(std::move(hint));
}

bool climbs(const std::filesystem::path& path) {
  return std::find(path.begin(), path.end(), "..") != path.end();
}

Result<std::filesystem::path> resolved(const std::filesystem::path& path) {
  std::error_code error;
  // The last component itself may be a symbolic link that is meant.
  const auto last = path.filename();
  const bool whole = last == ".." || last == "." || last.empty();
  auto found = std::filesystem::canonical(whole ? path : path.parent_path(), error);
  if (error) return Error::from_errno(error.value(), path.string());
  return whole ? found : found / last;
}

}  // namespace

Result<std::string> parse_path(const std::string& word) {
  if (word.empty() || (word[0] != '/' && word[0] != '.')) {
    return unusable(
        fmt::format("'{}' is no path: a path begins with / or ., and components of a strategy "
                    "stand by themselves",
                    word),
        fmt::format("for the file or directory of this name write ./{}", word));
  }
  std::error_code error;
  std::filesystem::path path(word);
  if (path.is_relative()) {
    const auto here = std::filesystem::current_path(error);
    if (error) return Error::from_errno(error.value(), "the current directory");
    path = here / path;
  }
  if (climbs(path)) path = TRY(resolved(path));
  auto text = path.lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

Result<std::pair<std::string, std::string>> parse_tag(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return unusable(fmt::format("'{}' is not KEY=VALUE", text), "write a label like role=web");
  }
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

Result<repository::Tags> parse_tags(const std::vector<std::string>& texts) {
  repository::Tags tags;
  for (const auto& text : texts) tags.push_back(TRY(parse_tag(text)));
  std::sort(tags.begin(), tags.end());
  const auto twice = std::adjacent_find(
      tags.begin(), tags.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice == tags.end()) return tags;
  return unusable(fmt::format("label '{}' is given twice", twice->first), "a label has one value");
}

Result<int> parse_number(std::string_view option, std::string_view text, int least, int most) {
  int value = 0;
  const auto* const end = text.data() + text.size();
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): from_chars gets the end
  const auto [at, problem] = std::from_chars(text.data(), end, value);
  if (problem == std::errc() && at == end && value >= least && value <= most) return value;
  return unusable(fmt::format("--{}: '{}' is no number from {} to {}", option, text, least, most),
                  fmt::format("give a whole number from {} to {}", least, most));
}

Result<SnapshotPath> parse_snapshot_path(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return SnapshotPath{.snapshot = text};
  SnapshotPath found{.snapshot = text.substr(0, colon), .path = text.substr(colon + 1)};
  if (found.snapshot.empty() || !found.path.starts_with('/')) {
    return unusable(fmt::format("'{}' is not SNAPSHOT:PATH", text),
                    "write the path from the root, like latest:/etc/ssh");
  }
  return found;
}

}  // namespace holdfast::cli
