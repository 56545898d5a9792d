// Lists of what is owed.
#include "naive_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace holdfast::simulation {

using base::Time;
using engine::Assignment;
using strategy::Task;
using strategy::WhenKind;

namespace {

constexpr auto longest_pause = base::hours(1);
constexpr auto day = base::days(1);

std::int64_t minute_of(Time at) { return at.nanoseconds / base::minutes(1).nanoseconds; }

std::string group_of(const strategy::Component& component, const strategy::Plan& plan) {
  if (!plan.copy_of.empty()) return component.name + " copies of " + plan.copy_of;
  return fmt::format("{} {} {} {}", component.name, static_cast<int>(plan.type), plan.content,
                     plan.when.kind == WhenKind::event ? plan.when.event : "");
}

std::string line(const Task& task, Time slot, std::uint64_t missed) {
  return fmt::format("{}/{} {} +{}; ", task.component, task.name, base::format_utc(slot), missed);
}

std::string lines(std::vector<std::string> all) {
  std::sort(all.begin(), all.end());
  std::string text;
  for (const auto& each : all) text += each;
  return text;
}

}  // namespace

NaiveSchedule::NaiveSchedule(const strategy::Strategy& strategy, const NaiveCalendar& calendar,
                             Time first_seen)
    : strategy_(strategy) {
  for (const auto& component : strategy.components) {
    if (!component.enabled || component.kind == strategy::ComponentKind::part) continue;
    for (const auto& plan : component.plans) {
      if (!plan.enabled) continue;
      auto& made = owing_.emplace_back();
      made.task = {component.name, plan.name, Task::Kind::plan};
      made.component = &component;
      made.plan = &plan;
      made.when = &plan.when;
      made.group = group_of(component, plan);
      made.slots = calendar.slots(plan.when);
      if (plan.when.kind == WhenKind::change && plan.sweep.nanoseconds > 0) {
        made.slots = calendar.slots({.kind = WhenKind::every, .interval = plan.sweep});
      }
    }
    for (const auto& each : component.verifications) {
      if (!each.enabled) continue;
      auto& made = owing_.emplace_back();
      made.task = {component.name, each.name, Task::Kind::verification};
      made.component = &component;
      made.verification = &each;
      made.when = &each.when;
      made.group = component.name + " verification " + each.name;
      made.slots = calendar.slots(each.when);
    }
  }
  for (auto& each : owing_) each.first_seen = first_seen;
}

// What was served further ahead than a day was served by a clock that was wrong.
Time NaiveSchedule::since(const Owing& owing, Time now) {
  if (!owing.done) return owing.first_seen;
  return *owing.done > now + day ? now - day : std::max(*owing.done, owing.first_seen);
}

bool NaiveSchedule::pauses(const Owing& owing, Time now) {
  return owing.failures > 0 && owing.again > now && owing.again <= now + longest_pause;
}

std::int64_t NaiveSchedule::newest_backup(const Owing& owing, Time now) {
  const auto after = std::upper_bound(owing.backups.begin(), owing.backups.end(), now + day);
  return after == owing.backups.begin() ? 0 : std::prev(after)->nanoseconds;
}

bool NaiveSchedule::is_told(const Owing& owing, Time now) {
  switch (owing.when->kind) {
    case WhenKind::event: return owing.count < owing.seen;
    case WhenKind::commit: return owing.state != 0 && owing.state != owing.state_served;
    case WhenKind::each: {
      const auto newest = newest_backup(owing, now);
      return newest != 0 && newest != owing.state_served;
    }
    case WhenKind::change: {
      if (!owing.last_change) return false;
      const auto& plan = *owing.plan;
      const bool is_quiet = now >= *owing.last_change + plan.settle;
      const bool is_enough =
          plan.at_most.nanoseconds > 0 && now >= *owing.first_change + plan.at_most;
      return is_quiet || is_enough;
    }
    default: return false;
  }
}

