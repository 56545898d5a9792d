// What a PostgreSQL server's errors mean here: a code, a message and a hint from an SQLSTATE
// ("PostgreSQL Error Codes", appendix A of its documentation).
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace holdfast::wire {

struct PostgresFailure {
  std::string sqlstate;  // empty: not from the server
  std::string message;   // the primary message
  std::string detail;
};

[[nodiscard]] base::Error postgres_error(const PostgresFailure& failure);

// libpq's account of a connection that failed, in verbose form: every attempt has a line, the
// server's own have an SQLSTATE. The last attempt counts.
[[nodiscard]] PostgresFailure parse_connect_failure(std::string_view text);

}  // namespace holdfast::wire
