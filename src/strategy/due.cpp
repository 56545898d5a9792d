// What is to be started now.
#include "strategy/due.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "strategy/agenda.hpp"
#include "strategy/schedule.hpp"

namespace holdfast::strategy {

using base::Duration;
using base::Time;

namespace {

constexpr std::size_t missed_max = 1000;
// A slot served further ahead than this was served under a clock that was wrong.
constexpr Duration clock_tolerance = base::days(1);

Time minute_of(Time at) { return {at.nanoseconds - at.nanoseconds % base::minutes(1).nanoseconds}; }

// One plan or verification with what decides when it starts.
struct Job {
  const Component* component = nullptr;
  const Plan* plan = nullptr;  // or
  const Verification* verification = nullptr;
  Task task;
  When timing;      // what the clock decides
  Duration jitter;  // its own, and that of what it copies
  std::vector<Window> windows;
  TaskState state;

  [[nodiscard]] const When& when() const {
    return plan != nullptr ? plan->when : verification->when;
  }
};

struct Found {
  const Job* job = nullptr;
  Serving serving;
  Time start;  // since when it could
};

// Looks at every job of this host.
class Look {
 public:
  Look(const Strategy& strategy, const TimeZone& zone, const Situation& situation)
      : strategy_(strategy), zone_(zone), situation_(situation), now_(situation.now) {
    for (const auto& run : situation.under_way) {
      under_way_.insert(run.tasks.begin(), run.tasks.end());
    }
    for (const auto& component : strategy.components) add_jobs(component);
    for (const auto& job : jobs_) {
      if (!under_way_.contains(job.task)) look_at(job);
    }
  }

  // By groups that one run serves, in the order in which they start.
  [[nodiscard]] std::vector<DueRun> runs() {
    std::vector<Found> ready;
    std::copy_if(found_.begin(), found_.end(), std::back_inserter(ready),
                 [&](const Found& found) { return !waits_for_original(found); });
    std::stable_sort(ready.begin(), ready.end(), [](const Found& a, const Found& b) {
      return std::pair(a.job->task.kind, a.start) < std::pair(b.job->task.kind, b.start);
    });
    std::vector<std::pair<std::string, DueRun>> groups;
    for (const auto& found : ready) {
      const auto key = group_of(found);
      auto at = std::find_if(groups.begin(), groups.end(),
                             [&](const auto& group) { return group.first == key; });
      if (at == groups.end()) at = groups.insert(at, {key, {}});
      add(*found.job, found.serving, at->second);
    }
    std::vector<DueRun> runs;
    for (auto& [key, run] : groups) {
      join(key, run);
      runs.push_back(std::move(run));
    }
    return runs;
  }

  [[nodiscard]] const std::vector<std::string>& not_built() const { return not_built_; }
  [[nodiscard]] const std::map<std::string, Time>& wakes() const { return wakes_; }

 private:
  void add_jobs(const Component& component) {
    if (situation_.components && !situation_.components->contains(component.name)) return;
    const bool is_ours = component.is_of_host(situation_.host);
    if (!component.enabled || component.kind == ComponentKind::part || !is_ours) return;
    const bool any = std::any_of(component.plans.begin(), component.plans.end(),
                                 [](const Plan& plan) { return plan.enabled; });
    if (!situation_.can_run(component.kind)) {
      if (any) not_built_.push_back(component.name);
      return;
    }
    for (const auto& plan : component.plans) {
      if (!plan.enabled) continue;
      if (situation_.can_run_plan(component.kind, plan.type)) {
        add_job(component, plan);
      } else {
        not_built_.push_back(component.name + "/" + plan.name);
      }
    }
    for (const auto& each : component.verifications) {
      if (!each.enabled) continue;
      Job job{.component = &component, .verification = &each, .timing = each.when};
      job.task = {component.name, each.name, Task::Kind::verification};
      job.windows = strategy_.blackout;
      add_job(std::move(job));
    }
  }

