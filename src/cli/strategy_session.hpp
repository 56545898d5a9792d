// StrategySession: a strategy, its catalog and its secrets for the length of one command.
#pragma once

#include <memory>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "catalog/catalog.hpp"
#include "engine/workplace.hpp"
#include "invocation.hpp"
#include "session.hpp"
#include "strategy/model.hpp"

namespace holdfast::cli {

// A strategy as it stands in its file now, with its catalog open: what the engine works on.
class StrategyWorkplace {
 public:
  // Finds and reads the strategy, opens the catalog of its environment. The command must declare
  // strategy_options() and state_options(). The invocation outlives it; `stop` ends commands that
  // give secrets.
  static base::Result<std::shared_ptr<StrategyWorkplace>> open(Invocation& invocation,
                                                               std::stop_token stop);

  [[nodiscard]] const engine::Workplace& get() const noexcept { return *workplace_; }
  [[nodiscard]] const strategy::Strategy& strategy() const noexcept { return strategy_; }
  [[nodiscard]] catalog::Catalog& catalog() noexcept { return *catalog_; }

 private:
  StrategyWorkplace(Invocation& invocation, std::stop_token stop)
      : invocation_(invocation), stop_(std::move(stop)) {}
  [[nodiscard]] base::Result<base::SecretBytes> secret(const strategy::SecretReference& reference);

  Invocation& invocation_;
  std::stop_token stop_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  strategy::Strategy strategy_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<engine::Workplace> workplace_;
};

class StrategySession {
 public:
  // As StrategyWorkplace::open.
  static base::Result<std::unique_ptr<StrategySession>> open(
      Invocation& invocation, io::Interrupt::Hangup hangup = io::Interrupt::Hangup::stops);

  [[nodiscard]] const engine::Workplace& workplace() const noexcept { return own_->get(); }
  [[nodiscard]] const strategy::Strategy& strategy() const noexcept { return own_->strategy(); }
  [[nodiscard]] catalog::Catalog& catalog() noexcept { return own_->catalog(); }
  [[nodiscard]] const std::shared_ptr<StrategyWorkplace>& shared() const noexcept { return own_; }
  [[nodiscard]] Surroundings& around() noexcept { return around_; }
  [[nodiscard]] std::stop_token stop() const { return around_.stop(); }
  // not_found, with the names that there are.
  base::Result<const strategy::Component*> component(const std::string& name) const;

 private:
  StrategySession(Invocation& invocation, io::Interrupt::Hangup hangup)
      : around_(invocation, hangup) {}

  Surroundings around_;
  std::shared_ptr<StrategyWorkplace> own_;
};

}  // namespace holdfast::cli
