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

class StrategySession {
 public:
  // Finds and reads the strategy, opens the catalog of its environment. The command must declare
  // strategy_options() and state_options().
  static base::Result<std::unique_ptr<StrategySession>> open(Invocation& invocation);

  [[nodiscard]] const engine::Workplace& workplace() const noexcept { return *workplace_; }
  [[nodiscard]] const strategy::Strategy& strategy() const noexcept { return strategy_; }
  [[nodiscard]] catalog::Catalog& catalog() noexcept { return *catalog_; }
  [[nodiscard]] Surroundings& around() noexcept { return around_; }
  [[nodiscard]] std::stop_token stop() const { return around_.stop(); }
  // not_found, with the names that there are.
  base::Result<const strategy::Component*> component(const std::string& name) const;

 private:
  explicit StrategySession(Invocation& invocation) : invocation_(invocation), around_(invocation) {}
  [[nodiscard]] base::Result<base::SecretBytes> secret(const strategy::SecretReference& reference);

  Invocation& invocation_;
  Surroundings around_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  strategy::Strategy strategy_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<engine::Workplace> workplace_;
};

}  // namespace holdfast::cli
