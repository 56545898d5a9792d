// libpq, without blocking where a stop token could not be seen.
#include "wire/postgres.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "postgres_errors.hpp"

namespace holdfast::wire {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// How often a wait looks at the stop token.
constexpr int check_interval_ms = 100;

struct ConnectionCloser {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
struct ResultClearer {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
struct MemoryFreer {
  void operator()(char* memory) const noexcept { PQfreemem(memory); }
};
struct OptionsFreer {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using ConnectionPtr = std::unique_ptr<PGconn, ConnectionCloser>;
using ResultPtr = std::unique_ptr<PGresult, ResultClearer>;
using MemoryPtr = std::unique_ptr<char, MemoryFreer>;
using OptionsPtr = std::unique_ptr<PQconninfoOption, OptionsFreer>;

std::string text_of(const char* text) { return text == nullptr ? std::string() : text; }

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

Error interrupted() { return {ErrorCode::cancelled, "interrupted"}; }

// Keywords and values for libpq; a later keyword wins over an earlier one.
class Parameters {
 public:
  void add(std::string keyword, std::string value) {
    if (value.empty()) return;
    keywords_.push_back(std::move(keyword));
    values_.push_back(std::move(value));
  }
  ~Parameters() {
    for (auto& value : values_) {
      base::wipe({reinterpret_cast<base::Byte*>(value.data()), value.size()});
    }
  }
  Parameters() = default;
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  [[nodiscard]] std::vector<const char*> keywords() const { return pointers(keywords_); }
  [[nodiscard]] std::vector<const char*> values() const { return pointers(values_); }

