// The loop, and what it looks after.
#include "daemon/daemon.hpp"

#include <fmt/format.h>

#include <map>

#include "base/log.hpp"
#include "change_watches.hpp"
#include "chores.hpp"
#include "codec/hash.hpp"
#include "engine/commit_watch.hpp"
#include "engine/findings.hpp"
#include "engine/maintenance.hpp"
#include "engine/plan_run.hpp"
#include "engine/retry_pause.hpp"
#include "engine/scheduler.hpp"
#include "log_desk.hpp"
#include "run_desk.hpp"
#include "service_notifier.hpp"

namespace holdfast::daemon {

using base::LogLevel;
using base::Result;

namespace {

constexpr base::Duration tick = base::milliseconds(500);
constexpr base::Duration alive_every = base::seconds(5);
constexpr base::Duration copies_every = base::seconds(20);
// The slot that remembers when a location was last maintained.
constexpr const char* maintenance_slot = "maintenance ";

const engine::ProgressCall silent = [](const engine::Progress&) {};

// Any number that tells states apart.
std::int64_t number_of_state(const std::string& state) {
  codec::Sha256 hash;
  hash.update(base::as_bytes(state));
  const auto digest = hash.finish();
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | digest[static_cast<std::size_t>(i)];
  return static_cast<std::int64_t>(number >> 2) + 1;  // positive: 0 is no state
}

void log_failure(std::string_view what, const base::Error& error) {
  if (error.code() == base::ErrorCode::cancelled) return;
  base::log(LogLevel::error, fmt::format("{}: {}", what, error.to_string()));
}

}  // namespace

struct Daemon::Parts {
  Parts(SharedWorkplace first, DaemonOptions wanted, io::Executor& by)
      : options(std::move(wanted)),
        executor(by),
        workplace(std::move(first)),
        uses(std::make_shared<const std::vector<engine::LocationUse>>()),
        clock(workplace->clock),
        notifier(options.notify_socket),
        woken(executor.make_signal()),
        chores(executor, clock),
        desk(executor, clock, &carry_out, [this] { wake(); }) {}

  Result<void> begin();
  void add_chores();
  Result<void> step();
  Result<void> start_due();
  Result<void> end_runs();
  void take_messages();
  void read_strategy_again();
  void beat();
  void wait();
  void wake();
  void tell(const Result<void>& done);
  Left leave();

  [[nodiscard]] SharedWorkplace current() const;
  void look_at_status(std::stop_token stop);
  void look_at_uses(std::stop_token stop);
  void look_at_commits(std::stop_token stop);
  void look_for_changes(const std::stop_token& stop);
  void follow_logs(const std::stop_token& stop);
  void post(std::function<void(engine::Scheduler&)> message);
  void maintain_locations(std::stop_token stop);

  const DaemonOptions options;
  io::Executor& executor;

  mutable std::mutex mutex;  // guards what follows
  SharedWorkplace workplace;
  std::shared_ptr<const engine::StrategyStatus> status;
  std::shared_ptr<const std::vector<engine::LocationUse>> uses;
  std::shared_ptr<const LogDesk> logs;
  base::Duration last_beat;
  std::size_t run_count = 0;
  bool is_woken = false;
  std::vector<std::function<void(engine::Scheduler&)>> messages;  // what chores have seen