std::optional<NaiveSchedule::Owed> NaiveSchedule::owed(const Owing& owing, Time now) {
  if (owing.is_under_way || pauses(owing, now)) return std::nullopt;
  if (is_told(owing, now)) return Owed{&owing, now, 0};
  const auto first = std::upper_bound(owing.slots.begin(), owing.slots.end(), since(owing, now));
  if (first == owing.slots.end() || *first > now) return std::nullopt;
  const auto newest = std::prev(std::upper_bound(first, owing.slots.end(), now));
  const auto missed = static_cast<std::uint64_t>(newest - first);
  return Owed{&owing, *newest, std::min<std::uint64_t>(missed, 1000)};
}

bool NaiveSchedule::waits(const Owed& copy, const std::vector<Owed>& all, Time now) const {
  const auto* plan = copy.owing->plan;
  if (plan == nullptr || plan->copy_of.empty()) return false;
  const auto original = std::find_if(owing_.begin(), owing_.end(), [&](const Owing& each) {
    return each.component == copy.owing->component && each.plan != nullptr &&
           each.plan->name == plan->copy_of;
  });
  if (original == owing_.end()) return false;
  const bool is_coming = original->is_under_way ||
                         std::any_of(all.begin(), all.end(),
                                     [&](const Owed& each) { return each.owing == &*original; });
  if (!is_coming) return false;
  const Time begin{minute_of(copy.slot) * base::minutes(1).nanoseconds};
  const auto slot = std::lower_bound(original->slots.begin(), original->slots.end(), begin);
  return slot != original->slots.end() && minute_of(*slot) == minute_of(copy.slot) &&
         *slot > since(*original, now);
}

NaiveSchedule::Owing* NaiveSchedule::find(const Task& task) {
  for (auto& each : owing_) {
    if (each.task == task) return &each;
  }
  return nullptr;
}

bool NaiveSchedule::is_full(const std::string& component) const {
  const auto most = strategy_.limits.runs > 0 ? strategy_.limits.runs : 4U;
  const auto own = strategy_.limits.per_component > 0 ? strategy_.limits.per_component : 2U;
  const auto found = running_.find(component);
  const auto running = found != running_.end() ? found->second : 0;
  return running_count_ >= static_cast<int>(most) || running >= static_cast<int>(own);
}

std::optional<std::string> NaiveSchedule::started(Time now,
                                                  const std::vector<Assignment>& assignments) {
  std::vector<Owed> all;
  for (auto& each : owing_) {
    if (const auto found = owed(each, now)) all.push_back(*found);
  }
  if (all.empty() && assignments.empty()) return std::nullopt;
  std::map<std::string, std::vector<std::string>> groups;
  std::map<std::string, std::string> component_of;
  for (const auto& each : all) {
    if (waits(each, all, now)) continue;
    groups[each.owing->group].push_back(line(each.owing->task, each.slot, each.missed));
    component_of[each.owing->group] = each.owing->task.component;
  }
  for (const auto& assignment : assignments) {
    std::vector<std::string> serves;
    std::string group;
    for (const auto& serving : assignment.due.serves) {
      serves.push_back(line(serving.task, serving.slot, serving.missed));
      auto* owing = find(serving.task);
      if (owing == nullptr) return "started what nobody knows: " + serves.back();
      group = owing->group;
      owing->is_under_way = true;
      owing->taken_change = std::exchange(owing->first_change, std::nullopt);
      owing->last_change.reset();
      owing->state_taken =
          owing->when->kind == WhenKind::each ? newest_backup(*owing, now) : owing->state;
    }
    const auto wanted = groups.find(group);
    if (wanted == groups.end() || lines(wanted->second) != lines(serves)) {
      return fmt::format("{}: started {}and was to start {}", base::format_utc(now), lines(serves),
                         wanted == groups.end() ? "nothing of it" : lines(wanted->second));
    }
    groups.erase(wanted);
    const auto& component = assignment.due.serves.front().task.component;
    if (is_full(component)) return "more at once than the limits allow: " + lines(serves);
    ++running_[component];
    ++running_count_;
  }
  for (const auto& [group, wanted] : groups) {
    if (is_full(component_of[group])) continue;
    return fmt::format("{}: not started: {}", base::format_utc(now), lines(wanted));
  }
  return std::nullopt;
}

