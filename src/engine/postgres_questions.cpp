// Asking, and judging what comes back.
#include "postgres_questions.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/bytes.hpp"
#include "base/units.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr auto question_timeout = base::minutes(30);
constexpr std::size_t shown_size_max = 100;

std::string shown(std::string_view text) {
  auto made = base::printable(text.substr(0, shown_size_max));
  return text.size() > shown_size_max ? made + "…" : made;
}

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

// The first cell; empty if there is none.
std::string cell_of(const wire::PostgresTable& table) {
  if (table.rows.empty() || table.rows.front().empty()) return {};
  return table.rows.front().front().value_or("");
}

PostgresAnswer failed(std::string message) {
  return {.outcome = DrillOutcome::failed, .message = std::move(message)};
}
PostgresAnswer unknown(std::string message) {
  return {.outcome = DrillOutcome::unknown, .message = std::move(message)};
}

// What an error of a question proves of the backup.
PostgresAnswer judge_error(ScratchServer& server, const Error& error, const std::string& sqlstate) {
  auto message = error.to_string();
  if (error.code() == ErrorCode::cancelled) return unknown("interrupted");
  if (judge_trouble(message, ErrorCode::damaged) != ErrorCode::damaged) return unknown(message);
  if (!sqlstate.empty()) return failed(message);
  // Without a state the connection broke.
  return server.runs() ? unknown(message) : failed(message + ": the server died of it");
}

Result<std::unique_ptr<wire::PostgresConnection>> connect(ScratchServer& server,
                                                          const std::string& database,
                                                          base::Duration timeout,
                                                          const std::stop_token& stop) {
  auto connection = TRY(server.connect(database, stop));
  TRY(connection->query(
      fmt::format("SET statement_timeout = {}", timeout.nanoseconds / 1'000'000)));
  return connection;
}

PostgresAnswer ask_tables(ScratchServer& server, wire::PostgresConnection& connection,
                          const std::vector<std::string>& tables) {
  std::string counted;
  for (const auto& table : tables) {
    const auto found = connection.query("SELECT pg_catalog.to_regclass($1)::text", {table});
    if (!found.ok()) return judge_error(server, found.error(), connection.last_sqlstate());
    const auto name = cell_of(found.value());
    if (name.empty()) return failed(fmt::format("there is no table {}", shown(table)));
    const auto rows = connection.query("SELECT count(*) FROM " + name);
    if (!rows.ok()) return judge_error(server, rows.error(), connection.last_sqlstate());
    const auto count = cell_of(rows.value());
    if (count == "0") return failed(fmt::format("the table {} is empty", shown(table)));
    counted += fmt::format("{}{}: {} rows", counted.empty() ? "" : ", ", shown(table), count);
  }
  return {.outcome = DrillOutcome::passed, .message = std::move(counted)};
}

// One database at a time.
class Amcheck {
 public:
  Amcheck(ScratchServer& server, const std::stop_token& stop) : server_(server), stop_(stop) {}

  Result<AmcheckReport> run() {
    const auto databases = TRY(list_databases(server_, stop_));
    for (const auto& database : databases) {
      TRY(check(database));
      if (!trouble_.empty()) break;
    }
    report_.answer.message = fmt::format("{} indexes and {} tables in {} databases",
                                         report_.indexes, report_.tables, databases.size());
    report_.answer.outcome = DrillOutcome::passed;
    if (!trouble_.empty()) {
      report_.answer.message = trouble_;
      report_.answer.outcome = outcome_;
    }
    return std::move(report_);
  }

 private:
  Result<void> check(const std::string& database) {
    connection_ = TRY(server_.connect(database, stop_));
    TRY(connection_->query("SET statement_timeout = 0"));
    database_ = database;
    const auto schema = TRY(install());
    const auto indexes = TRY(connection_->query(
        "SELECT c.oid, c.oid::pg_catalog.regclass FROM pg_catalog.pg_index i"
        " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_catalog.pg_am a ON a.oid = c.relam"
        " WHERE a.amname = 'btree' AND i.indisvalid AND i.indisready AND c.relkind = 'i'"
        " AND c.relpersistence = 'p' ORDER BY c.relpages DESC, c.oid"));
    for (const auto& row : indexes.rows) {
      TRY(look(fmt::format("SELECT {}.bt_index_check($1::oid::pg_catalog.regclass)", schema), row,
               Looked::index));
      if (!trouble_.empty()) return {};
      ++report_.indexes;
    }
    constexpr int first_with_heap_check = 14;
    if (connection_->server_major() < first_with_heap_check) return {};
    const auto tables = TRY(connection_->query(
        "SELECT c.oid, c.oid::pg_catalog.regclass FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_am a ON a.oid = c.relam"
        " WHERE a.amname = 'heap' AND c.relkind IN ('r', 't', 'm') AND c.relpersistence = 'p'"
        " ORDER BY c.relpages DESC, c.oid"));
    for (const auto& row : tables.rows) {
      TRY(look(fmt::format("SELECT blkno, msg FROM {}.verify_heapam($1::oid::pg_catalog.regclass)"
                           " LIMIT 1",
                           schema),
               row, Looked::table));
      if (!trouble_.empty()) return {};
      ++report_.tables;
    }
    return {};
  }

