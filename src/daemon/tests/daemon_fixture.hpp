// A strategy on a clock that the test moves.
#pragma once

#include <memory>

#include "../../engine/tests/strategy_fixture.hpp"
#include "daemon/daemon.hpp"

namespace holdfast::daemon {

struct DaemonFixture {
  // Owned by the fixture, which outlives the daemon.
  [[nodiscard]] SharedWorkplace shared() const {
    return {std::shared_ptr<void>(), strategy.workplace.get()};
  }

  engine::TestStrategyAt strategy{
      "  files:\n    files: { paths: [data] }\n"
      "    plans: { daily: { every: 1d, stall: 10m, to: [ssd, hdd], keep: 7d } }\n"};
};

}  // namespace holdfast::daemon
