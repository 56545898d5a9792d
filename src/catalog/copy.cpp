// Copies in the table of the same name.
#include "catalog/copy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "catalog/run.hpp"
#include "database.hpp"

namespace holdfast::catalog {

using base::Result;

namespace {

constexpr std::array state_names{"waiting", "stored", "dropped"};

constexpr std::string_view columns =
    "run, location, component, plan, state, original, original_location, snapshot, slot, changed, "
    "next_attempt, attempts, bytes_stored, message";

CopyRecord record_of(const Row& row) {
  CopyRecord made;
  made.run = text_of(row[0]);
  made.location = text_of(row[1]);
  made.component = text_of(row[2]);
  made.plan = text_of(row[3]);
  for (std::size_t i = 0; i < state_names.size(); ++i) {
    if (text_of(row[4]) == state_names[i]) made.state = static_cast<CopyState>(i);
  }
  made.original = text_of(row[5]);
  made.original_location = text_of(row[6]);
  made.snapshot = text_of(row[7]);
  made.slot = optional_time_of(row[8]);
  made.changed = time_of(row[9]);
  made.next_attempt = time_of(row[10]);
  made.attempts = count_of(row[11]);
  made.bytes_stored = count_of(row[12]);
  made.message = text_of(row[13]);
  return made;
}

Result<std::vector<CopyRecord>> select(Database& database, std::string_view condition,
                                       std::vector<Value> values) {
  std::vector<CopyRecord> records;
  const auto rows = TRY(database.query(
      fmt::format("SELECT {} FROM copies WHERE {}", columns, condition), std::move(values)));
  for (const auto& row : rows) records.push_back(record_of(row));
  return records;
}

}  // namespace

std::string_view copy_state_name(CopyState state) noexcept {
  return state_names[static_cast<std::size_t>(state)];
}

Result<void> Copies::put(const CopyRecord& record) {
  TRY(database_.execute(
      fmt::format("INSERT OR REPLACE INTO copies ({}) VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, "
                  ":j, :k, :l, :m, :n)",
                  columns),
      {record.run, record.location, record.component, record.plan,
       std::string(copy_state_name(record.state)), record.original, record.original_location,
       record.snapshot, value_of(record.slot), value_of(record.changed),
       value_of(record.next_attempt), value_of(record.attempts), value_of(record.bytes_stored),
       record.message}));
  return {};
}

Result<std::vector<CopyRecord>> Copies::waiting() {
  return select(database_, "state = 'waiting' ORDER BY run, location", {});
}

Result<std::vector<CopyRecord>> Copies::of_run(const std::string& run) {
  return select(database_, "run = :a ORDER BY location", {run});
}

Result<std::optional<CopyRecord>> Copies::newest(const std::string& component,
                                                 const std::string& location) {
  auto found = TRY(select(
      database_, "state = 'stored' AND component = :a AND location = :b ORDER BY run DESC LIMIT 1",
      {component, location}));
  if (found.empty()) return std::optional<CopyRecord>();
  return std::optional(std::move(found.front()));
}

Result<std::vector<CopyTotals>> Copies::totals() {
  std::map<std::tuple<std::string, std::string, std::string>, CopyTotals> totals;
  const auto rows = TRY(database_.query(
      "SELECT r.component, r.plan, c.location, r.state, c.state, COUNT(*), SUM(c.attempts), "
      "MAX(r.started) FROM copies c JOIN runs r ON r.id = c.run WHERE r.state <> 'running' GROUP "
      "BY "
      "r.component, r.plan, c.location, r.state, c.state"));
  for (const auto& row : rows) {
    const auto component = text_of(row[0]);
    const auto location = text_of(row[2]);
    const auto run_state = parse_run_state(text_of(row[3]));
    const auto count = count_of(row[5]);
    for (const auto& plan : split_plans(text_of(row[1]))) {
      auto& one = totals[{component, plan, location}];
      one.component = component;
      one.plan = plan;
      one.location = location;
      one.runs += count;
      if (run_state == RunState::failed || run_state == RunState::interrupted) {
        one.runs_failed += count;
      }
      if (run_state == RunState::cancelled) one.runs_cancelled += count;
      one.attempts += count_of(row[6]);
      if (text_of(row[4]) != copy_state_name(CopyState::stored)) continue;
      one.stored += count;
      one.newest = std::max(one.newest, optional_time_of(row[7]));
    }
  }
  std::vector<CopyTotals> list;
  list.reserve(totals.size());
  for (auto& [key, one] : totals) list.push_back(std::move(one));
  return list;
}

}  // namespace holdfast::catalog
