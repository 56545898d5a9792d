// Forecast: a stretch of time simulated with the real schedules and retention: how many snapshots
// lie where, how many bytes and requests that takes, held against capacities and the budget.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "strategy/model.hpp"
#include "strategy/time_zone.hpp"

namespace holdfast::strategy {

// What isn't known of the future. Sizes are those of the components' data.
struct ForecastAssumptions {
  base::Time start;
  base::Duration length = base::days(365);
  std::map<std::string, std::uint64_t, std::less<>> sizes;  // over the component's own `size`
  std::uint64_t size_default = 1'000'000'000;
  double changed_per_day = 0.01;  // share of the data
  double stored_share = 0.5;      // what compression leaves
  base::Duration between_changes = base::days(1);
  base::Duration between_commits = base::hours(4);
  base::Duration between_events = base::days(7);
};

struct PlaceForecast {
  std::string component;
  std::string location;
  std::uint64_t snapshots_made = 0;
  std::uint64_t snapshots_kept = 0;  // at the end
  std::uint64_t snapshots_most = 0;  // at any end of a day
  std::uint64_t bytes = 0;           // at the end
  std::uint64_t requests = 0;        // in all, that write; to object stores
  base::Time oldest;                 // capture of the oldest that is kept; 0 if there is none
};

struct Forecast {
  std::vector<PlaceForecast> places;  // in the order of components and locations
  std::vector<std::string> findings;  // capacities and budget that don't suffice
};

[[nodiscard]] Forecast forecast(const Strategy& strategy, const ForecastAssumptions& assumptions,
                                const TimeZone& zone);

}  // namespace holdfast::strategy
