// From the daemon's view and the catalog to the API's answers.
#include "daemon/service.hpp"

#include <algorithm>

#include "report/metrics.hpp"
#include "server/api.hpp"

namespace holdfast::daemon {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// The loop comes by twice a second.
constexpr base::Duration silence_max = base::seconds(30);

// What was last seen; before the daemon's first look, a look of our own.
Result<std::shared_ptr<const engine::StrategyStatus>> status_of(const View& view) {
  if (view.status != nullptr) return view.status;
  return std::make_shared<const engine::StrategyStatus>(TRY(engine::status_of(*view.workplace)));
}

Result<std::string> metrics_of(const Daemon& daemon, const std::string& version) {
  const auto view = daemon.view();
  auto& catalog = view.workplace->catalog;
  const auto status = TRY(status_of(view));
  report::MetricsFacts facts;
  facts.now = view.workplace->clock.now();
  facts.version = version;
  facts.daemon = view.status != nullptr ? report::MetricsFacts::Daemon::ready
                                        : report::MetricsFacts::Daemon::starting;
  facts.backups = report::backup_facts(view.workplace->strategy, TRY(catalog.runs().totals()),
                                       TRY(catalog.copies().totals()));
  facts.locations = report::location_facts(view.workplace->strategy, *status, *view.uses);
  for (const auto& log : view.logs) {
    for (const auto& lane : log.lanes) {
      report::LogFacts known;
      known.component = log.component;
      known.location = lane.location;
      if (lane.canary) {
        known.canary_age = std::max(base::Duration{}, facts.now - lane.canary->at);
        known.canary_delay = lane.canary->delay;
      }
      if (lane.durable) known.lag = std::max(base::Duration{}, facts.now - lane.durable->at);
      facts.logs.push_back(std::move(known));
    }
  }
  return report::render_metrics(*status, facts);
}

Result<server::RunAnswer> run_of(const Daemon& daemon, const std::string& id) {
  const auto view = daemon.view();
  auto& catalog = view.workplace->catalog;
  server::RunAnswer answer;
  answer.run = TRY(catalog.runs().get(id));
  answer.copies = TRY(catalog.copies().of_run(answer.run.id));
  answer.lines = TRY(catalog.runs().lines(answer.run.id));
  return answer;
}

Result<std::vector<catalog::FindingRecord>> findings_of(const Daemon& daemon,
                                                        const server::FindingQuery& query) {
  const auto view = daemon.view();
  auto& findings = view.workplace->catalog.findings();
  if (query.which == server::FindingQuery::Which::all) return findings.list(query.limit);
  auto open = TRY(findings.list_open());
  open.resize(std::min<std::size_t>(open.size(), query.limit));
  return open;
}

Result<std::int64_t> record(Daemon& daemon, catalog::HappeningRecord happening) {
  const auto view = daemon.view();
  happening.at = view.workplace->clock.now();
  const auto number = TRY(view.workplace->catalog.happenings().add(happening));
  daemon.wake();
  return number;
}

Result<catalog::RunRecord> cancel(Daemon& daemon, const std::string& id) {
  const auto view = daemon.view();
  auto& runs = view.workplace->catalog.runs();
  const auto run = TRY(runs.get(id));
  TRY(runs.request_cancel(run.id));
  daemon.wake();
  return runs.get(run.id);
}

Result<void> check_alive(const Daemon& daemon) {
  const auto view = daemon.view();
  if (view.workplace->clock.monotonic() - view.beat < silence_max) return {};
  return Error(ErrorCode::unavailable, "the scheduler's loop stands still");
}

Result<void> check_ready(const Daemon& daemon) {
  TRY(check_alive(daemon));
  if (daemon.view().status != nullptr) return {};
  return Error(ErrorCode::unavailable, "the locations were not looked at yet");
}

server::Api api_of(Daemon& daemon, const std::string& version) {
  server::Api api;
  api.alive = [&daemon] { return check_alive(daemon); };
  api.ready = [&daemon] { return check_ready(daemon); };
  api.metrics = [&daemon, version] { return metrics_of(daemon, version); };
  api.status = [&daemon]() -> Result<server::StatusAnswer> {
    const auto view = daemon.view();
    return server::StatusAnswer{.strategy = view.workplace->strategy.name,
                                .environment = view.workplace->strategy.environment,
                                .status = *TRY(status_of(view))};
  };
  api.runs = [&daemon](const catalog::RunFilter& filter) {
    return daemon.view().workplace->catalog.runs().list(filter);
  };
  api.run = [&daemon](const std::string& id) { return run_of(daemon, id); };
  api.findings = [&daemon](const server::FindingQuery& query) {
    return findings_of(daemon, query);
  };
  api.wake = [&daemon]() -> Result<void> {
    daemon.wake();
    return {};
  };
  api.event = [&daemon](const catalog::HappeningRecord& happening) {
    return record(daemon, happening);
  };
  api.cancel = [&daemon](const std::string& id) { return cancel(daemon, id); };
  return api;
}

}  // namespace

struct Service::Parts {
  std::unique_ptr<server::HttpServer> on_socket;
  std::unique_ptr<server::HttpServer> on_network;
};

Service::Service(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::start(Daemon& daemon, ServiceOptions options,
                                                io::Executor& executor) {
  auto parts = std::make_unique<Parts>();
  parts->on_socket =
      TRY(server::HttpServer::start({.listen = "unix:" + options.socket},
                                    server::routes_of(api_of(daemon, options.version)), executor));
  if (!options.listen.empty()) {
    parts->on_network = TRY(
        server::HttpServer::start({.listen = options.listen,
                                   .token = std::move(options.token),
                                   .certificate_file = options.certificate_file,
                                   .key_file = options.key_file,
                                   .host_names = options.host_names},
                                  server::routes_of(api_of(daemon, options.version)), executor));
  }
  return std::unique_ptr<Service>(new Service(std::move(parts)));
}

std::string Service::address() const {
  return parts_->on_network == nullptr ? std::string() : parts_->on_network->address();
}

}  // namespace holdfast::daemon