  void add_job(const Component& component, const Plan& plan) {
    Job job{.component = &component, .plan = &plan, .timing = timing_of(plan)};
    job.task = {component.name, plan.name, Task::Kind::plan};
    job.jitter = plan.jitter;
    if (const auto* origin = component.plan(plan.copy_of)) {
      job.jitter = std::max(job.jitter, origin->jitter) + base::minutes(1);
    }
    job.windows = plan.blackout;
    job.windows.insert(job.windows.end(), strategy_.blackout.begin(), strategy_.blackout.end());
    add_job(std::move(job));
  }

  void add_job(Job job) {
    const auto known = situation_.states.find(job.task);
    job.state = known != situation_.states.end() ? known->second : TaskState{.first_seen = now_};
    jobs_.push_back(std::move(job));
  }

  // Slots until then are done with.
  [[nodiscard]] Time since(const Job& job) const {
    const auto& state = job.state;
    if (!state.served) return state.first_seen;
    const bool is_wrong = *state.served > now_ + clock_tolerance;
    return is_wrong ? now_ - clock_tolerance : std::max(*state.served, state.first_seen);
  }

  [[nodiscard]] std::optional<Time> start_of_slot(const Job& job, Time slot) const {
    if (job.plan == nullptr) return after_blackout(job.windows, slot, zone_);
    return start_of(strategy_, *job.component, *job.plan, slot, zone_);
  }

  void look_at(const Job& job) {
    if (job.state.retry_at && *job.state.retry_at > now_) return wake_at(job, job.state.retry_at);
    const auto open = after_blackout(job.windows, now_, zone_);
    if (open != now_) return wake_at(job, open);
    auto found = by_occasion(job);
    if (!found) found = by_change(job);
    if (!found) found = by_clock(job);
    if (!found) return;
    if (job.state.retry_at) found->serving.reason = Reason::retry;
    found_.push_back(std::move(*found));
  }

  void wake_at(const Job& job, std::optional<Time> at) {
    if (!at || *at <= now_) return;
    auto& wake = wakes_.emplace(job.component->name, *at).first->second;
    wake = std::min(wake, *at);
  }

  [[nodiscard]] Found found_now(const Job& job, Reason reason, std::uint64_t number) const {
    return {&job, {job.task, reason, now_, 0, number}, now_};
  }

  [[nodiscard]] std::optional<Found> by_occasion(const Job& job) const {
    const auto& state = job.state;
    switch (job.when().kind) {
      case WhenKind::event:
        if (state.event_seen <= state.event_served) return std::nullopt;
        return found_now(job, Reason::event, state.event_served + 1);
      case WhenKind::each:
        if (state.event_seen <= state.event_served) return std::nullopt;
        return found_now(job, Reason::event, state.event_seen);
      case WhenKind::commit:
        if (state.commit_seen <= state.commit_served) return std::nullopt;
        return found_now(job, Reason::commit, state.commit_seen);
      default: return std::nullopt;
    }
  }

  // Quiet for long enough, or restless for too long.
  [[nodiscard]] std::optional<Found> by_change(const Job& job) {
    const auto& state = job.state;
    if (job.when().kind != WhenKind::change || !state.last_change) return std::nullopt;
    auto at = *state.last_change + job.plan->settle;
    if (job.plan->at_most.nanoseconds > 0) {
      at = std::min(at, state.first_change.value_or(*state.last_change) + job.plan->at_most);
    }
    if (at <= now_) return found_now(job, Reason::change, 0);
    wake_at(job, at);
    return std::nullopt;
  }

  // The newest slot that may start, of those that are not served.
  [[nodiscard]] std::optional<Found> by_clock(const Job& job) {
    const auto from = since(job);
    const auto first = next_due(job.timing, from, zone_);
    if (!first) return std::nullopt;
    // Jitter may have kept back what is younger, and let go what is younger still.
    const auto begin = std::max(from, now_ - job.jitter);
    auto slot = *first <= begin ? newest_of_old(job, from, begin) : std::nullopt;
    auto next = *first > begin ? first : next_due(job.timing, begin, zone_);
    for (; next && *next <= now_; next = next_due(job.timing, *next, zone_)) {
      if (may_start(job, *next)) slot = next;
    }
    if (next) {
      may_start(job, *next);
      wake_at(job, next_due(job.timing, *next, zone_));  // which may start before
    }
    if (!slot) return std::nullopt;
    const auto start = start_of_slot(job, *slot).value_or(now_);
    const auto missed = slots_before(job, *slot);
    const bool is_late = missed > 0 || start < situation_.running_since;
    return Found{
        &job, {job.task, is_late ? Reason::catch_up : Reason::schedule, *slot, missed, 0}, start};
  }

