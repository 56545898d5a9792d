// The daemon, its looks and its days.
#include "simulated_strategy.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "engine/findings.hpp"
#include "engine/freshness.hpp"
#include "strategy/parser.hpp"

namespace holdfast::simulation {

using base::Time;
using engine::Assignment;
using engine::Ending;

namespace {

constexpr auto margin = base::days(40);  // how far a clock may be off, and more

strategy::Strategy parse(const std::string& text) {
  strategy::Source source;
  source.text = text;
  source.name = "holdfast.yaml";
  source.folder = "/etc/holdfast";
  source.variable = [](const std::string&) { return std::nullopt; };
  source.read = [](const std::string& path) -> base::Result<std::string> {
    return base::Error(base::ErrorCode::not_found, path);
  };
  auto parsed = strategy::parse(source);
  for (const auto& each : parsed.diagnostics.all()) {
    CHECK(each.severity != strategy::Severity::error, each.message);
  }
  return std::move(parsed.strategy);
}

// The first machine that the strategy names: its daemon is the one that is simulated.
std::string host_of(const strategy::Strategy& strategy) {
  for (const auto& component : strategy.components) {
    if (!component.host.empty()) return component.host;
  }
  return "here";
}

}  // namespace

SimulatedStrategy::SimulatedStrategy(StrategyYears years, const std::string& directory)
    : years_(std::move(years)),
      strategy_(parse(years_.text)),
      random_(years_.seed),
      calendar_(years_.zone, years_.start - margin, years_.days + 2 * 40),
      schedule_(strategy_, calendar_, years_.start),
      alarms_(strategy_, years_.start, years_.days),
      locations_(strategy_, strategy::TimeZone::find(years_.zone).value(), calendar_,
                 years_.mutant),
      directory_(directory) {
  clock_.real = years_.start;
  log_written_ = years_.start;
  catalog_ = must(catalog::Catalog::open(directory_));
  if (years_.mutant == Mutant::runs_at_first_start) {
    for (const auto& component : strategy_.components) {
      for (const auto& plan : component.plans) {
        must(catalog_->slots().see(component.name, plan.name, years_.start - base::days(1), 0));
      }
    }
  }
}

SimulatedStrategy::~SimulatedStrategy() = default;

void SimulatedStrategy::at(Time real, std::function<void()> act) {
  events_.push({std::max(real, clock_.real), ++order_, std::move(act)});
}

base::Duration SimulatedStrategy::about(base::Duration mean) {
  return {
      static_cast<std::int64_t>(random_.below(2 * static_cast<std::uint64_t>(mean.nanoseconds)))};
}

void SimulatedStrategy::now_and_then(base::Duration mean, const std::function<void()>& act) {
  after(about(mean), [this, mean, act] {
    act();
    now_and_then(mean, act);
  });
}

void SimulatedStrategy::complain(std::optional<std::string> what) {
  if (!what || wrong_) return;
  wrong_ = fmt::format("{} (the machine's clock: {}): {}", base::format_utc(clock_.real),
                       base::format_utc(wall()), *what);
}

std::optional<std::string> SimulatedStrategy::live() {
  open_daemon();
  begin_faults();
  begin_events();
  after(base::hours(1), [this] { keep_watch(); });
  after(base::hours(1), [this] { write_logs(); });
  after(base::days(1), [this] { maintain(); });
  after(base::days(1), [this] { end_day(); });
  const auto end = years_.start + base::days(years_.days);
  while (!events_.empty() && events_.top().at < end && !wrong_) {
    auto event = std::move(const_cast<Event&>(events_.top()));
    events_.pop();
    clock_.real = event.at;
    event.act();
    if (is_heard_ && scheduler_) look();
  }
  return wrong_;
}

YearsCount SimulatedStrategy::count() const {
  auto count = count_;
  count.forgotten = locations_.forgotten();
  count.promises = locations_.promises();
  count.gaps = locations_.gaps();
  count.served = schedule_.served();
  count.caught_up = schedule_.caught_up();
  return count;
}

void SimulatedStrategy::open_daemon() {
  catalog_.reset();
  catalog_ = must(catalog::Catalog::open(directory_));
  workplace_ = std::make_unique<engine::Workplace>(engine::Workplace{
      .strategy = strategy_,
      .zone = strategy::TimeZone::find(
                  years_.mutant == Mutant::ignores_daylight_saving ? "Etc/GMT-1" : years_.zone)
                  .value(),
      .catalog = *catalog_,
      .clock = clock_,
      .random = random_,
      .cache_directory = directory_ + "/cache",
      .state_directory = directory_,
      .host = host_of(strategy_),
      .environment = [](const std::string&) { return std::nullopt; },
      .secret = [](const strategy::SecretReference&) -> base::Result<base::SecretBytes> {
        return base::Error(base::ErrorCode::unsupported, "nothing is opened here");
      }});
  must(catalog_->take());
  const auto now = wall();
  for (const auto& run : must(catalog_->runs().interrupt_running(now))) {
    ++count_.interrupted;
    std::vector<std::string> plans;
    for (const auto& [number, running] : running_) {
      if (running.id != run.id) continue;
      for (const auto& serving : running.assignment.due.serves) plans.push_back(serving.task.name);
    }
    if (run.start.kind == catalog::RunKind::verify) continue;
    alarms_.ran(run.start.component, plans, run.start.started, NaiveAlarms::Outcome::interrupted,
                {});
  }
  running_.clear();
  ++lives_;
  scheduler_ = must(engine::Scheduler::open(
      *workplace_, now,
      {.kind = [](strategy::ComponentKind) { return true; },
       .plan = [](strategy::ComponentKind, strategy::PlanType) { return true; }}));
  schedule_.restarted(now);
  for (const auto& component : strategy_.components) {
    const bool watches =
        std::any_of(component.plans.begin(), component.plans.end(), [](const auto& plan) {
          return plan.enabled && plan.when.kind == strategy::WhenKind::change;
        });
    if (watches && component.enabled) scheduler_->changed(component.name);
    const auto known = refs_.find(component.name);
    if (known != refs_.end()) scheduler_->committed(component.name, known->second);
  }
  up_since_ = clock_.real;
  is_heard_ = true;
  arm_copies(base::seconds(1));
}

// As a power cut does: what was under way has left nothing but what it had stored.
void SimulatedStrategy::kill_daemon() {
  if (!scheduler_) return;
  ++count_.crashes;
  for (const auto& [number, run] : running_) {
    const auto& first = run.assignment.due.serves.front().task;
    if (first.kind != strategy::Task::Kind::plan || run.fails || !chance(2)) continue;
    if (!run.assignment.due.copy_of.empty()) continue;
    // The first location has the snapshot already.
    for (const auto& target : targets_of(run.assignment)) {
      if (!locations_.is_up(target.location)) continue;
      locations_.store({first.component, target.location}, capture(run, target), clock_.real);
      break;
    }
  }
  scheduler_.reset();
  ++wake_;
  const auto pause = chance(4) ? about(base::hours(30)) : about(base::minutes(10));
  after(pause, [this] { open_daemon(); });
}

void SimulatedStrategy::look() {
  is_heard_ = false;
  ++count_.looks;
  auto due = must(scheduler_->take_due());
  complain(schedule_.started(wall(), due));
  for (auto& each : due) start(std::move(each));
  arm();
}

void SimulatedStrategy::arm() {
  auto next = scheduler_->next_wake();
  if (next && years_.mutant == Mutant::sleeps_too_long) next = *next + base::minutes(2);
  complain(schedule_.will_look(wall(), next));
  const auto mine = ++wake_;
  if (!next) return;
  at(*next - clock_.skew, [this, mine] {
    if (mine == wake_) is_heard_ = true;
  });
}

void SimulatedStrategy::start(Assignment assignment) {
  const auto number = assignment.number;
  auto& run = running_[number];
  ++count_.runs;
  const auto& first = assignment.due.serves.front();
  std::string plans;
  for (const auto& serving : assignment.due.serves) {
    plans += (plans.empty() ? "" : ", ") + serving.task.name;
  }
  auto kind = catalog::RunKind::backup;
  if (!assignment.due.copy_of.empty()) kind = catalog::RunKind::copy;
  if (first.task.kind == strategy::Task::Kind::verification) kind = catalog::RunKind::verify;
  run.began = wall();
  run.truly_began = clock_.real;
  run.id = must(catalog_->runs().begin({.kind = kind,
                                        .component = first.task.component,
                                        .plan = plans,
                                        .reason = engine::run_reason(first.reason),
                                        .slot = first.slot,
                                        .started = run.began},
                                       random_));
  run.fails = failing_until_[first.task.component] > clock_.real || chance(300);
  const auto length = duration_of(assignment);
  run.assignment = std::move(assignment);
  after(length, [this, number, life = lives_] {
    if (life == lives_) end(number);
  });
  if (!std::exchange(dies_in_next_run_, false)) return;
  after({static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(length.nanoseconds)))},
        [this, life = lives_] {
          if (life == lives_) kill_daemon();
        });
}

