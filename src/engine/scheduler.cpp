// Asking what is due, and remembering what came of it.
#include "engine/scheduler.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/retry_pause.hpp"

namespace holdfast::engine {

using base::Result;
using strategy::Task;
using strategy::WhenKind;

namespace {

// A slot served further ahead than this was served under a clock that was wrong.
constexpr base::Duration clock_tolerance = base::days(1);

// The name of a task in the table of slots.
std::string slot_name(const Task& task) {
  return task.kind == Task::Kind::plan ? task.name : "verify " + task.name;
}

}  // namespace

catalog::RunReason run_reason(strategy::Reason reason) noexcept {
  using catalog::RunReason;
  constexpr std::array reasons{RunReason::schedule, RunReason::catch_up, RunReason::retry,
                               RunReason::change,   RunReason::event,    RunReason::change};
  return reasons[static_cast<std::size_t>(reason)];
}

Result<Scheduler> Scheduler::open(const Workplace& workplace, base::Time running_since,
                                  CanRun can_run) {
  Scheduler scheduler(workplace, running_since, std::move(can_run));
  TRY(scheduler.see_all());
  return scheduler;
}

bool Scheduler::is_ours(const strategy::Component& component) const {
  return component.enabled && component.kind != strategy::ComponentKind::part &&
         component.is_of_host(workplace_->host);
}

// What has happened so far counts as served when a task is seen for the first time. The state of
// refs doesn't: what no run has taken is due.
Result<std::int64_t> Scheduler::newest_number(const strategy::Component& component,
                                              const strategy::When& when) {
  if (when.kind == WhenKind::event) return workplace_->catalog.happenings().newest();
  if (when.kind != WhenKind::each) return std::int64_t{0};
  // What ended further ahead ended under a clock that was wrong.
  const auto until = workplace_->clock.now() + clock_tolerance;
  const auto ended = TRY(workplace_->catalog.runs().newest_success(component.name, until));
  return ended ? ended->nanoseconds : 0;
}

Result<void> Scheduler::see_all() {
  memory_.clear();
  heard_of_.clear();
  held_.clear();
  wakes_.clear();
  newest_backups_.clear();
  const auto now = workplace_->clock.now();
  for (const auto& component : workplace_->strategy.components) {
    heard_of_.insert(component.name);
    if (!is_ours(component)) continue;
    const auto see = [&](Task task, const strategy::When& when) -> Result<void> {
      const auto number = TRY(newest_number(component, when));
      const auto slot =
          TRY(workplace_->catalog.slots().see(component.name, slot_name(task), now, number));
      memory_[std::move(task)] = {.slot = slot, .first_change = {}, .last_change = {}};
      return {};
    };
    for (const auto& plan : component.plans) {
      if (plan.enabled) TRY(see({component.name, plan.name, Task::Kind::plan}, plan.when));
    }
    for (const auto& each : component.verifications) {
      if (!each.enabled) continue;
      TRY(see({component.name, each.name, Task::Kind::verification}, each.when));
      if (each.when.kind == WhenKind::each) newest_backups_[component.name] = 0;
    }
  }
  return {};
}

Result<void> Scheduler::use(const Workplace& workplace) {
  workplace_ = &workplace;
  not_built_.clear();
  const auto before = std::move(memory_);
  TRY(see_all());
  for (auto& [task, memory] : memory_) {
    const auto known = before.find(task);
    if (known == before.end()) continue;
    memory.first_change = known->second.first_change;
    memory.last_change = known->second.last_change;
  }
  return {};
}

const strategy::When* Scheduler::when_of(const Task& task) const {
  const auto* component = workplace_->strategy.component(task.component);
  if (component == nullptr) return nullptr;
  if (task.kind == Task::Kind::plan) {
    const auto* plan = component->plan(task.name);
    return plan == nullptr ? nullptr : &plan->when;
  }
  for (const auto& each : component->verifications) {
    if (each.name == task.name) return &each.when;
  }
  return nullptr;
}

// What others write into the catalog.
Result<void> Scheduler::look_for_numbers() {
  const auto newest = TRY(workplace_->catalog.happenings().newest());
  if (newest != newest_happening_) {
    newest_happening_ = newest;
    for (const auto& [task, memory] : memory_) {
      const auto* when = when_of(task);
      if (when != nullptr && when->kind == WhenKind::event) heard_of_.insert(task.component);
    }
  }
  for (auto& [name, known] : newest_backups_) {
    const auto* component = workplace_->strategy.component(name);
    if (component == nullptr) continue;
    const auto number = TRY(newest_number(*component, {.kind = WhenKind::each}));
    if (number == known) continue;
    known = number;
    heard_of_.insert(name);
  }
  return {};
}

void Scheduler::hear_of_all() {
  for (const auto& component : workplace_->strategy.components) heard_of_.insert(component.name);
}

// Components of which something was heard, or of which the clock may have made something due.
std::set<std::string> Scheduler::to_look_at() {
  const auto now = workplace_->clock.now();
  if (now < looked_at_) hear_of_all();  // it was set back: nothing that was found counts
  looked_at_ = now;
  auto names = std::exchange(heard_of_, {});
  names.merge(held_);
  held_.clear();
  for (const auto& [name, wake] : wakes_) {
    if (wake <= now) names.insert(name);
  }
  return names;
}

Result<strategy::TaskState> Scheduler::state_of(const Task& task, const Memory& memory) {
  strategy::TaskState state;
  state.first_seen = memory.slot.first_seen;
  state.served = memory.slot.served;
  if (memory.slot.failures > 0) {
    const auto now = workplace_->clock.now();
    state.retry_at = is_over(memory.slot.retry_at, now) ? now : memory.slot.retry_at;
  }
  state.first_change = memory.first_change;
  state.last_change = memory.last_change;
  const auto* when = when_of(task);
  if (when == nullptr) return state;
  if (when->kind == WhenKind::event) {
    auto& happenings = workplace_->catalog.happenings();
    state.event_seen = TRY(happenings.count(when->event));
    state.event_served = TRY(happenings.count(when->event, memory.slot.happening));
  } else if (when->kind == WhenKind::each) {
    const auto known = newest_backups_.find(task.component);
    const auto number = known != newest_backups_.end() ? known->second : 0;
    state.event_seen = static_cast<std::uint64_t>(number);
    // Any other than the one that was served: a wrong clock may have made that one too high.
    state.event_served = number == memory.slot.happening ? state.event_seen : 0;
  } else if (when->kind == WhenKind::commit) {
    const auto known = commits_.find(task.component);
    const bool is_new = known != commits_.end() && known->second != memory.slot.happening;
    state.commit_seen = is_new ? 1 : 0;
  }
  return state;
}

Result<strategy::Situation> Scheduler::situation() {
  strategy::Situation made;
  made.now = workplace_->clock.now();
  made.running_since = running_since_;
  made.host = workplace_->host;
  made.can_run = can_run_.kind;
  made.can_run_plan = can_run_.plan;
  made.components = to_look_at();
  if (made.components->empty()) return made;
  for (const auto& [task, memory] : memory_) {
    if (!made.components->contains(task.component)) continue;
    made.states[task] = TRY(state_of(task, memory));
  }
  for (const auto& [number, run] : under_way_) {
    strategy::RunUnderWay under_way;
    if (run.is_aside) continue;
    for (const auto& pledge : run.pledges) under_way.tasks.push_back(pledge.serving.task);
    under_way.locations = run.locations;
    made.under_way.push_back(std::move(under_way));
  }
  return made;
}

// Whether a run that was set aside does one of its tasks still.
bool Scheduler::hangs(const strategy::DueRun& due) const {
  return std::any_of(due.serves.begin(), due.serves.end(), [&](const auto& serving) {
    return std::any_of(under_way_.begin(), under_way_.end(), [&](const auto& each) {
      const auto& pledges = each.second.pledges;
      return std::any_of(pledges.begin(), pledges.end(),
                         [&](const Pledge& pledge) { return pledge.serving.task == serving.task; });
    });
  });
}

Result<Assignment> Scheduler::assign(strategy::DueRun due) {
  Assignment made;
  made.number = ++last_number_;
  auto& under_way = under_way_[made.number];
  under_way.locations = due.locations;
  for (const auto& serving : due.serves) {
    auto& memory = memory_[serving.task];
    const auto* when = when_of(serving.task);
    Pledge pledge{.serving = serving,
                  .when = when != nullptr ? when->kind : WhenKind::manual,
                  .happening = memory.slot.happening,
                  .first_change = memory.first_change};
    if (pledge.when == WhenKind::event) {
      auto waiting = TRY(workplace_->catalog.happenings().list(when->event, memory.slot.happening));
      if (!waiting.empty()) {
        pledge.happening = waiting.front().number;
        made.happening = std::move(waiting.front());
      }
    } else if (pledge.when == WhenKind::each) {
      pledge.happening = static_cast<std::int64_t>(serving.number);
    } else if (pledge.when == WhenKind::commit) {
      pledge.happening = commits_[serving.task.component];
    }
    // The run will see what has changed until now.
    memory.first_change.reset();
    memory.last_change.reset();
    under_way.pledges.push_back(std::move(pledge));
  }
  made.due = std::move(due);
  return made;
}

Result<std::vector<Assignment>> Scheduler::take_due() {
  TRY(look_for_numbers());
  const auto seen = situation();
  if (!seen.ok()) {
    hear_of_all();  // nobody has looked
    return seen.error();
  }
  const auto& now = seen.value();
  std::vector<Assignment> made;
  if (now.components->empty()) return made;
  auto due = strategy::what_is_due(workplace_->strategy, workplace_->zone, now);
  not_built_.insert(due.not_built.begin(), due.not_built.end());
  for (const auto& name : *now.components) wakes_.erase(name);
  wakes_.merge(due.wakes);
  for (const auto& run : due.held) held_.insert(run.serves.front().task.component);
  for (auto& run : due.start) {
    if (hangs(run)) continue;
    auto assigned = assign(std::move(run));
    if (!assigned.ok()) {
      hear_of_all();
      return std::move(assigned).error();
    }
    made.push_back(std::move(assigned).value());
  }
  return made;
}

// What its slot says after it was served, or after another failure.
catalog::SlotRecord Scheduler::slot_after(const Pledge& pledge, const catalog::SlotRecord& before,
                                          Ending ending) const {
  const auto now = workplace_->clock.now();
  auto slot = before;
  if (ending != Ending::served) {
    ++slot.failures;
    slot.retry_at = now + pause_after(slot.failures);
    return slot;
  }
  slot.happening = pledge.happening;
  slot.served = std::max(slot.served.value_or(pledge.serving.slot), pledge.serving.slot);
  // A slot from a clock that was wrong isn't the newest.
  if (*slot.served > now + clock_tolerance) slot.served = pledge.serving.slot;
  slot.failures = 0;
  slot.retry_at = {};
  return slot;
}

Result<void> Scheduler::end(std::uint64_t number, Ending ending) {
  const auto found = under_way_.find(number);
  if (found == under_way_.end()) return {};
  const auto run = std::move(found->second);
  under_way_.erase(found);
  for (const auto& pledge : run.pledges) heard_of_.insert(pledge.serving.task.component);
  Result<void> remembered;
  for (const auto& pledge : run.pledges) {
    const auto known = memory_.find(pledge.serving.task);
    if (known == memory_.end()) continue;  // the new strategy doesn't have it
    auto& memory = known->second;
    bool is_served = ending == Ending::served;
    if (ending != Ending::abandoned) {
      auto slot = slot_after(pledge, memory.slot, ending);
      auto written = workplace_->catalog.slots().put(pledge.serving.task.component,
                                                     slot_name(pledge.serving.task), slot);
      if (!written.ok()) {
        // Nothing counts as served that a restart would not know of: it comes again, later.
        is_served = false;
        slot = slot_after(pledge, memory.slot, Ending::failed);
        remembered = std::move(written);
      }
      memory.slot = slot;
    }
    if (!is_served && pledge.first_change) {
      memory.first_change = pledge.first_change;
      if (!memory.last_change) memory.last_change = pledge.first_change;
    }
  }
  return remembered;
}

void Scheduler::set_aside(std::uint64_t number) {
  const auto found = under_way_.find(number);
  if (found != under_way_.end()) found->second.is_aside = true;
}

void Scheduler::changed(const std::string& component) {
  const auto now = workplace_->clock.now();
  for (auto& [task, memory] : memory_) {
    if (task.component != component || task.kind != Task::Kind::plan) continue;
    const auto* when = when_of(task);
    if (when == nullptr || when->kind != WhenKind::change) continue;
    if (!memory.first_change) memory.first_change = now;
    memory.last_change = now;
    heard_of_.insert(component);
  }
}

void Scheduler::committed(const std::string& component, std::int64_t state) {
  auto& known = commits_[component];
  if (known != state) heard_of_.insert(component);
  known = state;
}

std::optional<base::Time> Scheduler::next_wake() const {
  std::optional<base::Time> earliest;
  for (const auto& [name, wake] : wakes_) earliest = std::min(earliest.value_or(wake), wake);
  return earliest;
}

}  // namespace holdfast::engine
