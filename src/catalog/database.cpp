// SOCI's session, statements and errors. Its headers are heavy: they are included here alone.
#include "database.hpp"

#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>
#include <charconv>
#include <map>
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

// The types of values, a letter each: a statement is prepared for them.
std::string types_of(const std::vector<Value>& values) {
  std::string types;
  for (const auto& value : values) {
    types += std::holds_alternative<std::int64_t>(value) ? 'n' : 't';
  }
  return types;
}

// A statement that is kept, with values bound to it at addresses that stay.
class Prepared {
 public:
  enum class Answer { rows, none };

  Prepared(soci::session& session, const std::string& sql, const std::string& types, Answer answer)
      : numbers_(types.size()),
        texts_(types.size()),
        present_(types.size(), soci::i_ok),
        statement_(session) {
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (types[i] == 'n') {
        statement_.exchange(soci::use(numbers_[i], present_[i]));
      } else {
        statement_.exchange(soci::use(texts_[i], present_[i]));
      }
    }
    if (answer == Answer::rows) statement_.exchange(soci::into(row_));
    statement_.alloc();
    statement_.prepare(sql);
    statement_.define_and_bind();
  }

  void bind(const std::vector<Value>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      present_[i] = is_null(values[i]) ? soci::i_null : soci::i_ok;
      if (const auto* number = std::get_if<std::int64_t>(&values[i])) {
        numbers_[i] = *number;
      } else {
        texts_[i] = text_of(values[i]);
      }
    }
  }

  std::vector<Row> rows() {
    std::vector<Row> rows;
    if (!statement_.execute(true)) return rows;
    do {
      Row made;
      made.reserve(row_.size());
      for (std::size_t i = 0; i < row_.size(); ++i) made.push_back(column_of(row_, i));
      rows.push_back(std::move(made));
    } while (statement_.fetch());
    return rows;
  }

  std::uint64_t change() {
    statement_.execute(true);
    return static_cast<std::uint64_t>(std::max<long long>(0, statement_.get_affected_rows()));
  }

 private:
  std::vector<long long> numbers_;
  std::vector<std::string> texts_;
  std::vector<soci::indicator> present_;
  soci::row row_;
  soci::statement statement_;  // refers to all of them
};

// Statements that are held ready.
constexpr std::size_t prepared_max = 128;

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
  std::map<std::string, std::unique_ptr<Prepared>> prepared;  // gone before the session is

  Prepared& statement(const std::string& sql, const std::vector<Value>& values,
                      Prepared::Answer answer) {
    const auto types = types_of(values);
    const auto key = fmt::format("{}|{}|{}", sql, types, answer == Prepared::Answer::rows);
    auto found = prepared.find(key);
    if (found == prepared.end()) {
      if (prepared.size() >= prepared_max) prepared.clear();
      found = prepared.emplace(key, std::make_unique<Prepared>(session, sql, types, answer)).first;
    }
    found->second->bind(values);
    return *found->second;
  }
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
  try {
    return state_->statement(sql, values, Prepared::Answer::rows).rows();
  } catch (const soci::soci_error& thrown) {
    state_->prepared.clear();  // one that stopped halfway would hold what it reads
    return error_of(thrown);
  }
}

Result<std::uint64_t> Database::execute(const std::string& sql, std::vector<Value> values) {
  const std::lock_guard lock(state_->mutex);
  try {
    return state_->statement(sql, values, Prepared::Answer::none).change();
  } catch (const soci::soci_error& thrown) {
    state_->prepared.clear();
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
