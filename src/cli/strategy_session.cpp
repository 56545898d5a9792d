// Putting together what a strategy's commands stand on.
#include "strategy_session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "environment.hpp"
#include "passphrase.hpp"
#include "strategy_file.hpp"

namespace holdfast::cli {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::string_view passphrase_variable = "BACKUP_ENCRYPTION_KEY";

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

Error missing_variable(const std::string& name) {
  return Error(ErrorCode::invalid_argument,
               fmt::format("the variable {} is not set, and the strategy wants it", name))
      .with_hint(fmt::format("export {}=…, or let the strategy name a file: or command:", name));
}

}  // namespace

Result<base::SecretBytes> StrategyWorkplace::secret(const strategy::SecretReference& reference) {
  using Kind = strategy::SecretReference::Kind;
  switch (reference.kind) {
    case Kind::env: {
      // That one was taken out of the environment when the program began.
      if (reference.name == passphrase_variable && !invocation_.secrets().key.empty()) {
        return invocation_.secrets().key.clone();
      }
      const auto value = environment_variable(reference.name);
      if (!value || value->empty()) return missing_variable(reference.name);
      return base::SecretBytes(base::as_bytes(*value));
    }
    case Kind::file:
      return read_key_file((std::filesystem::path(strategy_.folder) / reference.name).string());
    case Kind::command: return run_key_command(reference.name, stop_);
    default: return Error(ErrorCode::invalid_argument, "the strategy names no secret here");
  }
}

Result<std::shared_ptr<StrategyWorkplace>> StrategyWorkplace::open(Invocation& invocation,
                                                                   std::stop_token stop) {
  std::shared_ptr<StrategyWorkplace> own(new StrategyWorkplace(invocation, std::move(stop)));
  own->strategy_ = TRY(usable_strategy(invocation));
  const auto& strategy = own->strategy_;
  const auto zone = TRY(strategy::TimeZone::find(strategy.timezone));
  const auto state = invocation.option("state").value_or(state_directory());
  std::error_code error;
  const auto absolute = std::filesystem::absolute(state, error);
  if (error) return Error::from_errno(error.value(), state);
  const auto own_state = (absolute / strategy.name / strategy.environment).string();
  own->catalog_ = TRY(catalog::Catalog::open(own_state));
  own->workplace_ = std::make_unique<engine::Workplace>(
      engine::Workplace{.strategy = strategy,
                        .zone = zone,
                        .catalog = *own->catalog_,
                        .clock = own->clock_,
                        .random = own->random_,
                        .cache_directory = cache_directory(),
                        .state_directory = own_state,
                        .host = host_name(),
                        .environment = environment_variable,
                        .secret = [raw = own.get()](const strategy::SecretReference& reference) {
                          return raw->secret(reference);
                        }});
  return own;
}

Result<std::unique_ptr<StrategySession>> StrategySession::open(Invocation& invocation,
                                                               io::Interrupt::Hangup hangup) {
  std::unique_ptr<StrategySession> session(new StrategySession(invocation, hangup));
  session->own_ = TRY(StrategyWorkplace::open(invocation, session->stop()));
  return session;
}

Result<const strategy::Component*> StrategySession::component(const std::string& name) const {
  const auto& strategy = own_->strategy();
  const auto* found = strategy.component(name);
  if (found != nullptr) return &strategy.protector(*found);
  std::string names;
  for (const auto& each : strategy.components) names += (names.empty() ? "" : ", ") + each.name;
  return Error(ErrorCode::not_found, fmt::format("the strategy has no component '{}'", name))
      .with_hint("it has: " + names);
}

}  // namespace holdfast::cli
