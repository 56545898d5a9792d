// Runs in the table of the same name.
#include "catalog/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "database.hpp"

namespace holdfast::catalog {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::array kind_names{"backup", "copy", "verify", "drill", "expire", "restore"};
constexpr std::array state_names{"running", "succeeded", "warnings",
                                 "failed",  "cancelled", "interrupted"};
constexpr std::array reason_names{"schedule", "catch-up", "retry", "change", "event", "command"};

constexpr std::string_view columns =
    "id, kind, component, plan, reason, slot, started, state, ended, message, snapshot, "
    "bytes_read, bytes_new, bytes_stored, size, warnings, cancel";

template <typename Enum, std::size_t Size>
Enum named(const std::array<const char*, Size>& names, const std::string& name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  return {};
}

RunRecord record_of(const Row& row) {
  RunRecord made;
  made.id = text_of(row[0]);
  made.start = {.kind = named<RunKind>(kind_names, text_of(row[1])),
                .component = text_of(row[2]),
                .plan = text_of(row[3]),
                .reason = named<RunReason>(reason_names, text_of(row[4])),
                .slot = optional_time_of(row[5]),
                .started = time_of(row[6])};
  made.end = {.state = named<RunState>(state_names, text_of(row[7])),
              .ended = time_of(row[8]),
              .message = text_of(row[9]),
              .snapshot = text_of(row[10]),
              .bytes_read = count_of(row[11]),
              .bytes_new = count_of(row[12]),
              .bytes_stored = count_of(row[13]),
              .size = count_of(row[14]),
              .warning_count = count_of(row[15])};
  made.is_cancel_requested = number_of(row[16]) != 0;
  return made;
}

// "20261121-101530-4f2a"
std::string make_id(base::Time started, base::Random& random) {
  std::string id;
  for (const char c : base::format_utc(started)) {
    if (c >= '0' && c <= '9') id += c;
    if (c == 'T') id += '-';
  }
  return id + "-" + base::to_hex(random.array<2>());
}

}  // namespace

std::string_view run_kind_name(RunKind kind) noexcept {
  return kind_names[static_cast<std::size_t>(kind)];
}
std::string_view run_state_name(RunState state) noexcept {
  return state_names[static_cast<std::size_t>(state)];
}
std::string_view run_reason_name(RunReason reason) noexcept {
  return reason_names[static_cast<std::size_t>(reason)];
}

std::optional<RunState> parse_run_state(std::string_view name) noexcept {
  for (std::size_t i = 0; i < state_names.size(); ++i) {
    if (name == state_names[i]) return static_cast<RunState>(i);
  }
  return std::nullopt;
}

std::optional<RunKind> parse_run_kind(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kind_names.size(); ++i) {
    if (name == kind_names[i]) return static_cast<RunKind>(i);
  }
  return std::nullopt;
}

std::vector<std::string> split_plans(std::string_view plans) {
  constexpr std::string_view between = ", ";
  std::vector<std::string> names;
  while (!plans.empty()) {
    const auto end = plans.find(between);
    names.emplace_back(plans.substr(0, end));
    if (end == std::string_view::npos) break;
    plans.remove_prefix(end + between.size());
  }
  return names;
}

Result<std::string> Runs::begin(const RunStart& start, base::Random& random) {
  constexpr int attempts_max = 100;
  for (int attempt = 0;; ++attempt) {
    const auto id = make_id(start.started, random);
    const auto done = database_.execute(
        "INSERT INTO runs VALUES (:a, :b, :c, :d, :e, :f, :g, 'running', NULL, '', '', 0, 0, 0, 0, "
        "0, 0)",
        {id, std::string(run_kind_name(start.kind)), start.component, start.plan,
         std::string(run_reason_name(start.reason)), value_of(start.slot),
         value_of(start.started)});
    if (done.ok()) return id;
    if (done.error().code() != ErrorCode::already_exists || attempt == attempts_max) {
      return done.error();
    }
  }
}

