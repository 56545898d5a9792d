// The table, and what its checks have in common: walking the tree and counting.
#include "soundness.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "repository/repository_reader.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
using repository::EntryKind;

namespace {

struct Check {
  std::string_view kind;
  SoundnessCheck check;
};

// A new kind's line comes here.
constexpr std::array checks{Check{"files", &check_counts}, Check{"command", &check_counts},
                            Check{"git", &check_git}};

struct Counts {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t others = 0;
  std::uint64_t bytes = 0;
};

Result<Counts> count_tree(const SoundnessSubject& subject) {
  Counts counts;
  repository::TreeCursor cursor(subject.reader, subject.snapshot.summary.root);
  while (const auto entry = TRY(cursor.next())) {
    if (subject.stop.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
    counts.bytes += entry->size;
    switch (entry->kind) {
      case EntryKind::file:
      case EntryKind::hard_link:
      case EntryKind::object: ++counts.files; break;
      case EntryKind::directory: ++counts.directories; break;
      default: ++counts.others;
    }
  }
  return counts;
}

std::optional<std::uint64_t> statistic(const repository::SnapshotDetail& detail,
                                       std::string_view name) {
  for (const auto& [key, value] : detail.statistics) {
    if (key == name) return value;
  }
  return std::nullopt;
}

}  // namespace

Result<void> check_counts(const SoundnessSubject& subject) {
  const auto counts = TRY(count_tree(subject));
  struct Compared {
    std::string_view name;
    std::uint64_t found;
  };
  // What the source didn't count isn't compared; entries and bytes in all are in the snapshot
  // itself, and were compared with its tree before.
  for (const auto& each :
       {Compared{"files", counts.files}, Compared{"directories", counts.directories},
        Compared{"others", counts.others}, Compared{"bytes", counts.bytes}}) {
    const auto captured = statistic(subject.detail, each.name);
    if (!captured || *captured == each.found) continue;
    return Error(ErrorCode::damaged,
                 fmt::format("holds {} {}; {} were captured", each.found, each.name, *captured));
  }
  return {};
}

SoundnessCheck soundness_check_of(std::string_view kind) noexcept {
  for (const auto& each : checks) {
    if (each.kind == kind) return each.check;
  }
  return nullptr;
}

Result<void> check_soundness(repository::Repository& repository,
                             const repository::SnapshotRecord& snapshot,
                             const std::stop_token& stop) {
  const auto& kind = snapshot.summary.source;
  const auto check = soundness_check_of(kind);
  if (check == nullptr) {
    return Error(
               ErrorCode::unsupported,
               fmt::format("nothing is known yet about what {} should hold", base::printable(kind)))
        .with_hint("a newer version may know it");
  }
  const auto detail = TRY(repository::read_detail(repository, snapshot.id));
  const auto reader =
      TRY(repository::RepositoryReader::open(repository, repository::Following::prunes));
  return check({.reader = *reader, .snapshot = snapshot, .detail = detail, .stop = stop});
}

}  // namespace holdfast::engine
