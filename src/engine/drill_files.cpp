// Counting on the disk and in the snapshot.
#include "drill_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/units.hpp"
#include "engine/place.hpp"
#include "engine/source_paths.hpp"
#include "file_type.hpp"
#include "folder_tree.hpp"
#include "repository/path_key.hpp"
#include "repository/repository_reader.hpp"
#include "repository/tree_cursor.hpp"
#include "soundness.hpp"
#include "source/files/gitignore.hpp"
#include "source/files/posix_attributes.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

struct Tally {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  // a file with several names counts once
  bool operator==(const Tally&) const = default;
};

std::string told(const Tally& tally) {
  return fmt::format("{} files with {} bytes", tally.files, tally.bytes);
}

// Whether files match, by their paths from / without the first slash.
class Matcher {
 public:
  Matcher(const strategy::Strategy& strategy, const strategy::Component& component,
          const std::string& pattern)
      : pattern_(pattern) {
    for (const auto& path : source_paths(strategy, component)) roots_.push_back(path.substr(1));
  }
  [[nodiscard]] bool matches(std::string_view path) const {
    return pattern_.matches(
        {.path = path, .kind = source::PathKind::other, .inner = inner_of(path)});
  }

 private:
  // Where the path goes on below the component's own; of a path that is one itself, its name.
  [[nodiscard]] std::size_t inner_of(std::string_view path) const {
    for (const auto& root : roots_) {
      if (!path.starts_with(root)) continue;
      if (path.size() == root.size()) return path.rfind('/') + 1;  // npos + 1 is 0
      if (root.empty()) return 0;
      if (path[root.size()] == '/') return root.size() + 1;
    }
    return 0;
  }
  source::GitignorePattern pattern_;
  std::vector<std::string> roots_;
};

// What matches on the disk, with a sample of it.
struct Found {
  Tally tally;
  std::vector<std::string> sample;
};

Result<Found> count_restored(const RestoredFolder& restored, const Matcher& matcher,
                             std::uint64_t sample, base::Random& random,
                             const std::stop_token& stop) {
  Found found;
  std::set<std::pair<dev_t, ino_t>> linked;
  const auto visit = [&](const std::string& path, const struct stat& status) -> Result<void> {
    if (!matcher.matches(path)) return {};
    ++found.tally.files;
    const bool is_known =
        status.st_nlink > 1 && !linked.insert({status.st_dev, status.st_ino}).second;
    if (!is_known) found.tally.bytes += static_cast<std::uint64_t>(status.st_size);
    // Every file is in the sample with the same chance (reservoir sampling, Vitter's algorithm R).
    if (found.sample.size() < sample) {
      found.sample.push_back(path);
    } else if (sample > 0) {
      const auto place = random.below(found.tally.files);
      if (place < sample) found.sample[place] = path;
    }
    return {};
  };
  TRY(each_file(restored.folder, visit, stop));
  return found;
}

Result<std::uint64_t> size_at(repository::NodeSource& nodes, const repository::TreeRoot& root,
                              base::ByteView key) {
  repository::TreeCursor cursor(nodes, root);
  TRY(cursor.seek(key));
  const auto* entry = TRY(cursor.peek());
  return entry == nullptr ? 0 : entry->size;
}

