// Rate: how fast bytes may flow, as a debt of time: what passes must be waited for afterwards, so
// that over any stretch of time hardly more than the rate goes by.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "base/units.hpp"

namespace holdfast::wire {

// Used by one task. Times are monotonic.
class Rate {
 public:
  // Above 0; nothing: unlimited.
  explicit Rate(std::optional<std::uint64_t> bytes_per_second) : rate_(bytes_per_second) {}

  [[nodiscard]] bool is_limited() const noexcept { return rate_.has_value(); }
  // What should pass at once, at most: a fiftieth of a second's worth.
  [[nodiscard]] std::size_t piece_size(std::size_t wanted) const {
    if (!rate_) return wanted;
    return std::min<std::size_t>(wanted, std::max<std::uint64_t>(*rate_ / 50, 1024));
  }
  // How long nothing may pass; not above 0: something may.
  [[nodiscard]] base::Duration wait(base::Duration now) const {
    return rate_ ? paid_until_ - now : base::Duration{};
  }
  void pass(std::uint64_t bytes, base::Duration now) {
    if (!rate_) return;
    const auto cost =
        static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 / static_cast<double>(*rate_));
    paid_until_ = std::max(paid_until_, now - saved_up_max) + base::Duration{cost};
  }

 private:
  // Of idle time: enough that late wake-ups cost no speed.
  static constexpr base::Duration saved_up_max = base::milliseconds(50);

  std::optional<std::uint64_t> rate_;
  base::Duration paid_until_;
};

}  // namespace holdfast::wire