void SimulatedStrategy::end(std::uint64_t number) {
  const auto found = running_.find(number);
  if (found == running_.end() || !scheduler_) return;
  auto& run = found->second;
  const auto carried = carry_out(run);
  catalog::RunEnd end{.state = catalog::RunState::failed, .ended = wall()};
  if (carried.ok()) {
    end = carried.value();
    end.ended = wall();
  } else {
    end.message = carried.error().message();
    ++count_.failed;
  }
  must(catalog_->runs().end(run.id, end));
  const auto& task = run.assignment.due.serves.front().task;
  const bool is_plan = task.kind == strategy::Task::Kind::plan;
  if (is_plan) {
    std::vector<std::string> plans;
    for (const auto& serving : run.assignment.due.serves) plans.push_back(serving.task.name);
    const bool is_backup = run.assignment.due.copy_of.empty();
    alarms_.ran(task.component, plans, run.began,
                carried.ok() ? NaiveAlarms::Outcome::good : NaiveAlarms::Outcome::failed,
                is_backup ? std::optional(end.size) : std::nullopt);
    if (carried.ok() && is_backup) schedule_.backed_up(task.component, end.ended);
  }
  // Killed before it could say so: it comes again.
  if (chance(3000)) {
    running_.erase(found);
    kill_daemon();
    return;
  }
  const auto slots_before = years_.mutant == Mutant::serves_twice_after_a_crash
                                ? must(catalog_->slots().get(task.component, task.name))
                                : std::nullopt;
  must(scheduler_->end(number, carried.ok() ? Ending::served : Ending::failed));
  if (slots_before && is_plan) {
    must(catalog_->slots().put(task.component, task.name, *slots_before));
  }
  schedule_.ended(run.assignment,
                  carried.ok() ? NaiveSchedule::Outcome::served : NaiveSchedule::Outcome::failed,
                  wall());
  running_.erase(found);
  is_heard_ = true;
}

