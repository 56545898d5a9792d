// PostgresConnection: one connection to a PostgreSQL server, on libpq: queries, replication
// commands and COPY streams. Every wait looks at a stop token, and a server that vanished is
// noticed by TCP keepalive.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::wire {

// Where a server is. The URL goes to libpq as it is; the others are what it doesn't say, empty
// where that is left to libpq.
struct PostgresAddress {
  std::string url;  // postgresql://…
  std::string host;
  std::string port;
  std::string user;
  std::string database;
  std::string tls;             // as sslmode
  std::string ca;              // a file
  base::SecretBytes password;  // empty: libpq's own ways (a password file, a service)
};

// The same for PostgreSQL's own tools.
struct PostgresToolSettings {
  std::vector<std::string> variables;  // "PGHOST=…"; never a password
  base::SecretBytes password;          // empty: none was given
  std::string database;                // empty: libpq's default
};
base::Result<PostgresToolSettings> tool_settings(const PostgresAddress& address);

struct PostgresOptions {
  enum class Session { queries, replication } session = Session::queries;
  base::Duration connect_timeout = base::seconds(20);
};

// A result set. Nothing: NULL.
struct PostgresTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;

  // Empty for NULL. invalid_argument if there is no such cell.
  [[nodiscard]] base::Result<std::string> cell(std::size_t row, std::size_t column) const;
};

struct PostgresNotice {
  std::string severity;  // not translated: WARNING, NOTICE, …
  std::string sqlstate;
  std::string message;  // in the server's language
};

// Used by one task. Errors: unavailable (nobody answers, the connection broke), permission_denied,
// not_found (no such database), conflict, no_space, damaged, cancelled; with a hint where people
// can do something.
class PostgresConnection {
 public:
  static base::Result<std::unique_ptr<PostgresConnection>> open(const PostgresAddress& address,
                                                                const PostgresOptions& options,
                                                                std::stop_token stop);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  [[nodiscard]] int server_version() const;  // 150018 for 15.18
  [[nodiscard]] int server_major() const { return server_version() / 10'000; }
  // Called for what the server says besides its answers, by the task that waits for those.
  void on_notice(std::function<void(const PostgresNotice&)> call);

  // One statement with one result set, of at most `rows_max` rows. Parameters ($1, …) only in a
  // session for queries.
  base::Result<PostgresTable> query(const std::string& sql,
                                    const std::vector<std::string>& parameters = {});

  // A command with several answers: send it, then take answers until `end`.
  struct Answer {
    // copy_in: the server takes a COPY, or has ended its half of one in both directions.
    enum class Kind { rows, copy_in, copy_out, copy_both, done, end } kind = Kind::end;
    PostgresTable table;  // of rows
  };
  base::Result<void> send(const std::string& command);
  base::Result<Answer> next();
  // While a COPY goes on: its next message, valid until the next call; nothing at its end, after
  // which next() goes on.
  base::Result<std::optional<base::ByteView>> copy_message();
  // The same, which gives up after `timeout`.
  struct CopyArrival {
    enum class Kind { message, none_yet, end } kind = Kind::none_yet;
    base::ByteView message;
  };
  base::Result<CopyArrival> copy_message_within(base::Duration timeout);
  // While a COPY goes on that the server takes: sends a message, and ends it on our side.
  base::Result<void> send_copy(base::ByteView message);
  base::Result<void> end_copy();
  // Of the error that was returned last; empty if it had none.
  [[nodiscard]] const std::string& last_sqlstate() const;

 private:
  struct State;
  explicit PostgresConnection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

inline constexpr std::size_t postgres_rows_max = 1'000'000;

// As a literal of SQL or of a replication command, quotes included. `text` holds no zero byte.
[[nodiscard]] std::string quote_literal(std::string_view text);
// As an identifier.
[[nodiscard]] std::string quote_identifier(std::string_view text);

}  // namespace holdfast::wire
