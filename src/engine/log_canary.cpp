// Writing, remembering, comparing.
#include "log_canary.hpp"

#include <algorithm>

#include "wire/postgres_messages.hpp"

namespace holdfast::engine {

using base::Result;

namespace {

// As many as a location that is away for long can still be told apart by.
constexpr std::size_t written_max = 10'000;

constexpr const char* make_table =
    "create schema if not exists holdfast; "
    "create table if not exists holdfast.canary (id int primary key, at timestamptz not null)";
constexpr const char* write_row =
    "insert into holdfast.canary values (1, clock_timestamp()) "
    "on conflict (id) do update set at = excluded.at";

}  // namespace

LogCanary::LogCanary(Address address, base::Duration every, const base::Clock& clock,
                     io::Executor& executor)
    : address_(std::move(address)), every_(every), clock_(clock), executor_(executor) {
  task_ = executor.spawn("canary", [this] { run(); });
}

LogCanary::~LogCanary() {
  stop_.request_stop();
  task_->join();
}

void LogCanary::run() {
  const auto stop = stop_.get_token();
  std::unique_ptr<wire::PostgresConnection> connection;
  while (!stop.stop_requested()) {
    const auto once = [&]() -> Result<void> {
      if (connection == nullptr) {
        connection = TRY(wire::PostgresConnection::open(TRY(address_()), {}, stop));
        TRY_CONTEXT(connection->query(make_table), "making the canary's table");
      }
      return write(*connection);
    };
    const auto done = once();
    if (!done.ok()) connection.reset();
    {
      const std::lock_guard lock(mutex_);
      message_ = done.ok() ? std::string() : done.error().to_string();
    }
    executor_.sleep(every_, stop);
  }
}

Result<void> LogCanary::write(wire::PostgresConnection& connection) {
  TRY_CONTEXT(connection.query(write_row), "writing the canary");
  const auto at = clock_.now();
  const auto table = TRY(connection.query("select pg_current_wal_insert_lsn()::text"));
  const auto position = TRY(wire::parse_lsn(TRY(table.cell(0, 0))));
  const std::lock_guard lock(mutex_);
  if (written_.size() >= written_max) written_.erase(written_.begin());
  written_.push_back({.position = position, .at = at});
  return {};
}

void LogCanary::durable(const std::string& location, const LogPosition& position,
                        base::Time since) {
  const std::lock_guard lock(mutex_);
  auto& state = states_[location];
  for (const auto& each : written_) {
    if (each.position > position.position || each.at <= state.at) continue;
    state.at = each.at;
    state.delay = std::max(base::Duration{}, since - each.at);
  }
}

std::optional<CanaryState> LogCanary::state(const std::string& location) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(location);
  if (found == states_.end() || found->second.at.nanoseconds == 0) return std::nullopt;
  return found->second;
}

std::string LogCanary::message() const {
  const std::lock_guard lock(mutex_);
  return message_;
}

}  // namespace holdfast::engine
