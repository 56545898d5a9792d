// What runs do in a simulated strategy: stub sources that take their time, captures that are stored
// at the first location that is up and copied to the others, copies that are caught up.
#include <fmt/format.h>

#include <algorithm>

#include "engine/retry_pause.hpp"
#include "engine/waiting_copy.hpp"
#include "simulated_strategy.hpp"

namespace holdfast::simulation {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Time;
using engine::Assignment;
using strategy::Task;

base::Duration SimulatedStrategy::duration_of(const Assignment& assignment) {
  const auto& first = assignment.due.serves.front().task;
  if (first.kind == Task::Kind::verification) return base::seconds(5) + about(base::minutes(5));
  // Some take much longer than the next one would wait.
  if (chance(400)) return about(base::hours(2));
  const auto* component = strategy_.component(first.component);
  const auto* plan = component->plan(first.name);
  const bool is_frequent = plan->when.kind == strategy::WhenKind::every;
  return base::seconds(2) + (is_frequent ? about(base::seconds(40)) : about(base::minutes(15)));
}

std::vector<SimulatedStrategy::Target> SimulatedStrategy::targets_of(
    const Assignment& assignment) const {
  std::vector<Target> targets;
  const auto* component = strategy_.component(assignment.due.serves.front().task.component);
  for (const auto& serving : assignment.due.serves) {
    for (const auto& to : component->plan(serving.task.name)->to) {
      if (strategy_.location(to.location)->kind != strategy::LocationKind::repository) continue;
      const auto known = std::find_if(targets.begin(), targets.end(), [&](const Target& target) {
        return target.location == to.location;
      });
      if (known != targets.end()) {
        known->plans.insert(serving.task.name);
      } else {
        targets.push_back({to.location, {serving.task.name}});
      }
    }
  }
  return targets;
}

StubCapture SimulatedStrategy::capture(const Running& run, const Target& target) {
  StubCapture made;
  made.id = ++last_id_;
  made.plans = target.plans;
  made.captured = run.began;
  made.finished = std::max(run.began, wall());
  made.truly_began = run.truly_began;
  made.truly_ended = clock_.real;
  if (run.assignment.happening) {
    made.tags = run.assignment.happening->tags;
    made.event_id = run.assignment.happening->id;
  }
  const auto& component = run.assignment.due.serves.front().task.component;
  made.contents["file"] = std::to_string(contents_[component]);
  if (chance(3)) made.contents["other"] = std::to_string(contents_[component] / 2);
  return made;
}

// The same always, but for now and then.
std::uint64_t SimulatedStrategy::size_of(const Running& run) {
  const auto& first = run.assignment.due.serves.front();
  return first.slot.nanoseconds / base::nanoseconds_per_second % 1009 == 0 ? 5'000'000 : 1'000'000;
}

Result<catalog::RunEnd> SimulatedStrategy::carry_out(const Running& run) {
  if (run.fails) return Error(ErrorCode::unavailable, "the source didn't answer");
  return run.assignment.due.serves.front().task.kind == Task::Kind::plan
             ? carry_out_plans(run)
             : carry_out_verification(run);
}

Result<catalog::RunEnd> SimulatedStrategy::carry_out_plans(const Running& run) {
  const auto& component = run.assignment.due.serves.front().task.component;
  const auto targets = targets_of(run.assignment);
  catalog::RunEnd end{.state = catalog::RunState::succeeded, .size = size_of(run)};
  if (targets.empty()) return end;  // mirrors only
  if (run.assignment.due.copy_of.empty()) {
    for (const auto& target : targets) {
      if (!locations_.is_up(target.location)) continue;
      const auto made = capture(run, target);
      locations_.store({component, target.location}, made, clock_.real);
      // A run expires what has to go; so does maintenance, daily, and that is quicker.
      if (chance(4)) expire(component, target.location);
      share(run, made, target.location, targets);
      return end;
    }
    return Error(ErrorCode::unavailable, "no location of the plan is up");
  }
  const auto& copied = *strategy_.component(component)->plan(run.assignment.due.copy_of);
  for (const auto& from : copied.to) {
    if (strategy_.location(from.location)->kind != strategy::LocationKind::repository) continue;
    if (!locations_.is_up(from.location)) continue;
    const auto newest = locations_.newest({component, from.location}, copied.name);
    if (!newest) continue;
    // "Takes that plan's snapshot of the same minute, else its newest."
    const auto* model = locations_.naive({component, from.location});
    std::uint64_t expected = 0;
    Time captured;
    for (const auto& each : model->snapshots()) {
      if (!each.plans.contains(copied.name) || each.captured < captured) continue;
      expected = each.id;
      captured = each.captured;
    }
    if (expected != *newest) complain(fmt::format("{} copied instead of {}", *newest, expected));
    share(run, locations_.capture(*newest), from.location, targets);
    return end;
  }
  return Error(ErrorCode::unavailable, "there is nothing to copy, or nowhere to copy from");
}

// To all locations but that where it lies; there it only becomes the plans' own.
void SimulatedStrategy::share(const Running& run, const StubCapture& capture,
                              const std::string& origin, const std::vector<Target>& targets) {
  const auto& component = run.assignment.due.serves.front().task.component;
  std::string plans;
  for (const auto& serving : run.assignment.due.serves) {
    plans += (plans.empty() ? "" : ", ") + serving.task.name;
  }
  for (const auto& target : targets) {
    auto copy = capture;
    copy.plans = target.plans;
    if (target.location == origin || locations_.is_up(target.location)) {
      locations_.store({component, target.location}, copy, clock_.real);
      if (target.location != origin && chance(4)) expire(component, target.location);
      continue;
    }
    must(catalog_->copies().put({.run = run.id,
                                 .component = component,
                                 .plan = plans,
                                 .location = target.location,
                                 .state = catalog::CopyState::waiting,
                                 .original = std::to_string(capture.id),
                                 .original_location = origin,
                                 .changed = wall(),
                                 .next_attempt = wall() + engine::pause_after(1),
                                 .attempts = 1,
                                 .message = "it is down"}));
    lacks_.push_back({run.id, capture.id, component, origin, target.location, target.plans});
    note_waiting(must(catalog_->copies().waiting()), component, origin, capture.id);
    arm_copies(engine::pause_after(1));
  }
}

// Who still waits for it, where it lies: by the catalog's list, and by the model's.
void SimulatedStrategy::note_waiting(const std::vector<catalog::CopyRecord>& waiting,
                                     const std::string& component, const std::string& origin,
                                     std::uint64_t id) {
  std::vector<std::string> by;
  for (const auto& copy : waiting) {
    if (copy.original == std::to_string(id) && copy.original_location == origin &&
        copy.component == component) {
      by.push_back(copy.location);
    }
  }
  const auto naively = std::count_if(lacks_.begin(), lacks_.end(), [&](const Lack& lack) {
    return lack.snapshot == id && lack.origin == origin;
  });
  locations_.await({component, origin}, id, by, static_cast<int>(naively));
}

Result<void> SimulatedStrategy::try_copy(const catalog::CopyRecord& waiting) {
  if (!locations_.is_up(waiting.original_location) || !locations_.is_up(waiting.location)) {
    return Error(ErrorCode::unavailable, "it is down");
  }
  const auto id = std::stoull(waiting.original);
  if (!locations_.holds({waiting.component, waiting.original_location}, id)) {
    return Error(ErrorCode::not_found, "the original is gone");
  }
  if (years_.mutant == Mutant::copy_is_forgotten) return {};
  for (const auto& lack : lacks_) {
    if (lack.run != waiting.run || lack.location != waiting.location) continue;
    auto copy = locations_.capture(id);
    copy.plans = lack.plans;
    locations_.store({waiting.component, waiting.location}, copy, clock_.real);
    ++count_.copies_late;
  }
  std::erase_if(lacks_, [&](const Lack& lack) {
    return lack.run == waiting.run && lack.location == waiting.location;
  });
  return {};
}

// As the daemon's chore does, at the next attempt instead of each twenty seconds, and then for at
// least two minutes not again.
void SimulatedStrategy::catch_up() {
  if (!scheduler_) return;
  const auto waiting = must(catalog_->copies().waiting());
  std::vector<catalog::CopyRecord> settled;
  std::optional<base::Duration> next;
  for (const auto& each : waiting) {
    if (engine::is_over(each.next_attempt, wall())) {
      const auto record = engine::after_attempt(each, try_copy(each), wall());
      must(catalog_->copies().put(record));
      if (record.state == catalog::CopyState::dropped) complain("a copy was given up");
      if (record.state != catalog::CopyState::waiting) {
        settled.push_back(each);
        continue;
      }
      next = std::min(next.value_or(record.next_attempt - wall()), record.next_attempt - wall());
    } else {
      next = std::min(next.value_or(each.next_attempt - wall()), each.next_attempt - wall());
    }
  }
  const auto left = settled.empty() ? waiting : must(catalog_->copies().waiting());
  for (const auto& each : settled) {
    note_waiting(left, each.component, each.original_location, std::stoull(each.original));
  }
  if (next) arm_copies(std::max(*next, base::minutes(2)));
}

void SimulatedStrategy::arm_copies(base::Duration wait) {
  after(wait, [this, mine = ++copies_wake_] {
    if (mine == copies_wake_) catch_up();
  });
}

Result<catalog::RunEnd> SimulatedStrategy::carry_out_verification(const Running& run) {
  const auto& task = run.assignment.due.serves.front().task;
  const auto& component = *strategy_.component(task.component);
  const auto found = std::find_if(component.verifications.begin(), component.verifications.end(),
                                  [&](const auto& each) { return each.name == task.name; });
  for (const auto& [name, place] : locations_.places()) {
    if (!place.is_up || locations_.naive({task.component, name}) == nullptr) continue;
    if (found->drill.empty()) {
      locations_.prove({task.component, name}, found->level, found->of.kind);
    }
  }
  return catalog::RunEnd{.state = catalog::RunState::succeeded};
}

void SimulatedStrategy::expire(const std::string& component, const std::string& location) {
  std::optional<std::string> frozen;
  if (const auto found = frozen_.find(component); found != frozen_.end()) frozen = found->second;
  if (frozen) ++count_.frozen;
  complain(locations_.expire(
      {component, location}, clock_.real, frozen,
      alarms_.is_frozen(component) ? NaiveRetention::Ice::frozen : NaiveRetention::Ice::none));
}

}  // namespace holdfast::simulation
