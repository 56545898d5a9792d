// SimulatedStrategy: a strategy that is carried out for years in seconds. The program's scheduler,
// catalog, retention, waiting copies and findings are the real ones; sources and locations are
// stubs that know how long things take and what goes wrong. Locations are away for hours or days,
// the daemon is killed at any moment, clocks jump, sources fail. Everything comes from one seed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "catalog/catalog.hpp"
#include "engine/scheduler.hpp"
#include "naive_alarms.hpp"
#include "naive_calendar.hpp"
#include "naive_schedule.hpp"
#include "strategy/model.hpp"
#include "stub_locations.hpp"

namespace holdfast::simulation {

// What must not fail in a simulation.
template <typename T>
T must(base::Result<T> result) {
  CHECK(result.ok(), result.ok() ? "" : result.error().to_string());
  return std::move(result).value();
}
inline void must(base::Result<void> result) {
  CHECK(result.ok(), result.ok() ? "" : result.error().to_string());
}

struct StrategyYears {
  std::string text;  // of the strategy file
  std::string zone;
  base::Time start;
  int days = 730;
  std::uint64_t seed = 1;
  Mutant mutant = Mutant::none;
};

// What happened, so that a simulation in which nothing happened is seen.
struct YearsCount {
  std::uint64_t looks = 0;  // of the scheduler
  std::uint64_t runs = 0;
  std::uint64_t failed = 0;
  std::uint64_t interrupted = 0;
  std::uint64_t crashes = 0;
  std::uint64_t outages = 0;
  std::uint64_t clock_jumps = 0;
  std::uint64_t copies_late = 0;  // caught up
  std::uint64_t findings = 0;     // opened
  std::uint64_t frozen = 0;       // retention, while a size was strange
  std::uint64_t forgotten = 0;
  std::uint64_t served = 0;
  std::uint64_t caught_up = 0;  // slots
  std::uint64_t promises = 0;   // of logs, looked at
  std::uint64_t gaps = 0;       // of them, known not to be kept
};

class SimulatedStrategy {
 public:
  // `directory`: for the catalog; best in memory.
  SimulatedStrategy(StrategyYears years, const std::string& directory);
  ~SimulatedStrategy();

  // What went wrong first, and when; nothing: all was as it should be.
  std::optional<std::string> live();
  [[nodiscard]] YearsCount count() const;

 private:
  struct SkewedClock final : base::Clock {
    [[nodiscard]] base::Time now() const override { return real + skew; }
    [[nodiscard]] base::Duration monotonic() const override { return {real.nanoseconds}; }
    base::Time real;
    base::Duration skew;
  };
  struct Event {
    base::Time at;  // real
    std::uint64_t order;
    std::function<void()> act;
    bool operator<(const Event& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  struct Running {
    engine::Assignment assignment;
    std::string id;
    base::Time began;  // by the machine's clock
    base::Time truly_began;
    bool fails = false;
  };
  struct Target {
    std::string location;
    std::set<std::string> plans;
  };
  // One that a location waits for, by the model's own account.
  struct Lack {
    std::string run;
    std::uint64_t snapshot;
    std::string component;
    std::string origin;
    std::string location;
    std::set<std::string> plans;
  };

  void at(base::Time real, std::function<void()> act);
  void after(base::Duration wait, std::function<void()> act) { at(clock_.real + wait, act); }
  // Again and again, after pauses of about `mean`.
  void now_and_then(base::Duration mean, const std::function<void()>& act);
  [[nodiscard]] base::Duration about(base::Duration mean);  // uniform, up to twice as much
  [[nodiscard]] bool chance(std::uint64_t one_in) { return random_.below(one_in) == 0; }
  [[nodiscard]] base::Time wall() const { return clock_.now(); }
  void complain(std::optional<std::string> what);

  // simulated_strategy.cpp: the daemon.
  void open_daemon();
  void kill_daemon();
  void look();
  void arm();
  void start(engine::Assignment assignment);
  void end(std::uint64_t number);
  void keep_watch();
  void maintain();
  void write_logs();
  void end_day();

  // stub_runs.cpp: what runs do.
  [[nodiscard]] base::Duration duration_of(const engine::Assignment& assignment);
  [[nodiscard]] std::vector<Target> targets_of(const engine::Assignment& assignment) const;
  [[nodiscard]] StubCapture capture(const Running& run, const Target& target);
  [[nodiscard]] std::uint64_t size_of(const Running& run);
  base::Result<catalog::RunEnd> carry_out(const Running& run);
  base::Result<catalog::RunEnd> carry_out_plans(const Running& run);
  base::Result<catalog::RunEnd> carry_out_verification(const Running& run);
  void share(const Running& run, const StubCapture& capture, const std::string& origin,
             const std::vector<Target>& targets);
  void catch_up();
  void arm_copies(base::Duration wait);
  base::Result<void> try_copy(const catalog::CopyRecord& waiting);
  void note_waiting(const std::vector<catalog::CopyRecord>& waiting, const std::string& component,
                    const std::string& origin, std::uint64_t id);
  void expire(const std::string& component, const std::string& location);

  // strategy_faults.cpp: what happens around it.
  void begin_faults();
  void begin_events();
  void take_away(const std::string& location);
  void jump();
  void change(const std::string& component, int times);
  void commit(const std::string& component);
  void happen(const std::string& event, const std::map<std::string, std::string>& tags,
              const std::string& id);

  StrategyYears years_;
  strategy::Strategy strategy_;
  SkewedClock clock_;
  base::SeededRandom random_;
  NaiveCalendar calendar_;
  NaiveSchedule schedule_;
  NaiveAlarms alarms_;
  StubLocations locations_;
  std::string directory_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<engine::Workplace> workplace_;
  std::optional<engine::Scheduler> scheduler_;  // nothing: the daemon isn't running
  base::Time up_since_;                         // real
  base::Time last_jump_;                        // real
  std::priority_queue<Event> events_;
  std::uint64_t order_ = 0;
  std::uint64_t wake_ = 0;         // the newest that was armed
  std::uint64_t copies_wake_ = 0;  // the same
  std::uint64_t lives_ = 0;        // of the daemon
  bool is_heard_ = false;          // something that the scheduler should look at
  bool dies_in_next_run_ = false;
  std::map<std::uint64_t, Running> running_;
  std::map<std::string, base::Time> failing_until_;  // sources; real
  std::map<std::string, std::int64_t> refs_;
  std::vector<Lack> lacks_;
  std::map<StubLocations::Key, std::optional<base::Duration>> expected_;  // ages
  std::map<std::string, std::string> frozen_;      // by the findings of the catalog
  std::map<std::string, std::uint64_t> contents_;  // of each component of files
  base::Time log_written_;
  std::uint64_t last_id_ = 0;
  std::optional<std::string> wrong_;
  YearsCount count_;
};

}  // namespace holdfast::simulation
