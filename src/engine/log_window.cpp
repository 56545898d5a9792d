// From a base along the lineages.
#include "engine/log_window.hpp"

#include <algorithm>

#include "engine/component_snapshots.hpp"

namespace holdfast::engine {

using base::Result;
using repository::LogRange;

Result<std::optional<LogBase>> log_base(const repository::Repository& repository,
                                        const repository::SnapshotRecord& snapshot) {
  const auto detail = TRY(repository::read_detail(repository, snapshot.id));
  LogBase made;
  bool has_end = false;
  for (const auto& [name, value] : detail.statistics) {
    if (name == "system") made.source = std::to_string(value);
    if (name == "timeline") made.lineage = static_cast<std::uint32_t>(value);
    if (name == "start_lsn") made.start = value;
    if (name == "end_lsn") {
      made.end = value;
      has_end = true;
    }
  }
  if (!has_end || made.source.empty()) return std::optional<LogBase>();
  return std::optional(std::move(made));
}

namespace {

struct Fork {
  std::uint32_t lineage = 0;
  std::uint32_t parent = 0;
  std::uint64_t at = 0;
};

Result<std::vector<Fork>> forks_of(const repository::Repository& repository,
                                   const repository::LogMap& map) {
  std::vector<Fork> forks;
  for (const auto& piece : map.lineages()) {
    const auto head = repository::read_log_head(repository, piece);
    if (!head.ok() && repository::is_no_piece(head.error())) continue;
    TRY(head);
    forks.push_back(
        {.lineage = head.value().lineage, .parent = head.value().parent, .at = head.value().fork});
  }
  return forks;
}

// The highest lineage that leaves `range` within what is covered of it.
const Fork* next_fork(const std::vector<Fork>& forks, const LogRange& range) {
  const Fork* found = nullptr;
  for (const auto& fork : forks) {
    const bool is_within =
        fork.parent == range.lineage && fork.at >= range.start && fork.at <= range.end;
    if (is_within && (found == nullptr || fork.lineage > found->lineage)) found = &fork;
  }
  return found;
}

// What follows a base, by the map as it is.
std::vector<LogRange> path_of(const repository::LogMap& map, const std::vector<Fork>& forks,
                              const LogBase& base, LogRange& last) {
  std::vector<LogRange> ranges;
  last = {.lineage = base.lineage, .start = base.end, .end = base.end};
  while (true) {
    last.end = map.reach(last.lineage, last.start);
    const auto* fork = next_fork(forks, last);
    if (fork != nullptr) last.end = fork->at;
    if (last.end > last.start) ranges.push_back(last);
    if (fork == nullptr) return ranges;
    last = {.lineage = fork->lineage, .start = fork->at, .end = fork->at};
  }
}

}  // namespace

Result<LogWindow> log_window(const repository::Repository& repository,
                             std::vector<repository::LogPiece> pieces, const LogBase& base) {
  LogWindow made;
  made.map = repository::LogMap(std::move(pieces));
  const auto forks = TRY(forks_of(repository, made.map));
  while (true) {
    LogRange last;
    made.ranges = path_of(made.map, forks, base, last);
    if (!made.ranges.empty()) last = made.ranges.back();
    const auto head = TRY(repository::last_head(repository, made.map, last.lineage, last.end));
    LogRange again;
    // A piece that was none has gone from the map: the path may be shorter now.
    if (path_of(made.map, forks, base, again) != made.ranges) continue;
    const bool is_end = head && head->end == last.end && !head->marks.empty();
    const auto at = is_end ? head->marks.back().at : base::Time{};
    // Nothing may have been written since the base, and that is known.
    if (!made.ranges.empty() || is_end) {
      made.end = LogPosition{.lineage = last.lineage, .position = last.end, .at = at};
    }
    break;
  }
  return made;
}

Result<LogStanding> log_standing(const repository::Repository& repository,
                                 const repository::SnapshotList& list,
                                 const strategy::Component& component) {
  LogStanding standing;
  const auto snapshots = snapshots_of(list, component);
  for (auto at = snapshots.rbegin(); at != snapshots.rend(); ++at) {
    const auto base = TRY(log_base(repository, **at));
    if (!base) continue;
    auto pieces = TRY(repository::list_log(repository, log_stream(component, base->source)));
    const auto window = TRY(log_window(repository, std::move(pieces), *base));
    standing.end = window.end;
    const auto newest = window.map.newest();
    const auto lineage = window.end ? window.end->lineage : base->lineage;
    const auto position = window.end ? window.end->position : base->end;
    const bool has_more = newest && (newest->lineage > lineage ||
                                     (newest->lineage == lineage && newest->end > position));
    if (has_more) standing.beyond = LogStanding::Beyond::unreachable;
    return standing;
  }
  return standing;
}

}  // namespace holdfast::engine
