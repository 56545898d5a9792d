// Starting, looking after, ending.
#include "run_desk.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"

namespace holdfast::daemon {

using catalog::RunState;
using engine::Ending;

namespace {

constexpr base::Duration stall_default = base::hours(1);
constexpr base::Duration patience = base::minutes(1);

std::string name_of(const engine::Assignment& assignment) {
  std::string name = assignment.due.serves.front().task.component + "/";
  bool is_first = true;
  for (const auto& serving : assignment.due.serves) {
    name += (is_first ? "" : ",") + serving.task.name;
    is_first = false;
  }
  return name;
}

// The shortest that a plan of it asks for.
base::Duration stall_of(const strategy::Strategy& strategy, const engine::Assignment& assignment) {
  base::Duration shortest{};
  for (const auto& serving : assignment.due.serves) {
    const auto* component = strategy.component(serving.task.component);
    const auto* plan = component == nullptr ? nullptr : component->plan(serving.task.name);
    if (plan == nullptr || plan->stall.nanoseconds <= 0) continue;
    if (shortest.nanoseconds == 0 || plan->stall < shortest) shortest = plan->stall;
  }
  return shortest.nanoseconds > 0 ? shortest : stall_default;
}

}  // namespace

RunDesk::RunDesk(io::Executor& executor, const base::Clock& clock, Carry carry,
                 std::function<void()> ended)
    : executor_(executor), clock_(clock), carry_(std::move(carry)), ended_(std::move(ended)) {}

RunDesk::~RunDesk() {
  stop_all();
  for (auto& entry : entries_) entry->task->join();
}

void RunDesk::start(std::shared_ptr<const engine::Workplace> workplace,
                    engine::Assignment assignment) {
  base::log(base::LogLevel::info,
            fmt::format("{} begins ({})", name_of(assignment),
                        strategy::reason_name(assignment.due.serves.front().reason)));
  auto& entry = *entries_.emplace_back(std::make_unique<Entry>());
  entry.stall = stall_of(workplace->strategy, assignment);
  entry.workplace = std::move(workplace);
  entry.assignment = std::move(assignment);
  entry.progress_at = clock_.monotonic().nanoseconds;
  entry.task = executor_.spawn("run", [this, &entry] {
    const auto began = [&entry](const std::string& run) {
      const std::lock_guard lock(entry.mutex);
      entry.run = run;
    };
    const auto progress = [this, &entry](const engine::Progress&) {
      entry.progress_at = clock_.monotonic().nanoseconds;
    };
    entry.outcome =
        carry_(*entry.workplace, entry.assignment, began, progress, entry.stop.get_token());
    entry.has_ended = true;
    ended_();
  });
}

Ending RunDesk::ending_of(const Entry& entry) {
  if (entry.outcome.ending) return *entry.outcome.ending;
  switch (entry.outcome.state) {
    case RunState::succeeded:
    case RunState::warnings: return Ending::served;
    case RunState::cancelled:
      if (entry.cause == Cause::asked) return Ending::served;
      return entry.cause == Cause::leaving ? Ending::abandoned : Ending::failed;
    default: return Ending::failed;
  }
}

std::vector<RunDesk::Ended> RunDesk::take_ended() {
  std::vector<Ended> ended;
  for (auto& entry : entries_) {
    if (!entry->has_ended) continue;
    entry->task->join();
    const auto& outcome = entry->outcome;
    const bool is_well =
        outcome.state == RunState::succeeded || outcome.state == RunState::warnings;
    base::log(is_well ? base::LogLevel::info : base::LogLevel::error,
              fmt::format("{} {}{}{}", name_of(entry->assignment), run_state_name(outcome.state),
                          outcome.message.empty() ? "" : ": ", outcome.message));
    ended.push_back({.number = entry->assignment.number, .ending = ending_of(*entry)});
    entry.reset();
  }
  std::erase(entries_, nullptr);
  return ended;
}

bool RunDesk::is_cancel_asked(Entry& entry) const {
  std::string run;
  {
    const std::lock_guard lock(entry.mutex);
    run = entry.run;
  }
  if (run.empty()) return false;
  const auto asked = entry.workplace->catalog.runs().is_cancel_requested(run);
  return asked.ok() && asked.value();
}

void RunDesk::cancel(Entry& entry, Cause cause) {
  if (entry.cause != Cause::none) return;
  entry.cause = cause;
  entry.told_at = clock_.monotonic();
  entry.stop.request_stop();
}

std::vector<std::uint64_t> RunDesk::look_after() {
  std::vector<std::uint64_t> hanging;
  const auto now = clock_.monotonic();
  for (auto& entry : entries_) {
    if (entry->has_ended) continue;
    if (now.nanoseconds - entry->progress_at > entry->stall.nanoseconds &&
        entry->cause == Cause::none) {
      base::log(base::LogLevel::error,
                fmt::format("{} made no progress for {:.0f} s and is ended",
                            name_of(entry->assignment), entry->stall.seconds()));
      cancel(*entry, Cause::stalled);
    }
    if (is_cancel_asked(*entry)) cancel(*entry, Cause::asked);
    if (entry->told_at && now - *entry->told_at > patience && !entry->hangs) {
      entry->hangs = true;
      base::log(base::LogLevel::error,
                fmt::format("{} was told to stop and hangs", name_of(entry->assignment)));
      hanging.push_back(entry->assignment.number);
    }
  }
  return hanging;
}

void RunDesk::stop_all() {
  for (auto& entry : entries_) cancel(*entry, Cause::leaving);
}

}  // namespace holdfast::daemon
