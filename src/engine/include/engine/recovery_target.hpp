// RecoveryTarget: an instant to which a component is restored, as people say it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::engine {

struct RecoveryTarget {
  // latest: all there is. snapshot: the newest snapshot as it is, without the log after it.
  enum class Kind { snapshot, latest, time, position, transaction, name } kind = Kind::snapshot;
  base::Time time;
  std::uint64_t position = 0;     // of the log: an LSN
  std::uint32_t transaction = 0;  // its number
  std::string name;               // of a restore point

  [[nodiscard]] std::string describe() const;
};

// "latest", a time (2026-11-20T12:00:00Z), an LSN (16/B374D848), the number of a transaction, or
// else the name of a restore point. invalid_argument: empty.
base::Result<RecoveryTarget> parse_recovery_target(std::string_view text);

}  // namespace holdfast::engine
