// Records on shelves.
#include "stub_locations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/check.hpp"

namespace holdfast::simulation {

using base::Time;
using strategy::Level;
using strategy::Sample;
using strategy::StoredSnapshot;

namespace {

// Some snapshots are damaged where they lie and never reach more.
bool is_rotten(std::uint64_t id) { return id % 97 == 13; }

}  // namespace

StubLocations::StubLocations(const strategy::Strategy& strategy, strategy::TimeZone zone,
                             const NaiveCalendar& calendar, Mutant mutant)
    : zone_(zone), mutant_(mutant) {
  for (const auto& location : strategy.locations) {
    if (location.kind == strategy::LocationKind::repository) places_[location.name] = {};
  }
  for (const auto& component : strategy.components) {
    for (const auto& [location, place] : places_) {
      const bool is_used =
          std::any_of(component.plans.begin(), component.plans.end(),
                      [&](const auto& plan) { return plan.destination(location) != nullptr; });
      if (!is_used) continue;
      auto& shelf = shelves_[{component.name, location}];
      shelf.component = &component;
      shelf.request.rules = strategy::rules_at(component, location);
      shelf.request.reasons = strategy::Reasons::untold;
      shelf.naive = std::make_unique<NaiveRetention>(component, location, calendar);
      for (const auto& plan : component.plans) {
        if (!plan.is_log() || !plan.enabled) continue;
        for (const auto& to : plan.to) {
          if (to.location == location) shelf.promise = to.keep.age;
        }
      }
    }
  }
}

bool StubLocations::is_up(const std::string& location) const { return places_.at(location).is_up; }

std::string StubLocations::name_of(std::uint64_t id) { return fmt::format("{:010}", id); }

std::uint64_t StubLocations::id_of(const StoredSnapshot& snapshot) {
  return std::strtoull(snapshot.id.c_str(), nullptr, 10);
}

const StoredSnapshot* StubLocations::find(const Shelf& shelf, std::uint64_t id) const {
  const auto name = name_of(id);
  // Most often it is a new one.
  const auto& all = shelf.request.snapshots;
  const auto found = std::find_if(all.rbegin(), all.rend(),
                                  [&](const StoredSnapshot& each) { return each.id == name; });
  return found != all.rend() ? &*found : nullptr;
}

bool StubLocations::holds(const Key& key, std::uint64_t id) const {
  return find(shelves_.at(key), id) != nullptr;
}

void StubLocations::store(const Key& key, const StubCapture& capture, Time now) {
  captures_.emplace(capture.id, capture);
  auto& shelf = shelves_.at(key);
  shelf.naive->store({.id = capture.id,
                      .plans = capture.plans,
                      .captured = capture.captured,
                      .finished = capture.finished,
                      .stored = now,
                      .tags = capture.tags,
                      .contents = capture.contents,
                      .event_id = capture.event_id});
  const auto is_base = [&](const std::vector<std::string>& plans) {
    return std::any_of(plans.begin(), plans.end(), [&](const std::string& plan) {
      return strategy::makes_bases(*shelf.component, *shelf.component->plan(plan));
    });
  };
  if (const auto* known = find(shelf, capture.id)) {
    auto& plans =
        shelf.request.snapshots[static_cast<std::size_t>(known - shelf.request.snapshots.data())]
            .plans;
    for (const auto& plan : capture.plans) {
      if (std::find(plans.begin(), plans.end(), plan) == plans.end()) plans.push_back(plan);
    }
    return;
  }
  StoredSnapshot made;
  made.id = name_of(capture.id);
  made.plans.assign(capture.plans.begin(), capture.plans.end());
  made.captured = capture.captured;
  made.finished = capture.finished;
  made.stored = now;
  made.is_base = is_base(made.plans);
  made.tags = capture.tags;
  made.contents.assign(capture.contents.begin(), capture.contents.end());
  made.event_id = capture.event_id;
  if (made.is_base && !shelf.first_base) shelf.first_base = now;
  shelf.request.snapshots.push_back(std::move(made));
}

std::optional<std::uint64_t> StubLocations::newest(const Key& key, const std::string& plan) const {
  const StoredSnapshot* newest = nullptr;
  const StoredSnapshot* second = nullptr;
  for (const auto& each : shelves_.at(key).request.snapshots) {
    const bool is_of_it =
        plan.empty() || std::find(each.plans.begin(), each.plans.end(), plan) != each.plans.end();
    if (!is_of_it || (newest != nullptr && each.captured < newest->captured)) continue;
    second = newest;
    newest = &each;
  }
  if (newest == nullptr) return std::nullopt;
  if (mutant_ == Mutant::copies_an_older_one && second != nullptr) return id_of(*second);
  return id_of(*newest);
}

std::optional<Time> StubLocations::newest_point(const Key& key) const {
  std::optional<Time> newest;
  for (const auto& each : shelves_.at(key).request.snapshots) {
    newest = std::max(newest.value_or(each.captured), each.captured);
  }
  return newest;
}

void StubLocations::prove(const Key& key, Level level, Sample::Kind of) {
  auto& shelf = shelves_.at(key);
  const auto newest_id = newest(key, {});
  const auto newest_name = newest_id ? name_of(*newest_id) : std::string();
  for (auto& each : shelf.request.snapshots) {
    if (of == Sample::Kind::newest && each.id != newest_name) continue;
    const auto id = id_of(each);
    const auto reached = is_rotten(id) ? std::min(level, Level::readable) : level;
    if (reached <= each.proved) continue;
    each.proved = reached;
    if (auto* naive = shelf.naive->find(id)) naive->proved = reached;
  }
}

void StubLocations::await(const Key& key, std::uint64_t id, const std::vector<std::string>& by,
                          int naively) {
  auto& shelf = shelves_.at(key);
  if (auto* naive = shelf.naive->find(id)) naive->awaited = naively;
  const auto name = name_of(id);
  for (auto& each : shelf.request.snapshots) {
    if (each.id == name) each.awaited_by = by;
  }
}

std::optional<std::string> StubLocations::expire(const Key& key, Time now,
                                                 const std::optional<std::string>& frozen,
                                                 NaiveRetention::Ice ice) {
  auto& shelf = shelves_.at(key);
  auto& request = shelf.request;
  request.now = now;
  request.frozen = frozen;
  while (request.happenings.size() < events_.size()) {
    const auto& event = events_[request.happenings.size()];
    request.happenings.push_back({.event = event.event, .at = event.at, .id = event.id});
  }
  const auto decision = strategy::decide_retention(request, zone_);
  std::vector<bool> kept;
  for (const auto& verdict : decision.verdicts) kept.push_back(verdict.is_kept());
  const auto forgetting = std::count(kept.begin(), kept.end(), false);
  if (forgetting > 0 && mutant_ == Mutant::keeps_one_too_few) {
    if (const auto one = std::find(kept.begin(), kept.end(), true); one != kept.end()) *one = false;
  }
  if (forgetting > 0 && mutant_ == Mutant::keeps_one_too_many) {
    *std::find(kept.begin(), kept.end(), false) = true;
  }
  std::size_t left = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (!kept[i]) continue;
    if (left != i) request.snapshots[left] = std::move(request.snapshots[i]);
    ++left;
  }
  forgotten_ += kept.size() - left;
  request.snapshots.resize(left);
  if (decision.log_from) {
    auto from = *decision.log_from;
    if (mutant_ == Mutant::prunes_log_too_early) from = from + base::hours(3);
    std::erase_if(shelf.log, [&](const Piece& piece) { return piece.dated < from; });
  }
  shelf.naive->expire(now, events_, ice);
  if (shelf.naive->snapshots().size() == left) return std::nullopt;
  return compare(key, shelf);
}

