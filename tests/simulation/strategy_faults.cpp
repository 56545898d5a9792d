// What happens around a simulated strategy: outages, crashes, wrong clocks, failing sources;
// changes, commits and events.
#include <algorithm>

#include "simulated_strategy.hpp"

namespace holdfast::simulation {

using strategy::WhenKind;

void SimulatedStrategy::begin_faults() {
  for (const auto& [name, place] : locations_.places()) {
    now_and_then(base::days(20), [this, location = name] { take_away(location); });
  }
  now_and_then(base::days(6), [this] { kill_daemon(); });
  now_and_then(base::days(30), [this] { dies_in_next_run_ = true; });
  now_and_then(base::days(45), [this] { jump(); });
  for (const auto& component : strategy_.components) {
    now_and_then(base::days(40), [this, name = component.name] {
      failing_until_[name] = clock_.real + about(base::hours(6));
    });
  }
}

void SimulatedStrategy::take_away(const std::string& location) {
  auto& place = locations_.places().at(location);
  if (!place.is_up) return;
  ++count_.outages;
  place = {.is_up = false, .since = clock_.real};
  after(chance(3) ? about(base::days(3)) : about(base::hours(5)), [this, location] {
    locations_.places().at(location) = {.is_up = true, .since = clock_.real};
  });
}

// The machine's clock is wrong for hours or days, and then right again.
void SimulatedStrategy::jump() {
  if (clock_.skew.nanoseconds != 0) return;
  ++count_.clock_jumps;
  const auto size = chance(3) ? about(base::days(2)) : about(base::minutes(90));
  clock_.skew = chance(2) ? size : base::Duration{-size.nanoseconds};
  last_jump_ = clock_.real;
  is_heard_ = true;
  after(about(base::days(1)), [this] {
    clock_.skew = {};
    last_jump_ = clock_.real;
    is_heard_ = true;
  });
}

void SimulatedStrategy::begin_events() {
  for (const auto& component : strategy_.components) {
    if (!component.enabled) continue;
    std::set<std::string> events;
    bool changes = false;
    bool commits = false;
    for (const auto& plan : component.plans) {
      if (plan.when.kind == WhenKind::event) events.insert(plan.when.event);
      changes = changes || plan.when.kind == WhenKind::change;
      commits = commits || plan.when.kind == WhenKind::commit;
    }
    if (changes) {
      now_and_then(base::days(2), [this, name = component.name] {
        ++contents_[name];
        change(name, static_cast<int>(1 + random_.below(20)));
      });
    }
    if (commits) {
      now_and_then(base::hours(10), [this, name = component.name] { commit(name); });
    }
    for (const auto& event : events) {
      if (event == "epoch") {
        now_and_then(base::hours(8), [this, event] {
          happen(event, {{"model", std::string(1, static_cast<char>('a' + random_.below(3)))}}, "");
        });
      } else {
        now_and_then(base::days(9), [this, event] {
          const auto id = chance(4) ? std::string() : std::to_string(random_.below(1'000'000));
          happen(event, {}, id);
          if (event != "pre-deployment" || chance(5)) return;
          after(about(base::days(9)), [this, id] { happen("deployment-verified", {}, id); });
        });
      }
    }
  }
}

void SimulatedStrategy::change(const std::string& component, int times) {
  if (scheduler_) {
    scheduler_->changed(component);
    schedule_.changed(component, wall());
    is_heard_ = true;
  }
  if (times > 1) {
    after(about(base::seconds(3)), [this, component, times] { change(component, times - 1); });
  }
}

void SimulatedStrategy::commit(const std::string& component) {
  const auto state = ++refs_[component];
  schedule_.committed(component, state);
  if (!scheduler_) return;
  scheduler_->committed(component, state);
  is_heard_ = true;
}

void SimulatedStrategy::happen(const std::string& event,
                               const std::map<std::string, std::string>& tags,
                               const std::string& id) {
  if (years_.mutant != Mutant::forgets_an_event || !chance(5)) {
    must(catalog_->happenings().add({.event = event, .id = id, .tags = tags, .at = wall()}));
  }
  schedule_.happened(event);
  locations_.happened({event, id, wall()});
  is_heard_ = true;
}

}  // namespace holdfast::simulation