  // The same of the slots in (from, until], of which there is one at least, and which jitter
  // doesn't keep back any more: only copies wait, for what they copy.
  [[nodiscard]] std::optional<Time> newest_of_old(const Job& job, Time from, Time until) {
    constexpr int looked_at_max = 1000;
    auto slot = newest_due(job.timing, until, zone_);
    for (int i = 0; slot && *slot > from && i < looked_at_max; ++i) {
      if (may_start(job, *slot)) return slot;
      slot = newest_due(job.timing, {slot->nanoseconds - 1}, zone_);
    }
    return std::nullopt;
  }

  // Whether its start has come; if not, that is when to look again.
  bool may_start(const Job& job, Time slot) {
    const auto start = start_of_slot(job, slot);
    wake_at(job, start);
    return start && *start <= now_;
  }

  // Those that a run for `slot` catches up.
  [[nodiscard]] std::uint64_t slots_before(const Job& job, Time slot) const {
    const Time before{slot.nanoseconds - 1};
    return due_between(job.timing, since(job), before, zone_, missed_max).size();
  }

  // Whether what it copies is to be captured first.
  [[nodiscard]] bool waits_for_original(const Found& copy) const {
    if (copy.job->plan == nullptr || copy.job->plan->copy_of.empty()) return false;
    const auto original = std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& job) {
      return job.component == copy.job->component && job.plan != nullptr &&
             job.plan->name == copy.job->plan->copy_of;
    });
    if (original == jobs_.end()) return false;
    const bool is_coming = under_way_.contains(original->task) ||
                           std::any_of(found_.begin(), found_.end(),
                                       [&](const Found& found) { return found.job == &*original; });
    const auto slot = slot_in_minute(*original, copy.serving.slot);
    return is_coming && slot && *slot > since(*original);
  }

  [[nodiscard]] std::optional<Time> slot_in_minute(const Job& job, Time at) const {
    const auto begin = minute_of(at);
    const auto slot = next_due(job.timing, {begin.nanoseconds - 1}, zone_);
    return slot && minute_of(*slot) == begin ? slot : std::nullopt;
  }

  [[nodiscard]] static std::string group_of(const Found& found) {
    const auto& job = *found.job;
    if (job.plan == nullptr) {
      return fmt::format("{} verification {}", job.component->name, job.verification->name);
    }
    auto key = group_of(job);
    if (job.when().kind == WhenKind::event) {
      key += fmt::format(" {} {}", job.plan->when.event, found.serving.number);
    }
    return key;
  }

  [[nodiscard]] static std::string group_of(const Job& job) {
    const auto& plan = *job.plan;
    if (!plan.copy_of.empty()) {
      return fmt::format("{} copy {}", job.component->name, plan.copy_of);
    }
    return fmt::format("{} {} {}", job.component->name, plan_type_name(plan.type), plan.content);
  }

  static void add(const Job& job, Serving serving, DueRun& run) {
    run.serves.push_back(std::move(serving));
    const auto write_to = [&](const Plan& plan) {
      for (const auto& destination : plan.to) {
        const auto& name = destination.location;
        if (std::find(run.locations.begin(), run.locations.end(), name) == run.locations.end()) {
          run.locations.push_back(name);
        }
      }
    };
    if (job.plan != nullptr) {
      run.copy_of = job.plan->copy_of;
      write_to(*job.plan);
      return;
    }
    for (const auto& plan : job.component->plans) write_to(plan);
  }