void StubLocations::write_log(const std::string& component, const strategy::Plan& plan, Time from,
                              Time to, base::Duration skew) {
  for (const auto& destination : plan.to) {
    const auto found = shelves_.find({component, destination.location});
    if (found == shelves_.end()) continue;
    auto& shelf = found->second;
    shelf.spool.push_back({from, to, std::max(to, to + skew)});
    if (!is_up(destination.location)) continue;
    shelf.log.insert(shelf.log.end(), shelf.spool.begin(), shelf.spool.end());
    shelf.spool.clear();
  }
}

const NaiveRetention* StubLocations::naive(const Key& key) const {
  const auto found = shelves_.find(key);
  return found != shelves_.end() ? found->second.naive.get() : nullptr;
}

std::optional<std::string> StubLocations::compare(const Key& key, const Shelf& shelf) const {
  std::vector<std::uint64_t> real;
  for (const auto& each : shelf.request.snapshots) real.push_back(id_of(each));
  std::sort(real.begin(), real.end());
  const auto& model = shelf.naive->snapshots();
  if (std::equal(real.begin(), real.end(), model.begin(), model.end(),
                 [](std::uint64_t id, const NaiveSnapshot& each) { return id == each.id; })) {
    return std::nullopt;
  }
  std::string text;
  for (const auto id : real) {
    if (shelf.naive->find(id) == nullptr) {
      text +=
          fmt::format(" {} of {} is still there;", id, base::format_utc(captures_.at(id).captured));
    }
  }
  for (const auto& each : model) {
    if (!std::binary_search(real.begin(), real.end(), each.id)) {
      text += fmt::format(" {} of {} is gone;", each.id, base::format_utc(each.captured));
    }
  }
  if (text.empty()) return std::nullopt;
  return fmt::format("{} at {}:{}", key.first, key.second, text.substr(0, 400));
}

