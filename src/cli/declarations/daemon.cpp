// Declares the daemon.
#include "commands/handlers.hpp"
#include "declarations.hpp"

namespace holdfast::cli {

namespace {

Command declare_daemon() {
  return {
      .name = "daemon",
      .summary = "carry out a strategy, for as long as the machine runs",
      .description =
          "Runs what the strategy declares when it is due, looks after it, and answers what could "
          "be restored. It stays in the foreground and logs to standard error: a service manager "
          "starts it (`holdfast strategy render systemd`).\n\n"
          "SIGTERM ends it: runs under way are stopped and taken up again by the next start. "
          "SIGHUP "
          "reads the strategy again; one with errors is refused, and the old one goes on. One "
          "daemon carries out one strategy in one environment: a second one is refused.",
      .options = {{.name = "listen",
                   .value = "ADDRESS",
                   .text = "Where it answers over HTTP: metrics, health, status, runs. Beyond the "
                           "loopback only with a token and TLS. none: only on its Unix socket.",
                   .fallback = "127.0.0.1:9840"},
                  {.name = "token-file",
                   .value = "FILE",
                   .text = "Holds the token that callers give (Authorization: Bearer TOKEN).",
                   .completion = Completion::path},
                  {.name = "certificate",
                   .value = "FILE",
                   .text = "With --certificate-key: answers in TLS.",
                   .completion = Completion::path},
                  {.name = "certificate-key",
                   .value = "FILE",
                   .text = "The certificate's private key.",
                   .completion = Completion::path},
                  {.name = "host-name",
                   .value = "NAME",
                   .text = "By which it may be called besides its address.",
                   .repeat = Repeat::yes}},
      .groups = {&strategy_options(), &state_options(), &key_options()},
      .exits = {{ExitCode::done, "it was asked to end, and did"},
                {ExitCode::failed, "a run did not end in time, or another daemon is there already"},
                {ExitCode::usage, ""}},
      .examples = {{"holdfast daemon", "Carries out ./holdfast.yaml or the one in /etc/holdfast."},
                   {"holdfast daemon --listen 0.0.0.0:9840 --token-file token --certificate "
                    "chain.pem --certificate-key key.pem",
                    "The same, and answers the network."}},
      .json = {{"strategy", FieldType::string, "Which one was carried out."},
               {"environment", FieldType::string, "In which environment."}},
      .run = &run_daemon,
  };
}

}  // namespace

std::vector<const Command*> daemon_commands() {
  static const Command daemon = declare_daemon();
  return {&daemon};
}

}  // namespace holdfast::cli