 private:
  static std::vector<const char*> pointers(const std::vector<std::string>& texts) {
    std::vector<const char*> made;
    for (const auto& text : texts) made.push_back(text.c_str());
    made.push_back(nullptr);
    return made;
  }
  std::vector<std::string> keywords_;
  std::vector<std::string> values_;
};

void add_address(Parameters& parameters, const PostgresAddress& address) {
  parameters.add("dbname", address.url);  // expanded
  parameters.add("host", address.host);
  parameters.add("port", address.port);
  parameters.add("user", address.user);
  parameters.add("dbname", address.database);
  parameters.add("sslmode", address.tls);
  parameters.add("sslrootcert", address.ca);
  parameters.add("password", std::string(base::as_text(address.password.view())));
}

void add_session(Parameters& parameters, const PostgresOptions& options) {
  parameters.add("fallback_application_name", "holdfast");
  parameters.add("client_encoding", "UTF8");
  parameters.add("keepalives_idle", "30");
  parameters.add("keepalives_interval", "10");
  parameters.add("keepalives_count", "3");
  // Nothing in `options`: poolers refuse it.
  if (options.session == PostgresOptions::Session::replication) {
    parameters.add("replication", "true");
  }
}

PostgresTable table_of(const PGresult* result) {
  PostgresTable table;
  const int columns = PQnfields(result);
  for (int i = 0; i < columns; ++i) table.columns.push_back(text_of(PQfname(result, i)));
  for (int row = 0; row < PQntuples(result); ++row) {
    auto& made = table.rows.emplace_back();
    for (int i = 0; i < columns; ++i) {
      if (PQgetisnull(result, row, i) != 0) {
        made.emplace_back();
      } else {
        made.emplace_back(std::string(PQgetvalue(result, row, i),
                                      static_cast<std::size_t>(PQgetlength(result, row, i))));
      }
    }
  }
  return table;
}

PostgresFailure failure_of(const PGresult* result) {
  PostgresFailure failure;
  failure.sqlstate = text_of(PQresultErrorField(result, PG_DIAG_SQLSTATE));
  failure.message = text_of(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
  failure.detail = text_of(PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
  if (failure.message.empty()) failure.message = trimmed(text_of(PQresultErrorMessage(result)));
  return failure;
}

}  // namespace

struct PostgresConnection::State {
  ConnectionPtr connection;
  std::stop_token stop;
  std::function<void(const PostgresNotice&)> notice;
  MemoryPtr message;
  std::string sqlstate;

  Error fail(PostgresFailure failure) {
    sqlstate = failure.sqlstate;
    return postgres_error(failure);
  }
  // Of the connection itself: what was under way is lost.
  Error broken() {
    auto text = trimmed(text_of(PQerrorMessage(connection.get())));
    if (text.empty()) text = "the connection to the server broke";
    return fail({.sqlstate = {}, .message = std::move(text), .detail = {}});
  }

  // Until the socket is ready, or a moment has passed.
  Result<bool> wait(short events, int timeout_ms = check_interval_ms) {
    if (stop.stop_requested()) return interrupted();
    pollfd wanted{.fd = PQsocket(connection.get()), .events = events, .revents = 0};
    if (wanted.fd < 0) return broken();
    const int ready = ::poll(&wanted, 1, timeout_ms);
    if (ready < 0 && errno != EINTR) {
      return Error::from_errno(errno, "cannot wait for the server");
    }
    return ready > 0;
  }

  Result<void> connect(base::Duration timeout) {
    const base::SystemClock clock;
    const auto end = clock.monotonic() + timeout;
    auto state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
      if (state == PGRES_POLLING_FAILED) {
        return fail(parse_connect_failure(text_of(PQerrorMessage(connection.get()))));
      }
      if (clock.monotonic() >= end) {
        return fail({.sqlstate = {},
                     .message = "the server did not answer in time",
                     .detail = text_of(PQhost(connection.get()))});
      }
      const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
      if (TRY(wait(events))) state = PQconnectPoll(connection.get());
    }
    return {};
  }

  Result<void> flush() {
    while (true) {
      const int left = PQflush(connection.get());
      if (left < 0) return broken();
      if (left == 0) return {};
      if (TRY(wait(POLLIN | POLLOUT)) && PQconsumeInput(connection.get()) == 0) return broken();
    }
  }

  // The next result, once it is there; null at the end.
  Result<ResultPtr> take() {
    while (PQisBusy(connection.get()) != 0) {
      TRY(wait(POLLIN));
      if (PQconsumeInput(connection.get()) == 0) return broken();
    }
    return ResultPtr(PQgetResult(connection.get()));
  }

  static void receive_notice(void* self, const PGresult* result) {
    const auto& state = *static_cast<State*>(self);
    if (!state.notice) return;
    state.notice({.severity = text_of(PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED)),
                  .sqlstate = text_of(PQresultErrorField(result, PG_DIAG_SQLSTATE)),
                  .message = text_of(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY))});
  }
};

Result<std::string> PostgresTable::cell(std::size_t row, std::size_t column) const {
  if (row >= rows.size() || column >= rows[row].size()) {
    return Error(ErrorCode::unsupported, "the server's answer lacks a column or a row");
  }
  return rows[row][column].value_or("");
}

PostgresConnection::PostgresConnection(std::unique_ptr<State> state) : state_(std::move(state)) {}
PostgresConnection::~PostgresConnection() = default;

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const PostgresAddress& address,
                                                                     const PostgresOptions& options,
                                                                     std::stop_token stop) {
  auto state = std::make_unique<State>();
  state->stop = std::move(stop);
  Parameters parameters;
  add_address(parameters, address);
  add_session(parameters, options);
  state->connection.reset(
      PQconnectStartParams(parameters.keywords().data(), parameters.values().data(), 1));
  auto* connection = state->connection.get();
  if (connection == nullptr) return Error(ErrorCode::io, "there is no memory for a connection");
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  if (PQstatus(connection) == CONNECTION_BAD) {
    return state->fail(parse_connect_failure(text_of(PQerrorMessage(connection))));
  }
  TRY_CONTEXT(state->connect(options.connect_timeout), "connecting to PostgreSQL");
  PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
  PQsetnonblocking(connection, 1);
  PQsetNoticeReceiver(connection, &State::receive_notice, state.get());
  return std::unique_ptr<PostgresConnection>(new PostgresConnection(std::move(state)));
}

int PostgresConnection::server_version() const { return PQserverVersion(state_->connection.get()); }

void PostgresConnection::on_notice(std::function<void(const PostgresNotice&)> call) {
  state_->notice = std::move(call);
}

const std::string& PostgresConnection::last_sqlstate() const { return state_->sqlstate; }

Result<PostgresTable> PostgresConnection::query(const std::string& sql,
                                                const std::vector<std::string>& parameters) {
  if (parameters.empty()) {
    TRY(send(sql));
  } else {
    std::vector<const char*> values;
    for (const auto& each : parameters) values.push_back(each.c_str());
    if (PQsendQueryParams(state_->connection.get(), sql.c_str(), static_cast<int>(values.size()),
                          nullptr, values.data(), nullptr, nullptr, 0) == 0) {
      return state_->broken();
    }
    TRY(state_->flush());
  }
  PostgresTable table;
  std::optional<Error> failure;
  while (true) {
    auto answer = next();
    if (!answer.ok()) {
      // The rest of an error is taken too: the connection can be used on.
      if (failure || PQstatus(state_->connection.get()) != CONNECTION_OK) return answer.error();
      failure = std::move(answer).error();
      if (failure->code() == ErrorCode::cancelled) return std::move(*failure);
      continue;
    }
    const auto kind = answer.value().kind;
    if (kind == Answer::Kind::copy_in || kind == Answer::Kind::copy_out ||
        kind == Answer::Kind::copy_both) {
      return Error(ErrorCode::internal, "a query that copies");
    }
    if (kind == Answer::Kind::rows) table = std::move(answer.value().table);
    if (kind != Answer::Kind::end) continue;
    if (failure) return std::move(*failure);
    return table;
  }
}

Result<void> PostgresConnection::send(const std::string& command) {
  if (PQsendQuery(state_->connection.get(), command.c_str()) == 0) return state_->broken();
  return state_->flush();
}

Result<PostgresConnection::Answer> PostgresConnection::next() {
  const auto result = TRY(state_->take());
  if (result == nullptr) return Answer{};
  switch (PQresultStatus(result.get())) {
    case PGRES_TUPLES_OK:
      if (static_cast<std::size_t>(PQntuples(result.get())) > postgres_rows_max) {
        return Error(ErrorCode::unsupported, "the server's answer has too many rows");
      }
      return Answer{.kind = Answer::Kind::rows, .table = table_of(result.get())};
    case PGRES_COPY_IN: return Answer{.kind = Answer::Kind::copy_in, .table = {}};
    case PGRES_COPY_OUT: return Answer{.kind = Answer::Kind::copy_out, .table = {}};
    case PGRES_COPY_BOTH: return Answer{.kind = Answer::Kind::copy_both, .table = {}};
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY: return Answer{.kind = Answer::Kind::done, .table = {}};
    default: return state_->fail(failure_of(result.get()));
  }
}

Result<std::optional<base::ByteView>> PostgresConnection::copy_message() {
  auto* connection = state_->connection.get();
  bool was_read = false;
  while (true) {
    char* buffer = nullptr;
    const int size = PQgetCopyData(connection, &buffer, 1);
    state_->message.reset(buffer);
    if (size > 0) {
      return std::optional(base::ByteView(reinterpret_cast<const base::Byte*>(buffer),
                                          static_cast<std::size_t>(size)));
    }
    if (size == -1) return std::optional<base::ByteView>();
    if (size < -1) return state_->broken();
    if (state_->stop.stop_requested()) return interrupted();
    // Reading without asking first costs one call less for most messages.
    if (was_read) TRY(state_->wait(POLLIN));
    if (PQconsumeInput(connection) == 0) return state_->broken();
    was_read = true;
  }
}

Result<PostgresConnection::CopyArrival> PostgresConnection::copy_message_within(
    base::Duration timeout) {
  using Kind = CopyArrival::Kind;
  const base::SystemClock clock;
  const auto end = clock.monotonic() + timeout;
  auto* connection = state_->connection.get();
  while (true) {
    char* buffer = nullptr;
    const int size = PQgetCopyData(connection, &buffer, 1);
    state_->message.reset(buffer);
    if (size > 0) {
      return CopyArrival{
          .kind = Kind::message,
          .message = {reinterpret_cast<const base::Byte*>(buffer), static_cast<std::size_t>(size)}};
    }
    if (size == -1) return CopyArrival{.kind = Kind::end, .message = {}};
    if (size < -1) return state_->broken();
    const auto left = end - clock.monotonic();
    if (left.nanoseconds <= 0) return CopyArrival{};
    const auto milliseconds = (left.nanoseconds + 999'999) / 1'000'000;
    const auto pause = std::min<std::int64_t>(milliseconds, check_interval_ms);
    if (TRY(state_->wait(POLLIN, static_cast<int>(pause))) && PQconsumeInput(connection) == 0) {
      return state_->broken();
    }
  }
}

Result<void> PostgresConnection::send_copy(base::ByteView message) {
  const auto* text = reinterpret_cast<const char*>(message.data());
  auto* connection = state_->connection.get();
  if (PQputCopyData(connection, text, static_cast<int>(message.size())) != 1) {
    return state_->broken();
  }
  return state_->flush();
}

Result<void> PostgresConnection::end_copy() {
  if (PQputCopyEnd(state_->connection.get(), nullptr) != 1) return state_->broken();
  return state_->flush();
}

Result<PostgresToolSettings> tool_settings(const PostgresAddress& address) {
  PostgresToolSettings made;
  const auto take = [&made](const PQconninfoOption& option, const std::string& value) {
    const std::string keyword = option.keyword;
    if (keyword == "password") {
      made.password = base::SecretBytes(base::as_bytes(value));
    } else if (keyword == "dbname") {
      made.database = value;
    } else if (option.envvar != nullptr && keyword != "passfile") {
      made.variables.push_back(std::string(option.envvar) + "=" + value);
    } else if (keyword == "passfile") {
      made.variables.push_back("PGPASSFILE=" + value);
    }
  };
  const auto expand = [&take](const std::string& conninfo) -> Result<void> {
    char* message = nullptr;
    const OptionsPtr options(PQconninfoParse(conninfo.c_str(), &message));
    const MemoryPtr owned(message);
    if (options == nullptr) {
      return Error(ErrorCode::invalid_argument,
                   "the URL of the server can't be read")  // libpq's text may quote the password
          .with_hint("it looks like postgresql://user@host:5432/database");
    }
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
      if (option->val != nullptr && *option->val != '\0') take(*option, option->val);
    }
    return {};
  };
  if (!address.url.empty()) TRY(expand(address.url));
  const auto add = [&made](const char* name, const std::string& value) {
    if (value.empty()) return;
    std::erase_if(made.variables, [&](const std::string& each) {
      return each.starts_with(std::string(name) + "=");
    });
    made.variables.push_back(std::string(name) + "=" + value);
  };
  add("PGHOST", address.host);
  add("PGPORT", address.port);
  add("PGUSER", address.user);
  add("PGSSLMODE", address.tls);
  add("PGSSLROOTCERT", address.ca);
  if (!address.database.empty()) made.database = address.database;
  if (!address.password.empty()) made.password = address.password.clone();
  return made;
}

namespace {

std::string quoted(std::string_view text, char quote) {
  std::string made(1, quote);
  for (const char c : text) {
    if (c == quote) made += quote;
    made += c;
  }
  return made + quote;
}

}  // namespace

std::string quote_literal(std::string_view text) { return quoted(text, '\''); }
std::string quote_identifier(std::string_view text) { return quoted(text, '"'); }

}  // namespace holdfast::wire
