// SOCI's session, statements and errors. Its headers are heavy: they are included here alone.
#include "database.hpp"

#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>
#include <charconv>
#include <mutex>

namespace holdfast::catalog {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr int busy_timeout_seconds = 10;

ErrorCode code_of(int sqlite_result) {
  switch (sqlite_result & 0xff) {
    case SQLITE_FULL: return ErrorCode::no_space;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN: return ErrorCode::permission_denied;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorCode::unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorCode::damaged;
    case SQLITE_CONSTRAINT: return ErrorCode::already_exists;
    default: return ErrorCode::io;
  }
}

Error error_of(const soci::soci_error& thrown) {
  const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&thrown);
  return {sqlite != nullptr ? code_of(sqlite->result()) : ErrorCode::io,
          fmt::format("the catalog: {}", thrown.get_error_message())};
}

Value column_of(const soci::row& row, std::size_t column) {
  if (row.get_indicator(column) == soci::i_null) return {};
  switch (row.get_properties(column).get_data_type()) {
    case soci::dt_integer: return std::int64_t{row.get<int>(column)};
    case soci::dt_long_long: return static_cast<std::int64_t>(row.get<long long>(column));
    case soci::dt_unsigned_long_long:
      return static_cast<std::int64_t>(row.get<unsigned long long>(column));
    default: return row.get<std::string>(column);
  }
}

// Values bound to a statement, at addresses that stay.
struct Bound {
  std::vector<long long> numbers;
  std::vector<std::string> texts;
  std::vector<soci::indicator> present;
};

void bind_values(soci::statement& statement, const std::vector<Value>& values, Bound& bound) {
  bound.numbers.reserve(values.size());
  bound.texts.reserve(values.size());
  bound.present.reserve(values.size());
  for (const auto& value : values) {
    const bool has_value = !is_null(value);
    auto& present = bound.present.emplace_back(has_value ? soci::i_ok : soci::i_null);
    if (std::holds_alternative<std::int64_t>(value)) {
      auto& number = bound.numbers.emplace_back(std::get<std::int64_t>(value));
      statement.exchange(soci::use(number, present));
    } else {
      auto& text = bound.texts.emplace_back(text_of(value));
      statement.exchange(soci::use(text, present));
    }
  }
}

}  // namespace

std::int64_t number_of(const Value& value) noexcept {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  // What has no declared type, such as a PRAGMA's answer, comes as text.
  std::int64_t number = 0;
  if (const auto* text = std::get_if<std::string>(&value)) {
    std::from_chars(text->data(), text->data() + text->size(), number);
  }
  return number;
}

std::string text_of(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? *text : std::string();
}

std::uint64_t count_of(const Value& value) noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, number_of(value)));
}

base::Time time_of(const Value& value) noexcept { return {number_of(value)}; }

std::optional<base::Time> optional_time_of(const Value& value) noexcept {
  return is_null(value) ? std::nullopt : std::optional(time_of(value));
}

Value value_of(const std::optional<base::Time>& time) {
  return time ? Value(time->nanoseconds) : Value();
}

Value value_of(std::uint64_t count) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(count, INT64_MAX));
}

bool is_null(const Value& value) noexcept { return std::holds_alternative<std::monostate>(value); }

struct Database::State {
  std::recursive_mutex mutex;
  soci::session session;
};

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  if (path.find_first_of("\"' ") != std::string::npos) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("the catalog's path '{}' has a space or a quote", path))
        .with_hint("choose a folder without them");
  }
  auto state = std::make_unique<State>();
  try {
    state->session.open(soci::sqlite3, fmt::format("db={} timeout={}", path, busy_timeout_seconds));
  } catch (const soci::soci_error& thrown) {
    return error_of(thrown).with_context(path);
  }
  return std::unique_ptr<Database>(new Database(std::move(state)));
}

Result<std::vector<Row>> Database::query(const std::string& sql, std::vector<Value> values) {
  const std::lock_guard lock(state_->mutex);
  std::vector<Row> rows;
  try {
    soci::statement statement(state_->session);
    soci::row row;
    Bound bound;
    bind_values(statement, values, bound);
    statement.exchange(soci::into(row));
    statement.alloc();
    statement.prepare(sql);
    statement.define_and_bind();
    if (statement.execute(true)) {
      do {
        Row made;
        for (std::size_t i = 0; i < row.size(); ++i) made.push_back(column_of(row, i));
        rows.push_back(std::move(made));
      } while (statement.fetch());
    }
  } catch (const soci::soci_error& thrown) {
    return error_of(thrown);
  }
  return rows;
}

Result<std::uint64_t> Database::execute(const std::string& sql, std::vector<Value> values) {
  const std::lock_guard lock(state_->mutex);
  try {
    soci::statement statement(state_->session);
    Bound bound;
    bind_values(statement, values, bound);
    statement.alloc();
    statement.prepare(sql);
    statement.define_and_bind();
    statement.execute(true);
    return static_cast<std::uint64_t>(std::max<long long>(0, statement.get_affected_rows()));
  } catch (const soci::soci_error& thrown) {
    return error_of(thrown);
  }
}

Result<void> Database::transaction(const std::function<Result<void>()>& work) {
  const std::lock_guard lock(state_->mutex);
  TRY(execute("BEGIN IMMEDIATE"));
  auto done = work();
  if (done.ok()) {
    auto committed = execute("COMMIT");
    if (committed.ok()) return {};
    done = std::move(committed).error();
  }
  // The error that counts is the first one.
  static_cast<void>(execute("ROLLBACK").ok());
  return done;
}

}  // namespace holdfast::catalog