  // The loop's own.
  const base::Clock& clock;  // the first workplace's, which outlives the loop
  SharedWorkplace first_workplace = workplace;
  ServiceNotifier notifier;
  std::unique_ptr<io::Signal> woken;
  std::optional<engine::Scheduler> scheduler;
  unsigned hangups_seen = 0;
  base::Duration last_alive{};
  // What stands in the way of the loop itself, told once a minute.
  std::string trouble;
  base::Duration trouble_told{};
  // The chore's own: what was told of each component whose refs can't be seen.
  std::map<std::string, std::string> commit_troubles;
  Chores chores;
  RunDesk desk;  // last: its runs end before anything else does
};

SharedWorkplace Daemon::Parts::current() const {
  const std::lock_guard lock(mutex);
  return workplace;
}

void Daemon::Parts::wake() {
  const std::lock_guard lock(mutex);
  is_woken = true;
  woken->notify_all();
}

void Daemon::Parts::wait() {
  std::unique_lock lock(mutex);
  if (!is_woken) woken->wait_for(lock, tick);
  is_woken = false;
}

Result<void> Daemon::Parts::begin() {
  auto& catalog = workplace->catalog;
  TRY(catalog.take());
  last_beat = clock.monotonic();
  const auto now = clock.now();
  const auto interrupted = TRY(catalog.runs().interrupt_running(now));
  for (const auto& run : interrupted) {
    base::log(LogLevel::warning,
              fmt::format("run {} of {} was interrupted", run.id, run.start.component));
  }
  scheduler = TRY(engine::Scheduler::open(*workplace, now));
  add_chores();
  return {};
}

void Daemon::Parts::add_chores() {
  const base::Duration at_once{};
  chores.add("status", at_once, options.status_every,
             [this](std::stop_token stop) { look_at_status(std::move(stop)); });
  chores.add("uses", at_once, options.uses_every,
             [this](std::stop_token stop) { look_at_uses(std::move(stop)); });
  chores.add("commits", at_once, options.commits_every,
             [this](std::stop_token stop) { look_at_commits(std::move(stop)); });
  chores.add("changes", at_once, tick,
             [this](const std::stop_token& stop) { look_for_changes(stop); });
  chores.add("logs", at_once, tick, [this](const std::stop_token& stop) { follow_logs(stop); });
  chores.add("copies", at_once, copies_every, [this](std::stop_token stop) {
    const auto own = current();
    const auto done = engine::catch_up_copies(*own, silent, std::move(stop));
    if (!done.ok()) log_failure("catching up copies", done.error());
  });
  chores.add("maintenance", base::minutes(1), base::minutes(10),
             [this](std::stop_token stop) { maintain_locations(std::move(stop)); });
}

void Daemon::Parts::look_at_status(std::stop_token stop) {
  const auto own = current();
  auto seen = engine::status_of(*own);
  if (!seen.ok()) return log_failure("looking at the locations", seen.error());
  if (stop.stop_requested()) return;
  std::shared_ptr<const std::vector<engine::LocationUse>> known_uses;
  {
    const std::lock_guard lock(mutex);
    known_uses = uses;
  }
  const engine::Sight sight{.status = seen.value(), .uses = *known_uses};
  const auto found = engine::find(*own, sight);
  if (!found.ok()) return log_failure("looking for what is wrong", found.error());
  const auto opened = engine::record_findings(*own, found.value(), sight);
  if (!opened.ok()) return log_failure("recording what is wrong", opened.error());
  for (const auto& finding : opened.value()) {
    base::log(LogLevel::warning, fmt::format("{}: {}", finding.severity, finding.message));
  }
  auto findings = own->catalog.findings().list_open();
  if (findings.ok()) seen.value().findings = std::move(findings).value();
  auto shared = std::make_shared<const engine::StrategyStatus>(std::move(seen).value());
  const std::lock_guard lock(mutex);
  status = std::move(shared);
}

void Daemon::Parts::look_at_uses(std::stop_token stop) {
  const auto own = current();
  auto seen = engine::location_uses(*own, std::move(stop));
  if (!seen.ok()) return log_failure("measuring the locations", seen.error());
  auto shared = std::make_shared<const std::vector<engine::LocationUse>>(std::move(seen).value());
  {
    const std::lock_guard lock(mutex);
    uses = std::move(shared);
  }
  chores.ask("status");
}

void Daemon::Parts::look_at_commits(std::stop_token stop) {
  const auto own = current();
  for (const auto& component : own->strategy.components) {
    const bool is_ours = component.enabled && component.is_of_host(own->host);
    if (component.kind != strategy::ComponentKind::git || !is_ours) continue;
    const auto state = engine::commit_state(*own, component, stop);
    auto& told = commit_troubles[component.name];
    if (!state.ok()) {
      // Told once, not every ten seconds.
      const auto text = state.error().to_string();
      if (text != told) log_failure("looking for commits of " + component.name, state.error());
      told = text;
      continue;
    }
    told.clear();
    post([name = component.name, number = number_of_state(state.value())](auto& to) {
      to.committed(name, number);
    });
  }
}

// One task for as long as the daemon lives: a file system that hangs holds up nothing else.
void Daemon::Parts::look_for_changes(const std::stop_token& stop) {
  SharedWorkplace watched;
  std::unique_ptr<ChangeWatches> watches;
  while (!stop.stop_requested()) {
    if (auto now = current(); now != watched) {
      watched = std::move(now);
      watches = std::make_unique<ChangeWatches>(*watched);
    }
    for (const auto& name : watches->take()) {
      post([name](auto& to) { to.changed(name); });
    }
    executor.sleep(tick, stop);
  }
}

// One task for as long as the daemon lives. A new strategy's logs are followed anew.
void Daemon::Parts::follow_logs(const std::stop_token& stop) {
  SharedWorkplace followed;
  while (!stop.stop_requested()) {
    if (auto now = current(); now != followed) {
      followed = std::move(now);
      std::shared_ptr<const LogDesk> ended;
      {
        const std::lock_guard lock(mutex);
        ended.swap(logs);
      }
      ended.reset();  // the slots must be free before they are taken again
      auto begun = std::make_shared<const LogDesk>(followed, executor);
      const std::lock_guard lock(mutex);
      logs = std::move(begun);
    }
    executor.sleep(tick, stop);
  }
  std::shared_ptr<const LogDesk> ended;
  const std::lock_guard lock(mutex);
  ended.swap(logs);
}

void Daemon::Parts::post(std::function<void(engine::Scheduler&)> message) {
  const std::lock_guard lock(mutex);
  messages.push_back(std::move(message));
}

void Daemon::Parts::maintain_locations(std::stop_token stop) {
  const auto own = current();
  for (const auto& location : own->strategy.locations) {
    if (location.kind != strategy::LocationKind::repository || stop.stop_requested()) continue;
    const auto now = own->clock.now();
    auto& slots = own->catalog.slots();
    auto slot = slots.see("", maintenance_slot + location.name, now, 0);
    if (!slot.ok()) return log_failure("maintenance", slot.error());
    auto& memory = slot.value();
    const auto since = memory.served.value_or(memory.first_seen);
    // A clock that was set back must not put it off for ever.
    if (now - since < options.maintenance_every && since <= now) continue;
    if (memory.failures > 0 && !engine::is_over(memory.retry_at, now)) continue;
    const auto done = engine::maintain(*own, location, stop);
    if (done.ok()) {
      memory.served = now;
      memory.failures = 0;
      memory.retry_at = {};
    } else {
      if (done.error().code() == base::ErrorCode::cancelled) return;
      log_failure("maintenance of " + location.name, done.error());
      ++memory.failures;
      memory.retry_at = now + engine::pause_after(memory.failures);
    }
    const auto written = slots.put("", maintenance_slot + location.name, memory);
    if (!written.ok()) log_failure("maintenance of " + location.name, written.error());
  }
}

void Daemon::Parts::take_messages() {
  std::vector<std::function<void(engine::Scheduler&)>> told;
  {
    const std::lock_guard lock(mutex);
    told.swap(messages);
  }
  for (const auto& message : told) message(*scheduler);
}

void Daemon::Parts::read_strategy_again() {
  if (!options.hangups || !options.read_again) return;
  const auto seen = options.hangups();
  if (seen == hangups_seen) return;
  hangups_seen = seen;
  notifier.reloading(clock.monotonic());
  const auto before = current();
  auto read = options.read_again();
  catalog::FindingRecord finding;
  finding.kind = engine::strategy_finding;
  if (!read.ok()) {
    base::log(LogLevel::error, fmt::format("the strategy was not taken, the old one goes on: {}",
                                           read.error().to_string()));
    finding.severity = engine::severity_of(before->strategy, finding.kind);
    finding.message = "a changed strategy was refused: " + read.error().message();
    finding.advice = "holdfast strategy check, then reload again";
    finding.opened = clock.now();
    static_cast<void>(before->catalog.findings().open(finding).ok());
  } else {
    static_cast<void>(before->catalog.findings().close(finding.key(), clock.now()).ok());
    {
      const std::lock_guard lock(mutex);
      workplace = std::move(read).value();
    }
    const auto own = current();
    const auto used = scheduler->use(*own);
    if (!used.ok()) log_failure("taking the new strategy", used.error());
    base::log(LogLevel::info, "the strategy was read again");
  }
  chores.ask("status");
  notifier.ready("running");
}

Result<void> Daemon::Parts::start_due() {
  for (auto& assignment : TRY(scheduler->take_due())) {
    desk.start(current(), std::move(assignment));
  }
  return {};
}

void Daemon::Parts::beat() {
  const auto now = clock.monotonic();
  {
    const std::lock_guard lock(mutex);
    last_beat = now;
    run_count = desk.size();
  }
  if (now - last_alive < alive_every) return;
  last_alive = now;
  notifier.alive();
  notifier.status(fmt::format("{} runs under way", desk.size()));
}

// Each part is done whatever became of the others; the first that failed is told.
Result<void> Daemon::Parts::step() {
  Result<void> done = end_runs();
  take_messages();
  read_strategy_again();
  auto started = start_due();
  if (done.ok()) done = std::move(started);
  for (const auto number : desk.look_after()) scheduler->set_aside(number);
  chores.start_due();
  return done;
}

Result<void> Daemon::Parts::end_runs() {
  Result<void> done;
  const auto ended = desk.take_ended();
  for (const auto& run : ended) {
    auto remembered = scheduler->end(run.number, run.ending);
    if (done.ok()) done = std::move(remembered);
  }
  if (!ended.empty()) chores.ask("status");
  return done;
}

void Daemon::Parts::tell(const Result<void>& done) {
  if (done.ok()) {
    trouble.clear();
    return;
  }
  const auto now = clock.monotonic();
  auto text = done.error().to_string();
  if (text == trouble && now - trouble_told < base::minutes(1)) return;
  base::log(LogLevel::error, "the catalog: " + text);
  trouble = std::move(text);
  trouble_told = now;
}

Daemon::Left Daemon::Parts::leave() {
  notifier.stopping();
  base::log(LogLevel::info, "stopping");
  desk.stop_all();
  chores.request_stop();
  const auto until = clock.monotonic() + options.stop_grace;
  while (!desk.is_idle() || !chores.is_idle()) {
    tell(end_runs());
    if (clock.monotonic() > until) return Left::hanging_runs;
    wait();
  }
  return Left::nothing;
}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::open(SharedWorkplace workplace, DaemonOptions options,
                                             io::Executor& executor) {
  auto parts = std::make_unique<Parts>(std::move(workplace), std::move(options), executor);
  TRY(parts->begin());
  return std::unique_ptr<Daemon>(new Daemon(std::move(parts)));
}

Result<Daemon::Left> Daemon::run(std::stop_token stop) {
  const std::stop_callback waking(stop, [this] { parts_->wake(); });
  base::log(LogLevel::info,
            fmt::format("strategy {} ({}) is carried out", parts_->workplace->strategy.name,
                        parts_->workplace->strategy.environment));
  parts_->notifier.ready("running");
  while (!stop.stop_requested()) {
    // A catalog that can't be reached now may be again: the loop goes on.
    parts_->tell(parts_->step());
    parts_->beat();
    parts_->wait();
  }
  return parts_->leave();
}

View Daemon::view() const {
  std::shared_ptr<const LogDesk> logs;
  {
    const std::lock_guard lock(parts_->mutex);
    logs = parts_->logs;
  }
  std::vector<engine::LogState> states;
  if (logs != nullptr) states = logs->states();
  logs.reset();
  const std::lock_guard lock(parts_->mutex);
  return {.workplace = parts_->workplace,
          .status = parts_->status,
          .uses = parts_->uses,
          .logs = std::move(states),
          .beat = parts_->last_beat,
          .runs = parts_->run_count};
}

void Daemon::wake() { parts_->wake(); }

}  // namespace holdfast::daemon
