// Endpoints: which path takes which question.
#include "server/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "api_json.hpp"
#include "base/bytes.hpp"
#include "error_answer.hpp"

namespace holdfast::server {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::uint64_t limit_max = 1000;

using Query = std::map<std::string, std::string>;

// `known`: what the query may hold.
Result<void> check_query(const Query& query, const std::vector<std::string_view>& known) {
  for (const auto& [name, value] : query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    auto error = Error(ErrorCode::invalid_argument,
                       fmt::format("'{}' can't be asked for here", base::printable(name)));
    if (known.empty()) return error;
    return std::move(error).with_hint(fmt::format("there are {}", fmt::join(known, ", ")));
  }
  return {};
}

Result<std::uint64_t> limit_of(const Query& query, std::uint64_t otherwise) {
  const auto found = query.find("limit");
  if (found == query.end()) return otherwise;
  const auto& text = found->second;
  std::uint64_t limit = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || limit == 0 ||
      limit > limit_max) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("limit is a number from 1 to {}", limit_max));
  }
  return limit;
}

template <typename Parse>
auto word_of(const Query& query, const std::string& name, const Parse& parse)
    -> Result<decltype(parse(std::string_view()))> {
  const auto found = query.find(name);
  if (found == query.end()) return decltype(parse(std::string_view()))();
  auto value = parse(found->second);
  if (!value) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("there is no {} '{}'", name, base::printable(found->second)));
  }
  return value;
}

Result<catalog::RunFilter> filter_of(const Query& query) {
  TRY(check_query(query, {"component", "plan", "kind", "state", "limit"}));
  const auto text = [&](const char* name) {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
  };
  catalog::RunFilter filter;
  filter.component = text("component");
  filter.plan = text("plan");
  filter.kind = TRY(word_of(query, "kind", catalog::parse_run_kind));
  filter.state = TRY(word_of(query, "state", catalog::parse_run_state));
  filter.limit = TRY(limit_of(query, filter.limit));
  return filter;
}

Result<FindingQuery> finding_query_of(const Query& query) {
  TRY(check_query(query, {"state", "limit"}));
  FindingQuery wanted;
  const auto state = query.find("state");
  if (state != query.end() && state->second != "open" && state->second != "all") {
    return Error(ErrorCode::invalid_argument, "state is open or all");
  }
  if (state != query.end() && state->second == "all") wanted.which = FindingQuery::Which::all;
  wanted.limit = TRY(limit_of(query, wanted.limit));
  return wanted;
}

// A handler of a function that gives the answer's text.
Handler json_handler(std::function<Result<std::string>(const Request&)> answer) {
  return [answer = std::move(answer)](const Request& request) -> Response {
    auto text = answer(request);
    if (!text.ok()) return error_answer(text.error());
    return {.body = std::move(text).value()};
  };
}

// Probes read the status alone: what isn't well is 503, whatever the reason.
Handler probe_handler(std::function<Result<void>()> probe, std::string name) {
  return [probe = std::move(probe), name = std::move(name)](const Request&) -> Response {
    const auto found = probe();
    return found.ok() ? Response{.body = done_json(name)} : error_answer(503, found.error());
  };
}

Handler metrics_handler(std::function<Result<std::string>()> metrics) {
  return [metrics = std::move(metrics)](const Request&) -> Response {
    auto text = metrics();
    if (!text.ok()) return error_answer(text.error());
    return {.content_type = std::string(metrics_type), .body = std::move(text).value()};
  };
}

void add_questions(const Api& api, std::vector<Route>& routes) {
  if (api.status) {
    routes.push_back(
        {"GET", "/api/v1/status",
         json_handler([ask = api.status](const Request& request) -> Result<std::string> {
           TRY(check_query(request.query, {}));
           return status_json(TRY(ask()));
         })});
  }
  if (api.runs) {
    routes.push_back({"GET", "/api/v1/runs",
                      json_handler([ask = api.runs](const Request& request) -> Result<std::string> {
                        return runs_json(TRY(ask(TRY(filter_of(request.query)))));
                      })});
  }
  if (api.run) {
    routes.push_back({"GET", "/api/v1/runs/:id",
                      json_handler([ask = api.run](const Request& request) -> Result<std::string> {
                        return run_json(TRY(ask(request.parameters.at("id"))));
                      })});
  }
  if (api.findings) {
    routes.push_back(
        {"GET", "/api/v1/findings",
         json_handler([ask = api.findings](const Request& request) -> Result<std::string> {
           const auto wanted = TRY(finding_query_of(request.query));
           auto found = TRY(ask(wanted));
           if (found.size() > wanted.limit) found.resize(wanted.limit);
           return findings_json(found);
         })});
  }
}

void add_orders(const Api& api, std::vector<Route>& routes) {
  if (api.event) {
    routes.push_back(
        {"POST", "/api/v1/events",
         json_handler([tell = api.event](const Request& request) -> Result<std::string> {
           const auto record = TRY(parse_event(request.body));
           return event_json(record.event, TRY(tell(record)));
         })});
  }
  if (api.wake) {
    routes.push_back({"POST", "/api/v1/wake",
                      json_handler([tell = api.wake](const Request&) -> Result<std::string> {
                        TRY(tell());
                        return done_json("awake");
                      })});
  }
  if (api.cancel) {
    routes.push_back(
        {"POST", "/api/v1/runs/:id/cancel",
         json_handler([tell = api.cancel](const Request& request) -> Result<std::string> {
           return cancelled_json(TRY(tell(request.parameters.at("id"))));
         })});
  }
}

}  // namespace

std::vector<Route> routes_of(Api api) {
  using Access = Route::Access;
  using Runs = Route::Runs;
  std::vector<Route> routes;
  if (api.alive) {
    routes.push_back({"GET", "/healthz", probe_handler(std::move(api.alive), "alive"), Access::open,
                      Runs::at_once});
  }
  if (api.ready) {
    routes.push_back({"GET", "/readyz", probe_handler(std::move(api.ready), "ready"), Access::open,
                      Runs::at_once});
  }
  if (api.metrics) {
    routes.push_back({"GET", "/metrics", metrics_handler(std::move(api.metrics)), Access::local});
  }
  add_questions(api, routes);
  add_orders(api, routes);
  return routes;
}

}  // namespace holdfast::server
