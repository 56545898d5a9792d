// The simulation behind a forecast: day by day, what is made, copied and expired. Snapshots count
// as verified as far as their plan demands.
#include "strategy/forecast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/units.hpp"
#include "strategy/retention.hpp"
#include "strategy/schedule.hpp"

namespace holdfast::strategy {

using base::Duration;
using base::Time;

namespace {

// What a run writes besides its packs: session, index, receipt, snapshot, and the looks before.
constexpr std::uint64_t requests_per_run = 6;
constexpr double pack_size = 64.0 * 1024 * 1024;
constexpr Duration flush_default = base::seconds(5);

// Beyond what can be counted, and for what isn't a number: the most.
std::uint64_t counted(double number) {
  constexpr double most = 9e18;
  if (!(number < most)) return static_cast<std::uint64_t>(most);
  return number > 0 ? static_cast<std::uint64_t>(number) : 0;
}

std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  return a > std::numeric_limits<std::uint64_t>::max() - b
             ? std::numeric_limits<std::uint64_t>::max()
             : a + b;
}

struct Made {
  Time at;
  const Plan* plan;
};

// One component through the whole time.
class ComponentForecast {
 public:
  ComponentForecast(const Strategy& strategy, const Component& component,
                    const ForecastAssumptions& assumptions, const TimeZone& zone)
      : strategy_(strategy), component_(component), assumptions_(assumptions), zone_(zone) {
    const auto given = assumptions.sizes.find(component.name);
    size_ = static_cast<double>(given != assumptions.sizes.end()
                                    ? given->second
                                    : component.expected_size.value_or(assumptions.size_default));
  }

  std::vector<PlaceForecast> run() {
    prepare();
    const auto end = assumptions_.start + assumptions_.length;
    for (auto day = assumptions_.start; day < end; day = day + base::days(1)) {
      const auto until = std::min(day + base::days(1), end);
      make(day, until);
      for (auto& place : places_) expire(place, until);
    }
    std::vector<PlaceForecast> results;
    for (auto& place : places_) results.push_back(result(place));
    return results;
  }

 private:
  struct Place {
    const Location* location;
    std::vector<RetentionRule> rules;
    std::vector<StoredSnapshot> snapshots;
    PlaceForecast forecast;
    double log_bytes_per_day = 0;
    Time log_from;
    bool has_log = false;
  };

  void prepare() {
    for (const auto& plan : component_.plans) {
      if (!plan.enabled) continue;
      for (const auto& destination : plan.to) {
        const auto* location = strategy_.location(destination.location);
        if (location == nullptr || location->kind == LocationKind::mirror) continue;
        auto& place = place_at(*location);
        if (plan.is_log()) {
          place.has_log = true;
          place.log_from = assumptions_.start;
          place.log_bytes_per_day =
              size_ * assumptions_.changed_per_day * assumptions_.stored_share;
          const auto flush = plan.flush.nanoseconds > 0 ? plan.flush : flush_default;
          if (location->is_object_store()) {
            place.forecast.requests = sum(place.forecast.requests,
                                          counted(assumptions_.length.seconds() / flush.seconds()));
          }
        }
      }
    }
  }

  Place& place_at(const Location& location) {
    for (auto& place : places_) {
      if (place.location == &location) return place;
    }
    places_.push_back({.location = &location});
    places_.back().rules = rules_at(component_, location.name);
    places_.back().forecast.component = component_.name;
    places_.back().forecast.location = location.name;
    return places_.back();
  }

  std::vector<Time> slots(const Plan& plan, Time after, Time until) const {
    const auto& when = plan.when;
    if (when.is_timed()) return due_between(when, after, until, zone_);
    Duration step{};
    if (when.kind == WhenKind::change) step = assumptions_.between_changes;
    if (when.kind == WhenKind::commit) step = assumptions_.between_commits;
    if (when.kind == WhenKind::event) step = assumptions_.between_events;
    if (when.kind == WhenKind::continuous && !plan.is_log()) step = assumptions_.between_changes;
    if (step.nanoseconds <= 0) return {};
    return due_between({.kind = WhenKind::every, .interval = step}, after, until, zone_);
  }

  // What all plans do in (after, until], in order of time; captures before the copies of a minute.
  void make(Time after, Time until) {
    std::vector<Made> all;
    for (const auto& plan : component_.plans) {
      if (!plan.enabled || plan.is_log()) continue;
      for (const auto at : slots(plan, after, until)) all.push_back({at, &plan});
    }
    std::stable_sort(all.begin(), all.end(), [](const Made& a, const Made& b) {
      if (a.at != b.at) return a.at < b.at;
      return a.plan->copy_of.empty() && !b.plan->copy_of.empty();
    });
    for (const auto& each : all) {
      if (each.plan->copy_of.empty()) newest_[each.plan->name] = each.at;
      const auto& origin = each.plan->copy_of.empty() ? each.plan->name : each.plan->copy_of;
      const auto found = newest_.find(origin);
      if (found != newest_.end()) store(*each.plan, origin, found->second, each.at);
    }
  }

