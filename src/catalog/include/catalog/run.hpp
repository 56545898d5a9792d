// Runs: what was carried out, by which slot, with which outcome, and the lines of its log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace holdfast::catalog {

class Database;

enum class RunKind { backup, copy, verify, drill, expire, restore };
enum class RunState { running, succeeded, warnings, failed, cancelled, interrupted };
// Why it began.
enum class RunReason { schedule, catch_up, retry, change, event, command };

[[nodiscard]] std::string_view run_kind_name(RunKind kind) noexcept;
[[nodiscard]] std::string_view run_state_name(RunState state) noexcept;
[[nodiscard]] std::string_view run_reason_name(RunReason reason) noexcept;
// Nothing if there is no such state.
[[nodiscard]] std::optional<RunState> parse_run_state(std::string_view name) noexcept;
[[nodiscard]] std::optional<RunKind> parse_run_kind(std::string_view name) noexcept;
// The plans of RunStart::plan, one by one.
[[nodiscard]] std::vector<std::string> split_plans(std::string_view plans);

struct RunStart {
  RunKind kind = RunKind::backup;
  std::string component;
  std::string plan;  // plans that share a capture: joined by ", "
  RunReason reason = RunReason::command;
  std::optional<base::Time> slot;  // the instant at which it was due
  base::Time started;
};

struct RunEnd {
  RunState state = RunState::succeeded;
  base::Time ended;
  std::string message;   // in a sentence: what failed, or nothing
  std::string snapshot;  // hexadecimal, or nothing
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_new = 0;
  std::uint64_t bytes_stored = 0;
  std::uint64_t size = 0;  // of what was captured
  std::uint64_t warning_count = 0;
};

struct RunRecord {
  std::string id;
  RunStart start;
  RunEnd end;  // state running: the rest of it isn't known yet
  bool is_cancel_requested = false;
};

struct RunLine {
  base::Time at;
  std::string text;
};

struct RunFilter {
  std::string component;  // empty: any
  std::string plan;
  std::optional<RunKind> kind;
  std::optional<RunState> state;
  std::uint64_t limit = 50;
};

// What the backups and copies of one plan came to, all that are over. A run that served several
// plans counts for each of them.
struct RunTotals {
  std::string component;
  std::string plan;
  std::uint64_t ended = 0;
  std::uint64_t succeeded = 0;  // with warnings or without
  std::uint64_t failed = 0;     // and interrupted; what is left of `ended` was cancelled
  // The newest that succeeded.
  struct Newest {
    base::Time started;
    base::Time ended;
    std::uint64_t size = 0;  // of what was captured
  };
  std::optional<Newest> newest;
};

// Calls are thread-safe and durable when they return; errors are the database's.
class Runs {
 public:
  explicit Runs(Database& database) : database_(database) {}

  // The id of the new run.
  base::Result<std::string> begin(const RunStart& start, base::Random& random);
  base::Result<void> end(const std::string& id, const RunEnd& end);
  // Writes a run that is known from elsewhere, as it ended; whether there was none with this id.
  base::Result<bool> take_over(const RunRecord& record);
  base::Result<void> log(const std::string& id, base::Time at, const std::string& text);
  // Newest first.
  base::Result<std::vector<RunRecord>> list(const RunFilter& filter);
  // When the newest backup of the component that ended well did so; later than `until`: not
  // counted. Nothing if there is none.
  base::Result<std::optional<base::Time>> newest_success(const std::string& component,
                                                         base::Time until);
  // What `plan` said in the component's runs: one plan, or several that shared a capture.
  base::Result<std::vector<std::string>> plans_of(const std::string& component);
  // By id or the beginning of one, or "latest". not_found; invalid_argument if ambiguous.
  base::Result<RunRecord> get(const std::string& id);
  base::Result<std::vector<RunLine>> lines(const std::string& id);
  // What was running when its daemon ended; gives their ids.
  base::Result<std::vector<RunRecord>> interrupt_running(base::Time now);
  // conflict if it has ended.
  base::Result<void> request_cancel(const std::string& id);
  base::Result<bool> is_cancel_requested(const std::string& id);
  // By component and plan.
  base::Result<std::vector<RunTotals>> totals();

 private:
  Database& database_;
};

}  // namespace holdfast::catalog
