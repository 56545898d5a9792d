// daemon: wiring it with signals, the strategy's file and the service manager.
#include "daemon/daemon.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "base/log.hpp"
#include "commands/handlers.hpp"
#include "daemon/service.hpp"
#include "declarations.hpp"
#include "environment.hpp"
#include "invocation.hpp"
#include "passphrase.hpp"
#include "strategy_session.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

// Shares what it is part of.
daemon::SharedWorkplace workplace_of(const std::shared_ptr<StrategyWorkplace>& own) {
  return {own, &own->get()};
}

Result<daemon::SharedWorkplace> read_again(Invocation& invocation, const StrategySession& session) {
  const auto read = TRY(StrategyWorkplace::open(invocation, session.stop()));
  const auto& before = session.strategy();
  if (read->strategy().name != before.name || read->strategy().environment != before.environment) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("it is now {} ({}), and was {} ({})", read->strategy().name,
                             read->strategy().environment, before.name, before.environment))
        .with_hint("restart the daemon for another strategy");
  }
  return workplace_of(read);
}

Result<daemon::ServiceOptions> service_options(const Invocation& invocation,
                                               const StrategySession& session) {
  daemon::ServiceOptions options;
  options.socket = session.workplace().state_directory + "/daemon.socket";
  options.listen = *invocation.option("listen");
  if (options.listen == "none") options.listen.clear();
  if (const auto file = invocation.option("token-file")) options.token = TRY(read_key_file(*file));
  options.certificate_file = invocation.option("certificate").value_or("");
  options.key_file = invocation.option("certificate-key").value_or("");
  options.host_names = invocation.options("host-name");
  options.version = program_version();
  return options;
}

}  // namespace

Result<ExitCode> run_daemon(Invocation& invocation) {
  const auto session = TRY(StrategySession::open(invocation, io::Interrupt::Hangup::is_counted));
  auto& around = session->around();
  if (invocation.output().verbosity() != Verbosity::quiet) {
    base::set_log_level(base::LogLevel::info);
  }
  const auto running = TRY(
      daemon::Daemon::open(workplace_of(session->shared()),
                           {.read_again = [&] { return read_again(invocation, *session); },
                            .hangups = [&] { return around.interrupt().hangups(); },
                            .notify_socket = environment_variable("NOTIFY_SOCKET").value_or("")},
                           around.executor()));
  const auto service = TRY(daemon::Service::start(
      *running, TRY(service_options(invocation, *session)), around.executor()));
  if (!service->address().empty()) {
    base::log(base::LogLevel::info, "answers at " + service->address());
  }
  const auto left = TRY(running->run(session->stop()));
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("strategy", session->strategy().name);
    output.json().text("environment", session->strategy().environment);
  }
  if (left == daemon::Daemon::Left::nothing) return ExitCode::done;
  // What hangs would be waited for: nothing of it counts until it is committed.
  (void)output.finish();
  std::_Exit(static_cast<int>(ExitCode::failed));
}

}  // namespace holdfast::cli