  void store(const Plan& plan, const std::string& origin, Time captured, Time stored) {
    for (const auto& destination : plan.to) {
      const auto* location = strategy_.location(destination.location);
      if (location == nullptr || location->kind == LocationKind::mirror) continue;
      auto& place = place_at(*location);
      const auto id = fmt::format("{} {}", captured.nanoseconds, origin);
      const auto there = std::find_if(place.snapshots.rbegin(), place.snapshots.rend(),
                                      [&](const auto& each) { return each.id == id; });
      if (there != place.snapshots.rend()) {
        there->plans.push_back(plan.name);
        continue;
      }
      StoredSnapshot snapshot{.id = id,
                              .plans = {plan.name},
                              .captured = captured,
                              .finished = captured,
                              .stored = stored,
                              .proved = Level::restorable};
      snapshot.is_base = makes_bases(component_, plan);
      snapshot.contents = {{"", id}};
      count_run(place, snapshot);
      place.snapshots.push_back(std::move(snapshot));
    }
  }

  void count_run(Place& place, const StoredSnapshot& snapshot) {
    ++place.forecast.snapshots_made;
    if (!place.location->is_object_store()) return;
    const auto delta = place.snapshots.empty()
                           ? size_ * assumptions_.stored_share
                           : changed(snapshot.captured - place.snapshots.back().captured);
    place.forecast.requests =
        sum(place.forecast.requests, requests_per_run + counted(std::ceil(delta / pack_size)));
  }

  // New bytes, as they are stored, after so long.
  [[nodiscard]] double changed(Duration after) const {
    const auto days = std::max(0.0, after.seconds() / 86'400);
    return std::min(size_, size_ * assumptions_.changed_per_day * days) * assumptions_.stored_share;
  }

  void expire(Place& place, Time now) {
    RetentionRequest request{.rules = place.rules, .snapshots = place.snapshots, .now = now};
    const auto decision = decide_retention(request, zone_);
    std::vector<StoredSnapshot> left;
    for (std::size_t i = 0; i < place.snapshots.size(); ++i) {
      if (decision.verdicts[i].is_kept()) left.push_back(std::move(place.snapshots[i]));
    }
    place.snapshots = std::move(left);
    if (decision.log_from) place.log_from = *decision.log_from;
    place.forecast.snapshots_most =
        std::max<std::uint64_t>(place.forecast.snapshots_most, place.snapshots.size());
  }

  PlaceForecast result(Place& place) const {
    auto& forecast = place.forecast;
    forecast.snapshots_kept = place.snapshots.size();
    std::sort(place.snapshots.begin(), place.snapshots.end(),
              [](const auto& a, const auto& b) { return a.captured < b.captured; });
    double bytes = place.snapshots.empty() ? 0 : size_ * assumptions_.stored_share;
    for (std::size_t i = 1; i < place.snapshots.size(); ++i) {
      bytes += changed(place.snapshots[i].captured - place.snapshots[i - 1].captured);
    }
    if (place.has_log) {
      const auto end = assumptions_.start + assumptions_.length;
      bytes += place.log_bytes_per_day * (end - place.log_from).seconds() / 86'400;
    }
    forecast.bytes = counted(bytes);
    if (!place.snapshots.empty()) forecast.oldest = place.snapshots.front().captured;
    return std::move(forecast);
  }

  const Strategy& strategy_;
  const Component& component_;
  const ForecastAssumptions& assumptions_;
  const TimeZone& zone_;
  double size_ = 0;
  std::vector<Place> places_;
  std::map<std::string, Time> newest_;
};

void hold_against_limits(const Strategy& strategy, const ForecastAssumptions& assumptions,
                         Forecast& made) {
  std::uint64_t bytes_total = 0;
  std::uint64_t requests_total = 0;
  for (const auto& location : strategy.locations) {
    std::uint64_t bytes = 0;
    for (const auto& place : made.places) {
      if (place.location != location.name) continue;
      bytes = sum(bytes, place.bytes);
      requests_total = sum(requests_total, place.requests);
    }
    bytes_total = sum(bytes_total, bytes);
    if (!location.capacity) continue;
    const auto level =
        static_cast<double>(*location.capacity) * location.warn_percent.value_or(100) / 100;
    if (static_cast<double>(bytes) > level) {
      made.findings.push_back(fmt::format("{} would hold {} of its {}", location.name,
                                          base::format_size(bytes),
                                          base::format_size(*location.capacity)));
    }
  }
  if (strategy.budget.storage && bytes_total > *strategy.budget.storage) {
    made.findings.push_back(fmt::format("all locations would hold {}; the budget is {}",
                                        base::format_size(bytes_total),
                                        base::format_size(*strategy.budget.storage)));
  }
  if (strategy.budget.requests) {
    const auto share = strategy.budget.requests_per.seconds() / assumptions.length.seconds();
    const auto requests = counted(static_cast<double>(requests_total) * share);
    if (requests > *strategy.budget.requests) {
      made.findings.push_back(fmt::format("{} requests in {}; the budget is {}", requests,
                                          describe(strategy.budget.requests_per),
                                          *strategy.budget.requests));
    }
  }
}

}  // namespace

Forecast forecast(const Strategy& strategy, const ForecastAssumptions& assumptions,
                  const TimeZone& zone) {
  Forecast made;
  for (const auto& component : strategy.components) {
    if (!component.enabled || component.kind == ComponentKind::part) continue;
    auto places = ComponentForecast(strategy, component, assumptions, zone).run();
    for (auto& place : places) made.places.push_back(std::move(place));
  }
  hold_against_limits(strategy, assumptions, made);
  return made;
}

}  // namespace holdfast::strategy