// The same of what was captured.
Result<Tally> count_captured(const Workplace& workplace, const RestoredFolder& restored,
                             const Matcher& matcher, const std::stop_token& stop) {
  const auto* location = workplace.strategy.location(restored.location);
  if (location == nullptr) return Error(ErrorCode::not_found, "there is no such location");
  const auto place = TRY(open_place(workplace, *location));
  auto& repository = place->repository();
  const auto list = TRY(repository::list_snapshots(repository));
  const auto snapshot = TRY(repository::choose_snapshot(list, restored.snapshot));
  TRY_CONTEXT(check_soundness(repository, snapshot, stop), "the snapshot");
  const auto reader =
      TRY(repository::RepositoryReader::open(repository, repository::Following::prunes));
  Tally tally;
  std::set<base::Bytes> linked;
  repository::TreeCursor cursor(*reader, snapshot.summary.root);
  while (const auto entry = TRY(cursor.next())) {
    if (stop.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
    const bool is_link = entry->kind == repository::EntryKind::hard_link;
    if (!is_link && entry->kind != repository::EntryKind::file) continue;
    const auto path = TRY(repository::path_of_key(entry->key)).substr(1);
    if (!matcher.matches(path)) continue;
    ++tally.files;
    if (!is_link) {
      tally.bytes += entry->size;
      continue;
    }
    const auto attributes = TRY(source::decode_attributes(entry->attributes));
    if (!attributes.hard_link_key) continue;
    const auto& key = *attributes.hard_link_key;
    const auto first = TRY(repository::path_of_key(key)).substr(1);
    if (matcher.matches(first) || !linked.insert(key).second) continue;
    tally.bytes += TRY(size_at(*reader, snapshot.summary.root, key));
  }
  return tally;
}

// What is wrong with the number; empty if nothing is.
std::string wrong_count(const strategy::Expectation& expected, std::uint64_t files) {
  const auto count = static_cast<std::int64_t>(files);
  if (expected.at_least && count < *expected.at_least) {
    return fmt::format("at least {} were expected", *expected.at_least);
  }
  if (expected.at_most && count > *expected.at_most) {
    return fmt::format("at most {} were expected", *expected.at_most);
  }
  if (!expected.equals.empty()) {
    std::int64_t wanted = 0;
    const auto& text = expected.equals;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), wanted);
    if (error != std::errc() || end != text.data() + text.size() || wanted != count) {
      return text + " were expected";
    }
  }
  const bool is_bounded = expected.at_least || expected.at_most || !expected.equals.empty();
  if (!is_bounded && !expected.same_as_source && count == 0) return "none matches";
  return {};
}

Result<FilesFound> check_types(const RestoredFolder& restored,
                               const strategy::Expectation& expected,
                               const std::vector<std::string>& sample) {
  auto types = TRY(FileTypes::open());
  for (const auto& path : sample) {
    const auto type = TRY(types.type_of(restored.folder + "/" + path));
    if (type == expected.type) continue;
    return FilesFound{.outcome = DrillOutcome::failed,
                      .message = fmt::format("/{} is {} instead of {}", base::printable(path), type,
                                             expected.type)};
  }
  return FilesFound{.outcome = DrillOutcome::passed,
                    .message = fmt::format("{} looked into", sample.size())};
}

}  // namespace

Result<FilesFound> check_files(const Workplace& workplace, const RestoredFolder& restored,
                               const strategy::Expectation& expected, const std::stop_token& stop) {
  constexpr std::uint64_t sample_max = 100'000;
  const Matcher matcher(workplace.strategy, *restored.component, expected.text);
  const auto wanted = expected.type.empty()  ? 0
                      : expected.sample == 0 ? sample_max
                                             : expected.sample;
  const auto found =
      TRY(count_restored(restored, matcher, std::min(wanted, sample_max), workplace.random, stop));
  FilesFound result{.outcome = DrillOutcome::passed, .message = told(found.tally)};
  const auto fail = [&](const std::string& why) {
    result.outcome = DrillOutcome::failed;
    result.message += ": " + why;
  };
  if (const auto wrong = wrong_count(expected, found.tally.files); !wrong.empty()) {
    fail(wrong);
    return result;
  }
  if (expected.same_as_source) {
    const auto captured = count_captured(workplace, restored, matcher, stop);
    if (!captured.ok() && captured.error().code() != ErrorCode::damaged) return captured.error();
    if (!captured.ok()) {
      fail(captured.error().to_string());
      return result;
    }
    if (captured.value() != found.tally) {
      fail(told(captured.value()) + " were captured");
      return result;
    }
  }
  if (expected.type.empty()) return result;
  if (expected.sample == 0 && found.tally.files > sample_max) {
    return Error(ErrorCode::unsupported, fmt::format("{} files match; at most {} are looked into",
                                                     found.tally.files, sample_max))
        .with_hint("give a sample");
  }
  const auto types = TRY(check_types(restored, expected, found.sample));
  result.outcome = types.outcome;
  result.message += "; " + types.message;
  return result;
}

}  // namespace holdfast::engine