Result<bool> Runs::take_over(const RunRecord& record) {
  const auto& start = record.start;
  const auto& end = record.end;
  const auto added = TRY(database_.execute(
      "INSERT OR IGNORE INTO runs VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m, :n, "
      ":o, :p, 0)",
      {record.id, std::string(run_kind_name(start.kind)), start.component, start.plan,
       std::string(run_reason_name(start.reason)), value_of(start.slot), value_of(start.started),
       std::string(run_state_name(end.state)), value_of(end.ended), end.message, end.snapshot,
       value_of(end.bytes_read), value_of(end.bytes_new), value_of(end.bytes_stored),
       value_of(end.size), value_of(end.warning_count)}));
  return added > 0;
}

Result<void> Runs::end(const std::string& id, const RunEnd& end) {
  const auto changed = TRY(database_.execute(
      "UPDATE runs SET state = :a, ended = :b, message = :c, snapshot = :d, bytes_read = :e, "
      "bytes_new = :f, bytes_stored = :g, size = :h, warnings = :i WHERE id = :j",
      {std::string(run_state_name(end.state)), value_of(end.ended), end.message, end.snapshot,
       value_of(end.bytes_read), value_of(end.bytes_new), value_of(end.bytes_stored),
       value_of(end.size), value_of(end.warning_count), id}));
  if (changed == 0) return Error(ErrorCode::not_found, "there is no run " + id);
  return {};
}

Result<void> Runs::log(const std::string& id, base::Time at, const std::string& text) {
  TRY(database_.execute("INSERT INTO run_lines (run, at, text) VALUES (:a, :b, :c)",
                        {id, value_of(at), text}));
  return {};
}

Result<std::vector<RunRecord>> Runs::list(const RunFilter& filter) {
  std::string sql = fmt::format("SELECT {} FROM runs WHERE 1 = 1", columns);
  std::vector<Value> values;
  const auto also = [&](std::string_view column, std::string_view wanted) {
    if (wanted.empty()) return;
    values.emplace_back(std::string(wanted));
    sql += fmt::format(" AND {} = :v{}", column, values.size());
  };
  also("component", filter.component);
  also("plan", filter.plan);
  if (filter.kind) also("kind", run_kind_name(*filter.kind));
  if (filter.state) also("state", run_state_name(*filter.state));
  sql += fmt::format(" ORDER BY started DESC, id DESC LIMIT {}", filter.limit);
  std::vector<RunRecord> records;
  for (const auto& row : TRY(database_.query(sql, values))) records.push_back(record_of(row));
  return records;
}

Result<std::optional<base::Time>> Runs::newest_success(const std::string& component,
                                                       base::Time until) {
  std::optional<base::Time> newest;
  for (const auto state : {RunState::succeeded, RunState::warnings}) {
    const auto rows = TRY(database_.query(
        "SELECT ended FROM runs WHERE component = :a AND kind = 'backup' AND state = :b AND ended "
        "<= :c ORDER BY ended DESC LIMIT 1",
        {component, std::string(run_state_name(state)), value_of(until)}));
    if (rows.empty()) continue;
    newest = std::max(newest.value_or(base::Time{INT64_MIN}), time_of(rows[0][0]));
  }
  return newest;
}

// From each to the next by the index: a component has few, and very many runs.
Result<std::vector<std::string>> Runs::plans_of(const std::string& component) {
  std::vector<std::string> plans;
  std::string last;
  while (true) {
    const auto rows = TRY(database_.query(
        "SELECT plan FROM runs WHERE component = :a AND plan > :b ORDER BY plan LIMIT 1",
        {component, last}));
    if (rows.empty()) return plans;
    last = text_of(rows[0][0]);
    plans.push_back(last);
  }
}

