// Choosing it.
#include "drill_instant.hpp"

#include <algorithm>
#include <map>

#include "component_places.hpp"
#include "engine/component_snapshots.hpp"
#include "engine/log_window.hpp"
#include "engine/place.hpp"

namespace holdfast::engine {

using base::Result;

namespace {

struct Listed {
  std::unique_ptr<Location> place;
  repository::SnapshotList list;
};

std::optional<Listed> list_at(const Workplace& workplace, const strategy::Location& location) {
  auto place = open_place(workplace, location);
  if (!place.ok()) return std::nullopt;
  auto list = repository::list_snapshots(place.value()->repository());
  if (!list.ok()) return std::nullopt;
  return Listed{.place = std::move(place).value(), .list = std::move(list).value()};
}

bool has_log(const strategy::Component& component) {
  return component.kind == strategy::ComponentKind::postgres &&
         std::any_of(component.plans.begin(), component.plans.end(),
                     [](const strategy::Plan& plan) { return plan.is_log(); });
}

// What the log surely covers without a gap up to its end: from the end of the oldest base that it
// leads there from. What can't be read covers nothing.
Result<std::optional<std::pair<base::Time, base::Time>>> log_span(
    const Listed& listed, const strategy::Component& component) {
  const auto& repository = listed.place->repository();
  const auto snapshots = snapshots_of(listed.list, component);
  std::optional<std::pair<base::Time, base::Time>> span;
  std::uint64_t end = 0;
  for (auto at = snapshots.rbegin(); at != snapshots.rend(); ++at) {
    const auto base = TRY(log_base(repository, **at));
    if (!base) continue;
    auto pieces = TRY(repository::list_log(repository, log_stream(component, base->source)));
    const auto window = TRY(log_window(repository, std::move(pieces), *base));
    if (!window.end || (span && window.end->position != end)) break;
    end = window.end->position;
    const auto finished = (*at)->summary.finished;
    const auto last = window.end->at - commit_patience;
    if (finished > last) break;
    span = {finished, last};
  }
  return span;
}

}  // namespace

std::optional<base::Time> random_instant(const std::vector<CaptureTimes>& components,
                                         base::Random& random, std::optional<base::Time> limit) {
  std::optional<base::Time> first;
  std::optional<base::Time> last;
  for (const auto& times : components) {
    if (times.empty()) continue;
    first = std::max(first.value_or(times.front()), times.front());
    last = std::max(last.value_or(times.back()), times.back());
  }
  if (!first) return std::nullopt;
  if (limit) last = std::min(*last, *limit);
  if (*last < *first) return std::nullopt;
  const auto span = static_cast<std::uint64_t>((*last - *first).nanoseconds);
  return *first + base::Duration{static_cast<std::int64_t>(random.below(span + 1))};
}

Result<std::optional<base::Time>> choose_instant(
    const Workplace& workplace, const strategy::Drill& drill,
    const std::vector<const strategy::Component*>& components) {
  using Kind = strategy::Instant::Kind;
  switch (drill.instant.kind) {
    case Kind::latest: return std::nullopt;
    case Kind::ago: return std::optional(workplace.clock.now() - drill.instant.ago);
    case Kind::at: return std::optional(drill.instant.at);
    case Kind::random: break;
  }
  std::map<std::string, std::optional<Listed>> lists;
  std::optional<base::Time> limit;
  std::vector<CaptureTimes> times;
  for (const auto* component : components) {
    auto& own = times.emplace_back();
    for (const auto* location : places_of(workplace.strategy, *component, drill.from)) {
      auto found = lists.find(location->name);
      if (found == lists.end()) {
        found = lists.emplace(location->name, list_at(workplace, *location)).first;
      }
      if (!found->second) continue;
      if (has_log(*component)) {
        // Where it has no log yet there is nothing in between.
        const auto span = log_span(*found->second, *component);
        if (!span.ok() || !span.value()) continue;
        own.push_back(span.value()->first);
        own.push_back(span.value()->second);
        limit = std::min(limit.value_or(span.value()->second), span.value()->second);
        continue;
      }
      for (const auto* each : snapshots_of(found->second->list, *component)) {
        own.push_back(each->summary.started);
      }
    }
    std::sort(own.begin(), own.end());
  }
  return random_instant(times, workplace.random, limit);
}

}  // namespace holdfast::engine