std::optional<std::string> NaiveSchedule::will_look(Time now, std::optional<Time> wake) const {
  for (const auto& each : owing_) {
    // What is owed and wasn't started waits for something that ends.
    if (each.is_under_way || owed(each, now)) continue;
    std::optional<Time> next;
    if (pauses(each, now)) {
      next = each.again;
    } else {
      const auto slot =
          std::upper_bound(each.slots.begin(), each.slots.end(), std::max(now, since(each, now)));
      if (slot != each.slots.end()) next = *slot;
      if (each.last_change && each.plan != nullptr && *each.last_change + each.plan->settle > now) {
        next = std::min(next.value_or(*each.last_change + each.plan->settle),
                        *each.last_change + each.plan->settle);
      }
    }
    if (!next || (wake && *wake <= *next)) continue;
    return fmt::format("{}: {}/{} will be due at {}, and the next look is {}",
                       base::format_utc(now), each.task.component, each.task.name,
                       base::format_utc(*next), wake ? base::format_utc(*wake) : "never");
  }
  return std::nullopt;
}

void NaiveSchedule::ended(const Assignment& assignment, Outcome outcome, Time now) {
  --running_[assignment.due.serves.front().task.component];
  --running_count_;
  for (const auto& serving : assignment.due.serves) {
    auto& owing = *find(serving.task);
    owing.is_under_way = false;
    if (outcome == Outcome::failed) {
      ++owing.failures;
      auto pause = base::minutes(1);
      for (std::uint64_t i = 1; i < owing.failures && pause < longest_pause; ++i) {
        pause = pause + pause;
      }
      owing.again = now + std::min(pause, longest_pause);
      if (owing.taken_change) {
        owing.first_change = owing.taken_change;
        if (!owing.last_change) owing.last_change = owing.taken_change;
      }
      continue;
    }
    ++served_;
    caught_up_ += serving.missed;
    owing.failures = 0;
    owing.done = std::max(owing.done.value_or(serving.slot), serving.slot);
    if (*owing.done > now + day) owing.done = serving.slot;
    if (owing.when->kind == WhenKind::event) ++owing.count;
    owing.state_served = owing.state_taken;
  }
}

void NaiveSchedule::restarted(Time now) {
  running_.clear();
  running_count_ = 0;
  for (auto& each : owing_) {
    each.is_under_way = false;
    each.first_change.reset();
    each.last_change.reset();
    if (each.when->kind != WhenKind::change) continue;
    each.first_change = each.last_change = now;
  }
}

void NaiveSchedule::changed(const std::string& component, Time now) {
  for (auto& each : owing_) {
    if (each.task.component != component || each.when->kind != WhenKind::change) continue;
    if (!each.first_change) each.first_change = now;
    each.last_change = now;
  }
}

void NaiveSchedule::committed(const std::string& component, std::int64_t state) {
  for (auto& each : owing_) {
    if (each.task.component == component && each.when->kind == WhenKind::commit) each.state = state;
  }
}

void NaiveSchedule::happened(const std::string& event) {
  for (auto& each : owing_) {
    if (each.when->kind == WhenKind::event && each.when->event == event) ++each.seen;
  }
}

void NaiveSchedule::backed_up(const std::string& component, Time ended) {
  for (auto& each : owing_) {
    if (each.task.component == component && each.when->kind == WhenKind::each) {
      auto& all = each.backups;
      all.insert(std::upper_bound(all.begin(), all.end(), ended), ended);
    }
  }
}

}  // namespace holdfast::simulation