Result<RunRecord> Runs::get(const std::string& id) {
  if (id == "latest") {
    auto newest = TRY(list({.component = {}, .plan = {}, .kind = {}, .state = {}, .limit = 1}));
    if (newest.empty()) return Error(ErrorCode::not_found, "there is no run yet");
    return std::move(newest.front());
  }
  const auto rows = TRY(database_.query(
      fmt::format("SELECT {} FROM runs WHERE substr(id, 1, :a) = :b ORDER BY id LIMIT 2", columns),
      {value_of(std::uint64_t{id.size()}), id}));
  if (rows.empty()) {
    return Error(ErrorCode::not_found, fmt::format("there is no run '{}'", id))
        .with_hint("holdfast runs list shows them");
  }
  if (rows.size() > 1 && text_of(rows[0][0]) != id) {
    return Error(ErrorCode::invalid_argument, fmt::format("'{}' is the beginning of several", id))
        .with_hint("give more of it");
  }
  return record_of(rows[0]);
}

Result<std::vector<RunLine>> Runs::lines(const std::string& id) {
  std::vector<RunLine> lines;
  const auto rows =
      TRY(database_.query("SELECT at, text FROM run_lines WHERE run = :a ORDER BY number", {id}));
  for (const auto& row : rows) lines.push_back({time_of(row[0]), text_of(row[1])});
  return lines;
}

Result<std::vector<RunRecord>> Runs::interrupt_running(base::Time now) {
  auto found = TRY(list(
      {.component = {}, .plan = {}, .kind = {}, .state = RunState::running, .limit = 1'000'000}));
  for (auto& run : found) {
    run.end = {.state = RunState::interrupted,
               .ended = now,
               .message = "the program ended before the run did"};
    TRY(end(run.id, run.end));
  }
  return found;
}

Result<void> Runs::request_cancel(const std::string& id) {
  const auto changed = TRY(
      database_.execute("UPDATE runs SET cancel = 1 WHERE id = :a AND state = 'running'", {id}));
  if (changed == 0) return Error(ErrorCode::conflict, fmt::format("run {} has ended", id));
  return {};
}

Result<bool> Runs::is_cancel_requested(const std::string& id) {
  const auto rows = TRY(database_.query("SELECT cancel FROM runs WHERE id = :a", {id}));
  return !rows.empty() && number_of(rows[0][0]) != 0;
}

Result<std::vector<RunTotals>> Runs::totals() {
  std::map<std::pair<std::string, std::string>, RunTotals> totals;
  const auto of_plans = [&](const Row& row, const auto& change) {
    for (const auto& plan : split_plans(text_of(row[1]))) {
      auto& one = totals[{text_of(row[0]), plan}];
      one.component = text_of(row[0]);
      one.plan = plan;
      change(one);
    }
  };
  const auto counts = TRY(
      database_.query("SELECT component, plan, state, COUNT(*) FROM runs WHERE kind IN ('backup', "
                      "'copy') AND state <> 'running' GROUP BY component, plan, state"));
  for (const auto& row : counts) {
    const auto state = named<RunState>(state_names, text_of(row[2]));
    const auto count = count_of(row[3]);
    of_plans(row, [&](RunTotals& one) {
      one.ended += count;
      if (state == RunState::succeeded || state == RunState::warnings) one.succeeded += count;
      if (state == RunState::failed || state == RunState::interrupted) one.failed += count;
    });
  }
  constexpr std::string_view succeeded =
      "kind IN ('backup', 'copy') AND state IN ('succeeded', 'warnings')";
  const auto newest = TRY(database_.query(fmt::format(
      "SELECT r.component, r.plan, r.started, r.ended, r.size FROM runs r JOIN (SELECT component, "
      "plan, MAX(started) AS newest FROM runs WHERE {0} GROUP BY component, plan) n ON r.component "
      "= n.component AND r.plan = n.plan AND r.started = n.newest WHERE {0} ORDER BY r.id",
      succeeded)));
  for (const auto& row : newest) {
    const auto started = time_of(row[2]);
    of_plans(row, [&](RunTotals& one) {
      if (one.newest && one.newest->started > started) return;
      one.newest = {.started = started, .ended = time_of(row[3]), .size = count_of(row[4])};
    });
  }
  std::vector<RunTotals> list;
  list.reserve(totals.size());
  for (auto& [key, one] : totals) list.push_back(std::move(one));
  return list;
}

}  // namespace holdfast::catalog
