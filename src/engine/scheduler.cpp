// Asking what is due, and remembering what came of it.
#include "engine/scheduler.hpp"

#include <algorithm>
#include <array>

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

Result<Scheduler> Scheduler::open(const Workplace& workplace, base::Time running_since) {
  Scheduler scheduler(workplace, running_since);
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
  const auto runs = TRY(workplace_->catalog.runs().list({.component = component.name,
                                                         .plan = {},
                                                         .kind = catalog::RunKind::backup,
                                                         .state = {},
                                                         .limit = 20}));
  for (const auto& run : runs) {
    if (run.end.state == catalog::RunState::succeeded ||
        run.end.state == catalog::RunState::warnings) {
      return run.end.ended.nanoseconds;
    }
  }
  return std::int64_t{0};
}

Result<void> Scheduler::see_all() {
  memory_.clear();
  const auto now = workplace_->clock.now();
  for (const auto& component : workplace_->strategy.components) {
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
      if (each.enabled) TRY(see({component.name, each.name, Task::Kind::verification}, each.when));
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

Result<strategy::Situation> Scheduler::situation() {
  strategy::Situation made;
  made.now = workplace_->clock.now();
  made.running_since = running_since_;
  made.host = workplace_->host;
  for (const auto& [task, memory] : memory_) {
    const auto* when = when_of(task);
    if (when == nullptr) continue;
    strategy::TaskState state;
    state.first_seen = memory.slot.first_seen;
    state.served = memory.slot.served;
    if (memory.slot.failures > 0) {
      state.retry_at = is_over(memory.slot.retry_at, made.now) ? made.now : memory.slot.retry_at;
    }
    state.first_change = memory.first_change;
    state.last_change = memory.last_change;
    if (when->kind == WhenKind::event) {
      auto& happenings = workplace_->catalog.happenings();
      state.event_seen = TRY(happenings.count(when->event));
      state.event_served = TRY(happenings.count(when->event, memory.slot.happening));
    } else if (when->kind == WhenKind::each) {
      const auto* component = workplace_->strategy.component(task.component);
      state.event_seen = static_cast<std::uint64_t>(TRY(newest_number(*component, *when)));
      state.event_served = static_cast<std::uint64_t>(memory.slot.happening);
    } else if (when->kind == WhenKind::commit) {
      const auto known = commits_.find(task.component);
      const bool is_new = known != commits_.end() && known->second != memory.slot.happening;
      state.commit_seen = is_new ? 1 : 0;
    }
    made.states[task] = state;
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
  auto due = strategy::what_is_due(workplace_->strategy, workplace_->zone, TRY(situation()));
  not_built_.insert(due.not_built.begin(), due.not_built.end());
  std::vector<Assignment> made;
  for (auto& run : due.start) {
    if (!hangs(run)) made.push_back(TRY(assign(std::move(run))));
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
  }
}

void Scheduler::committed(const std::string& component, std::int64_t state) {
  commits_[component] = state;
}

std::optional<base::Time> Scheduler::next_wake() {
  const auto made = situation();
  if (!made.ok()) return std::nullopt;
  return strategy::next_wake(workplace_->strategy, workplace_->zone, made.value());
}

}  // namespace holdfast::engine