// What a daemon sees of its locations, and what it finds wrong.
void SimulatedStrategy::keep_watch() {
  after(base::hours(3), [this] { keep_watch(); });
  if (!scheduler_) return;
  engine::StrategyStatus status;
  status.at = wall();
  std::vector<NaiveAlarms::Point> points;
  for (const auto& component : strategy_.components) {
    if (component.kind == strategy::ComponentKind::part) continue;
    engine::ComponentStatus made;
    made.name = component.name;
    made.is_enabled = component.enabled;
    made.rpo = component.objectives.rpo;
    for (const auto& [name, place] : locations_.places()) {
      if (locations_.naive({component.name, name}) == nullptr) continue;
      engine::PlaceStatus seen;
      seen.location = name;
      auto known = expected_.find({component.name, name});
      if (known == expected_.end()) {
        known = expected_
                    .emplace(StubLocations::Key{component.name, name},
                             engine::expected_age(component, name))
                    .first;
      }
      seen.expected = known->second;
      points.push_back({component.name, name, place.is_up, {}});
      if (place.is_up) {
        seen.state = engine::PlaceStatus::State::empty;
        const auto newest = locations_.newest_point({component.name, name});
        if (newest) engine::set_newest(seen, *newest, status.at);
        points.back().newest = newest;
      }
      made.places.push_back(std::move(seen));
    }
    made.objective = engine::judge_objective(made);
    status.components.push_back(std::move(made));
  }
  const std::vector<engine::LocationUse> no_uses;
  const engine::Sight sight{.status = status, .uses = no_uses};
  auto found = must(engine::find(*workplace_, sight));
  if (years_.mutant == Mutant::finding_is_not_opened && !found.empty()) found.pop_back();
  if (years_.mutant == Mutant::finding_is_not_closed) {
    for (auto& open : must(catalog_->findings().list_open())) found.push_back(std::move(open));
  }
  count_.findings += must(engine::record_findings(*workplace_, found, sight)).size();
  std::vector<NaiveAlarms::Waiting> waiting;
  for (const auto& lack : lacks_) waiting.push_back({lack.component, lack.location});
  const auto expected = alarms_.look(wall(), points, waiting);
  std::set<std::string> open;
  frozen_.clear();
  for (const auto& each : must(catalog_->findings().list_open())) {
    open.insert(each.key());
    if (each.kind == "size") frozen_[each.component] = each.message;
  }
  std::string text;
  for (const auto& each : expected) {
    if (!open.contains(each)) text += each + " wasn't reported; ";
  }
  for (const auto& each : open) {
    if (!expected.contains(each)) text += each + " is reported though nothing is wrong; ";
  }
  if (!text.empty()) complain(text);
}

void SimulatedStrategy::maintain() {
  after(base::days(1), [this] { maintain(); });
  if (!scheduler_) return;
  for (const auto& [name, place] : locations_.places()) {
    for (const auto& component : strategy_.components) {
      if (place.is_up && locations_.naive({component.name, name}) != nullptr) {
        expire(component.name, name);
      }
    }
  }
}

void SimulatedStrategy::write_logs() {
  after(base::hours(1), [this] { write_logs(); });
  if (!scheduler_) return;
  for (const auto& component : strategy_.components) {
    for (const auto& plan : component.plans) {
      if (!plan.is_log() || !plan.enabled) continue;
      locations_.write_log(component.name, plan, log_written_, clock_.real, clock_.skew);
    }
  }
  log_written_ = clock_.real;
}

void SimulatedStrategy::end_day() {
  after(base::days(1), [this] { end_day(); });
  complain(locations_.check(clock_.real));
  // What a location lacks comes soon after both ends are there.
  const auto patience = base::hours(3);
  for (const auto& lack : lacks_) {
    const auto& places = locations_.places();
    const auto& from = places.at(lack.origin);
    const auto& to = places.at(lack.location);
    if (!scheduler_ || !from.is_up || !to.is_up) continue;
    const auto since = std::max({from.since, to.since, up_since_, last_jump_});
    if (clock_.real - since < patience) continue;
    complain(fmt::format("{} still lacks {} of {} at {}", lack.location, lack.snapshot,
                         lack.component, lack.origin));
  }
}

}  // namespace holdfast::simulation
