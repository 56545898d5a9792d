// Sizes and durations as people write and read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::base {

constexpr std::uint64_t KiB = 1024;
constexpr std::uint64_t MiB = 1024 * KiB;
constexpr std::uint64_t GiB = 1024 * MiB;

// "500GB" (powers of ten), "512KiB" (powers of two), "17" (bytes).
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);
// Powers of two, three significant digits: "1.50 GiB".
[[nodiscard]] std::string format_size(std::uint64_t bytes);

// "90s", "5m", "1h30m", "7d", "2w", "12mo" is not a duration (a month has no fixed length).
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
// "350 ms", "2.41 s", "3m 20s", "1h 05m".
[[nodiscard]] std::string format_duration(Duration duration);

}  // namespace holdfast::base
