// Choosing it.
#include "drill_instant.hpp"

#include <algorithm>
#include <map>

#include "component_places.hpp"
#include "engine/component_snapshots.hpp"
#include "engine/place.hpp"

namespace holdfast::engine {

using base::Result;

namespace {

std::optional<repository::SnapshotList> list_at(const Workplace& workplace,
                                                const strategy::Location& location) {
  const auto place = open_place(workplace, location);
  if (!place.ok()) return std::nullopt;
  auto list = repository::list_snapshots(place.value()->repository());
  if (!list.ok()) return std::nullopt;
  return std::move(list).value();
}

}  // namespace

std::optional<base::Time> random_instant(const std::vector<CaptureTimes>& components,
                                         base::Random& random) {
  std::optional<base::Time> first;
  std::optional<base::Time> last;
  for (const auto& times : components) {
    if (times.empty()) continue;
    first = std::max(first.value_or(times.front()), times.front());
    last = std::max(last.value_or(times.back()), times.back());
  }
  if (!first) return std::nullopt;
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
  std::map<std::string, std::optional<repository::SnapshotList>> lists;
  std::vector<CaptureTimes> times;
  for (const auto* component : components) {
    auto& own = times.emplace_back();
    for (const auto* location : places_of(workplace.strategy, *component, drill.from)) {
      auto found = lists.find(location->name);
      if (found == lists.end()) {
        found = lists.emplace(location->name, list_at(workplace, *location)).first;
      }
      if (!found->second) continue;
      for (const auto* each : snapshots_of(*found->second, *component)) {
        own.push_back(each->summary.started);
      }
    }
    std::sort(own.begin(), own.end());
  }
  return random_instant(times, workplace.random);
}

}  // namespace holdfast::engine