  // Plans that jitter keeps back, of slots of the minutes that the run serves.
  void join(const std::string& key, DueRun& run) {
    const auto leaders = run.serves;
    for (const auto& job : jobs_) {
      if (job.plan == nullptr || !job.timing.is_timed() || !job.plan->copy_of.empty()) continue;
      if (job.when().kind == WhenKind::event || group_of(job) != key) continue;
      if (!is_free(job)) continue;
      std::optional<Serving> serving;
      for (const auto& leader : leaders) {
        const bool by_clock =
            leader.reason == Reason::schedule || leader.reason == Reason::catch_up;
        const auto slot = slot_in_minute(job, leader.slot);
        if (!by_clock || !slot || *slot > now_ || *slot <= since(job)) continue;
        if (serving && serving->slot > *slot) continue;
        serving = Serving{job.task, leader.reason, *slot, slots_before(job, *slot), 0};
      }
      if (serving) add(job, *serving, run);
    }
  }

  // Whether it is not under way, not found and not kept back by more than jitter.
  [[nodiscard]] bool is_free(const Job& job) const {
    if (under_way_.contains(job.task) || job.state.retry_at) return false;
    if (after_blackout(job.windows, now_, zone_) != now_) return false;
    return std::none_of(found_.begin(), found_.end(),
                        [&](const Found& found) { return found.job == &job; });
  }

  const Strategy& strategy_;
  const TimeZone& zone_;
  const Situation& situation_;
  const Time now_;
  std::set<Task> under_way_;
  std::vector<Job> jobs_;  // complete before it is pointed into
  std::vector<Found> found_;
  std::vector<std::string> not_built_;
  std::map<std::string, Time> wakes_;
};

// What runs, against the limits.
class Room {
 public:
  Room(const Strategy& strategy, const std::vector<RunUnderWay>& under_way) : strategy_(strategy) {
    for (const auto& run : under_way) {
      if (!run.tasks.empty()) take(run.tasks.front().component, run.locations);
    }
  }

  [[nodiscard]] bool has_room_for(const DueRun& run) const {
    const auto& limits = strategy_.limits;
    const auto limit = [](std::uint32_t said, std::uint32_t otherwise) {
      return said > 0 ? said : otherwise;
    };
    if (runs_ >= limit(limits.runs, runs_at_once_default)) return false;
    const auto& component = run.serves.front().task.component;
    if (count(component_, component) >= limit(limits.per_component, runs_of_component_default)) {
      return false;
    }
    return std::all_of(run.locations.begin(), run.locations.end(), [&](const auto& name) {
      const auto* location = strategy_.location(name);
      const auto own = location != nullptr ? location->runs_at_once : 0;
      const auto most = limit(own, limits.per_location);
      return most == 0 || count(location_, name) < most;
    });
  }

  void take(const std::string& component, const std::vector<std::string>& locations) {
    ++runs_;
    ++component_[component];
    for (const auto& name : locations) ++location_[name];
  }

 private:
  using Counts = std::map<std::string, std::uint32_t>;

  static std::uint32_t count(const Counts& counts, const std::string& name) {
    const auto found = counts.find(name);
    return found != counts.end() ? found->second : 0;
  }

  const Strategy& strategy_;
  std::uint32_t runs_ = 0;
  Counts component_;
  Counts location_;
};

}  // namespace

std::string_view reason_name(Reason reason) noexcept {
  static constexpr std::array<std::string_view, 6> names{"schedule", "catch-up", "retry",
                                                         "change",   "event",    "commit"};
  return names[static_cast<std::size_t>(reason)];
}

DueRuns what_is_due(const Strategy& strategy, const TimeZone& zone, const Situation& situation) {
  Look look(strategy, zone, situation);
  Room room(strategy, situation.under_way);
  DueRuns due;
  due.not_built = look.not_built();
  due.wakes = look.wakes();
  for (auto& run : look.runs()) {
    if (room.has_room_for(run)) {
      room.take(run.serves.front().task.component, run.locations);
      due.start.push_back(std::move(run));
    } else {
      due.held.push_back(std::move(run));
    }
  }
  return due;
}

std::optional<Time> next_wake(const Strategy& strategy, const TimeZone& zone,
                              const Situation& situation) {
  const Look look(strategy, zone, situation);
  std::optional<Time> earliest;
  for (const auto& [component, wake] : look.wakes()) {
    earliest = std::min(earliest.value_or(wake), wake);
  }
  return earliest;
}

}  // namespace holdfast::strategy
