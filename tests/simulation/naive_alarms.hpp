// NaiveAlarms: what must be told as wrong at a look, and nothing else: runs that failed, recovery
// points that are missing or older than what was promised, strange sizes, copies that are waited
// for. Written from the table of findings in
// docs/internals/daemon.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "naive_calendar.hpp"
#include "strategy/model.hpp"

namespace holdfast::simulation {

class NaiveAlarms {
 public:
  NaiveAlarms(const strategy::Strategy& strategy, base::Time start, int days);

  // A run of these plans that has ended, by the clock of its machine.
  enum class Outcome { good, failed, interrupted };
  void ran(const std::string& component, const std::vector<std::string>& plans, base::Time started,
           Outcome outcome, std::optional<std::uint64_t> size);

  struct Point {  // of a component at a location
    std::string component;
    std::string location;
    bool is_up = true;
    std::optional<base::Time> newest;
  };
  struct Waiting {
    std::string component;
    std::string location;
  };
  // "kind/component/plan/location" of all that is wrong now.
  std::set<std::string> look(base::Time now, const std::vector<Point>& points,
                             const std::vector<Waiting>& waiting);
  // Whether a size of the component was strange at the last look.
  [[nodiscard]] bool is_frozen(const std::string& component) const {
    return frozen_.contains(component);
  }

 private:
  struct History {
    base::Time newest;
    Outcome outcome = Outcome::good;
    std::map<base::Time, std::uint64_t> sizes;
  };
  [[nodiscard]] bool is_strange(const History& history) const;
  [[nodiscard]] const strategy::Alert* alert(strategy::Finding finding) const;

  const strategy::Strategy& strategy_;
  base::Time first_seen_;
  std::map<std::pair<std::string, std::string>, History> histories_;  // component, plan
  std::map<std::pair<std::string, std::string>, std::optional<base::Duration>> expected_;
  std::set<std::pair<std::string, std::string>> driven_;  // by the clock or a log
  std::set<std::string> frozen_;
  std::set<std::string> missing_;  // open at the last look
};

}  // namespace holdfast::simulation
