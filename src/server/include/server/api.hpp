// The daemon's API (docs/api.md): which questions can be asked over HTTP, who may ask them, and how
// the answers look. What is answered comes from functions that the daemon gives.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "catalog/copy.hpp"
#include "catalog/finding.hpp"
#include "catalog/happening.hpp"
#include "catalog/run.hpp"
#include "engine/status.hpp"
#include "server/http_server.hpp"

namespace holdfast::server {

struct StatusAnswer {
  std::string strategy;
  std::string environment;
  engine::StrategyStatus status;
};

struct RunAnswer {
  catalog::RunRecord run;
  std::vector<catalog::CopyRecord> copies;
  std::vector<catalog::RunLine> lines;
};

struct FindingQuery {
  enum class Which { open, all } which = Which::open;
  std::uint64_t limit = 100;
};

// Called from several tasks at once. Errors become answers, with the status of their code: they
// must hold no secrets.
struct Api {
  // Whether the scheduler's loop still beats, and whether the strategy is being carried out; if
  // not, the error says why. They answer at once: no lock that somebody holds for long, no disk.
  std::function<base::Result<void>()> alive;
  std::function<base::Result<void>()> ready;
  std::function<base::Result<std::string>()> metrics;  // of report
  std::function<base::Result<StatusAnswer>()> status;
  std::function<base::Result<std::vector<catalog::RunRecord>>(const catalog::RunFilter&)> runs;
  std::function<base::Result<RunAnswer>(const std::string& id)> run;  // as Runs::get takes it
  std::function<base::Result<std::vector<catalog::FindingRecord>>(const FindingQuery&)> findings;
  // Something was written into the catalog by another process: the scheduler looks.
  std::function<base::Result<void>()> wake;
  // Records it (but for its number and time, which are the daemon's) and wakes; gives its number.
  std::function<base::Result<std::int64_t>(const catalog::HappeningRecord&)> event;
  std::function<base::Result<catalog::RunRecord>(const std::string& id)> cancel;
};

// One for each endpoint whose function is given.
[[nodiscard]] std::vector<Route> routes_of(Api api);

}  // namespace holdfast::server
