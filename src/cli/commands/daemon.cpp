// daemon: wiring it with signals, the strategy's file and the service manager.
#include "daemon/daemon.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "base/log.hpp"
#include "commands/handlers.hpp"
#include "environment.hpp"
#include "invocation.hpp"
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
  if (read->strategy().name != before.name ||
      read->strategy().environment != before.environment) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("it is now {} ({}), and was {} ({})", read->strategy().name,
                             read->strategy().environment, before.name, before.environment))
        .with_hint("restart the daemon for another strategy");
  }
  return workplace_of(read);
}

}  // namespace

Result<ExitCode> run_daemon(Invocation& invocation) {
  const auto session = TRY(StrategySession::open(invocation, io::Interrupt::Hangup::is_counted));
  auto& around = session->around();
  if (invocation.output().verbosity() != Verbosity::quiet) {
    base::set_log_level(base::LogLevel::info);
  }
  const auto running = TRY(daemon::Daemon::open(
      workplace_of(session->shared()),
      {.read_again = [&] { return read_again(invocation, *session); },
       .hangups = [&] { return around.interrupt().hangups(); },
       .notify_socket = environment_variable("NOTIFY_SOCKET").value_or("")},
      around.executor()));
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
