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
    const auto head = TRY(repository::read_log_head(repository, piece));
    forks.push_back({.lineage = head.lineage, .parent = head.parent, .at = head.fork});
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

Result<base::Time> time_of_end(const repository::Repository& repository,
                               const repository::LogMap& map, const LogRange& last) {
  const auto* piece = map.last_before(last.lineage, last.end);
  if (piece == nullptr || piece->end != last.end) return base::Time{};
  const auto head = TRY(repository::read_log_head(repository, *piece));
  return head.marks.empty() ? base::Time{} : head.marks.back().at;
}

}  // namespace

Result<LogWindow> log_window(const repository::Repository& repository,
                             std::vector<repository::LogPiece> pieces, const LogBase& base) {
  LogWindow made;
  made.map = repository::LogMap(std::move(pieces));
  const auto forks = TRY(forks_of(repository, made.map));
  LogRange range{.lineage = base.lineage, .start = base.end, .end = base.end};
  while (true) {
    range.end = made.map.reach(range.lineage, range.start);
    const auto* fork = next_fork(forks, range);
    if (fork != nullptr) range.end = fork->at;
    if (range.end > range.start) made.ranges.push_back(range);
    if (fork == nullptr) break;
    range = {.lineage = fork->lineage, .start = fork->at, .end = fork->at};
  }
  // Nothing may have been written since the base, and that is known.
  const auto last = made.ranges.empty() ? range : made.ranges.back();
  const auto at = TRY(time_of_end(repository, made.map, last));
  if (!made.ranges.empty() || (last.end == base.end && at.nanoseconds > 0)) {
    made.end = LogPosition{.lineage = last.lineage, .position = last.end, .at = at};
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
