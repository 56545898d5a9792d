// What a restored cluster is asked: queries and tables of the expectations, and amcheck.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "engine/drill.hpp"
#include "scratch_server.hpp"
#include "strategy/drill.hpp"

namespace holdfast::engine {

struct PostgresAnswer {
  DrillOutcome outcome = DrillOutcome::unknown;
  std::string message;
};

// Whether an answer is what is expected: its first cell, as number or text. Without any bound a row
// is enough. Pure.
[[nodiscard]] PostgresAnswer judge_answer(const wire::PostgresTable& table,
                                          const strategy::Expectation& expected);

// The expectations `query` and `tables`. What the server refuses to answer has failed; what this
// machine lacks is unknown.
[[nodiscard]] PostgresAnswer ask_postgres(ScratchServer& server, const std::string& database,
                                          const strategy::Expectation& expected,
                                          const std::stop_token& stop);

// The databases that take connections, without templates.
base::Result<std::vector<std::string>> list_databases(ScratchServer& server,
                                                      const std::stop_token& stop);

// Every B-tree, and, since 14, every table's pages, with the extension amcheck. not_found: this
// machine doesn't have it.
struct AmcheckReport {
  std::uint64_t indexes = 0;
  std::uint64_t tables = 0;
  PostgresAnswer answer;
};
base::Result<AmcheckReport> amcheck(ScratchServer& server, const std::stop_token& stop);

}  // namespace holdfast::engine