// Any instant of the window: a base that had ended by then, and all log since.
std::optional<std::string> StubLocations::check_log(const Key& key, const Shelf& shelf,
                                                    Time now) const {
  // The log comes each hour.
  if (!shelf.promise || !shelf.first_base || *shelf.first_base > now - base::hours(2)) {
    return std::nullopt;
  }
  const auto from = std::max(*shelf.first_base, now - *shelf.promise);
  // A hole between two pieces ends what can be replayed.
  std::optional<Time> replayable_from;
  Time end;
  for (const auto& piece : shelf.log) {
    if (!replayable_from || piece.from > end) replayable_from = piece.from;
    end = piece.to;
  }
  ++promises_;
  bool is_gap = false;
  for (const auto& each : shelf.request.snapshots) {
    if (!each.is_base) continue;
    const auto& truth = captures_.at(id_of(each));
    // It holds the log from its start to its stop.
    if (truth.truly_ended <= from && replayable_from && *replayable_from <= truth.truly_ended) {
      return std::nullopt;
    }
    // Known gap: of a copy that came late nobody at this location knows when the original was
    // stored. If its clock was ahead besides, its log is taken for younger than it is.
    const bool came_late = each.stored > truth.truly_ended + base::minutes(1);
    const bool was_ahead = each.captured > truth.truly_began;
    is_gap = is_gap || (came_late && was_ahead && truth.truly_ended <= from);
  }
  if (is_gap) {
    ++gaps_;
    return std::nullopt;
  }
  std::string text;
  int told = 0;
  for (const auto& each : shelf.request.snapshots) {
    if (!each.is_base || ++told > 4) continue;
    const auto& truth = captures_.at(id_of(each));
    text += fmt::format("; a base of {} to {}, by its clock of {}, stored {}",
                        base::format_utc(truth.truly_began), base::format_utc(truth.truly_ended),
                        base::format_utc(each.captured), base::format_utc(each.stored));
  }
  return fmt::format("{} at {}: {} can't be restored: log from {}{}", key.first, key.second,
                     base::format_utc(from),
                     replayable_from ? base::format_utc(*replayable_from) : "never", text);
}

std::optional<std::string> StubLocations::check(Time now) {
  std::vector<std::uint64_t> held;
  for (const auto& [key, shelf] : shelves_) {
    if (auto wrong = compare(key, shelf)) return wrong;
    if (auto wrong = check_log(key, shelf, now)) return wrong;
    for (const auto& each : shelf.request.snapshots) held.push_back(id_of(each));
  }
  std::sort(held.begin(), held.end());
  std::erase_if(captures_, [&](const auto& each) {
    return !std::binary_search(held.begin(), held.end(), each.first);
  });
  return std::nullopt;
}

}  // namespace holdfast::simulation