  // In which schema it is, quoted.
  Result<std::string> install() {
    const std::string where =
        "SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e"
        " JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck'";
    const auto there = TRY(connection_->query(where));
    if (!there.rows.empty()) return there.cell(0, 0);
    const auto available = TRY(connection_->query(
        "SELECT 1 FROM pg_catalog.pg_available_extensions WHERE name = 'amcheck'"));
    if (available.rows.empty()) {
      return Error(ErrorCode::not_found, "the extension amcheck is not installed here");
    }
    TRY(connection_->query("CREATE SCHEMA holdfast_drill"));
    TRY(connection_->query("CREATE EXTENSION amcheck SCHEMA holdfast_drill"));
    return std::string("holdfast_drill");
  }

  enum class Looked { index, table };
  Result<void> look(const std::string& statement,
                    const std::vector<std::optional<std::string>>& row, Looked what) {
    const auto name = fmt::format("{} of database {}", row.at(1).value_or(""), database_);
    const auto told = connection_->query(statement, {row.at(0).value_or("")});
    if (!told.ok()) {
      const auto& state = connection_->last_sqlstate();
      if (told.error().code() == ErrorCode::cancelled) return told.error();
      const auto judged = judge_error(server_, told.error(), state);
      trouble_ = fmt::format("{}: {}", base::printable(name), judged.message);
      outcome_ = judged.outcome;
      // Another order of characters looks like a broken index.
      if (what == Looked::index && outcome_ == DrillOutcome::failed && TRY(sorts_otherwise())) {
        outcome_ = DrillOutcome::unknown;
        trouble_ += "; but collations of this machine are of another version than the original's";
      }
      return {};
    }
    if (what == Looked::table && !told.value().rows.empty()) {
      const auto& first = told.value().rows.front();
      trouble_ = fmt::format("{}, block {}: {}", base::printable(name),
                             first.at(0).value_or("unknown"), first.at(1).value_or(""));
      outcome_ = DrillOutcome::failed;
    }
    return {};
  }

  Result<bool> sorts_otherwise() {
    constexpr int first_with_database_version = 15;
    std::string statement =
        "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_collation"
        " WHERE collversion <> pg_catalog.pg_collation_actual_version(oid))";
    if (connection_->server_major() >= first_with_database_version) {
      statement +=
          " OR EXISTS (SELECT 1 FROM pg_catalog.pg_database WHERE datname = current_database()"
          " AND datcollversion <> pg_catalog.pg_database_collation_actual_version(oid))";
    }
    const auto told = TRY(connection_->query(statement));
    return TRY(told.cell(0, 0)) == "t";
  }

  ScratchServer& server_;
  const std::stop_token& stop_;
  std::unique_ptr<wire::PostgresConnection> connection_;
  std::string database_;
  AmcheckReport report_;
  std::string trouble_;
  DrillOutcome outcome_ = DrillOutcome::unknown;
};

}  // namespace

PostgresAnswer judge_answer(const wire::PostgresTable& table,
                            const strategy::Expectation& expected) {
  const bool has_bounds = expected.at_least || expected.at_most || !expected.equals.empty();
  if (table.rows.empty() || table.rows.front().empty()) {
    return failed("the query answers no row");
  }
  const auto& cell = table.rows.front().front();
  if (!has_bounds) return {.outcome = DrillOutcome::passed, .message = "it answers"};
  if (!cell) return failed("it answers NULL");
  if (!expected.equals.empty() && *cell != expected.equals) {
    return failed(fmt::format("it answers {} instead of {}", shown(*cell), shown(expected.equals)));
  }
  if (expected.at_least || expected.at_most) {
    const auto number = number_in(*cell);
    if (!number) return failed(fmt::format("it answers {}, which is no number", shown(*cell)));
    if (expected.at_least && *number < static_cast<double>(*expected.at_least)) {
      return failed(
          fmt::format("it answers {} instead of at least {}", shown(*cell), *expected.at_least));
    }
    if (expected.at_most && *number > static_cast<double>(*expected.at_most)) {
      return failed(
          fmt::format("it answers {} instead of at most {}", shown(*cell), *expected.at_most));
    }
  }
  return {.outcome = DrillOutcome::passed, .message = "it answers " + shown(*cell)};
}

PostgresAnswer ask_postgres(ScratchServer& server, const std::string& database,
                            const strategy::Expectation& expected, const std::stop_token& stop) {
  const auto timeout = expected.timeout > base::Duration{} ? expected.timeout : question_timeout;
  const auto connection = connect(server, database, timeout, stop);
  if (!connection.ok()) {
    // An answer too: such a database doesn't come back.
    if (connection.error().code() == ErrorCode::not_found) {
      return failed(connection.error().to_string());
    }
    return judge_error(server, connection.error(), "");
  }
  auto& session = *connection.value();
  if (expected.kind == strategy::ExpectKind::tables) {
    return ask_tables(server, session, expected.tables);
  }
  const auto table = session.query(expected.text);
  if (!table.ok()) return judge_error(server, table.error(), session.last_sqlstate());
  return judge_answer(table.value(), expected);
}

Result<std::vector<std::string>> list_databases(ScratchServer& server,
                                                const std::stop_token& stop) {
  const auto connection = TRY(server.connect("template1", stop));
  const auto told = TRY(connection->query(
      "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate"
      " AND datconnlimit <> -2 ORDER BY datname"));
  std::vector<std::string> names;
  for (std::size_t row = 0; row < told.rows.size(); ++row) names.push_back(TRY(told.cell(row, 0)));
  return names;
}

Result<AmcheckReport> amcheck(ScratchServer& server, const std::stop_token& stop) {
  return Amcheck(server, stop).run();
}

}  // namespace holdfast::engine
