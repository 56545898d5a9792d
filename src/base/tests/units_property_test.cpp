// Sizes and durations: what is written in any unit is read as what it means, and nothing overflows
// silently.
#include "base/units.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace holdfast::base {
namespace {

RC_GTEST_PROP(ParseSize, MultipliesOrRefuses, (std::uint64_t raw)) {
  const auto number = raw >> *rc::gen::inRange(0, 64);
  const auto [unit, factor] =
      *rc::gen::element(std::pair<const char*, std::uint64_t>{"", 1},
                        std::pair<const char*, std::uint64_t>{"KiB", KiB},
                        std::pair<const char*, std::uint64_t>{"MB", 1'000'000},
                        std::pair<const char*, std::uint64_t>{"TiB", 1024 * GiB});
  const auto got = parse_size(std::to_string(number) + unit);
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(number, factor, &product)) {
    RC_ASSERT(!got.ok());
  } else {
    RC_ASSERT(got.value() == product);
  }
}

RC_GTEST_PROP(ParseDuration, ReadsDaysHoursMinutesSeconds, ()) {
  const auto d = *rc::gen::inRange(0, 10'000);
  const auto h = *rc::gen::inRange(0, 1000);
  const auto m = *rc::gen::inRange(0, 1000);
  const auto s = *rc::gen::inRange(0, 1000);
  const auto text = std::to_string(d) + "d" + std::to_string(h) + "h" + std::to_string(m) + "m" +
                    std::to_string(s) + "s";
  RC_ASSERT(parse_duration(text).value() == days(d) + hours(h) + minutes(m) + seconds(s));
}

RC_GTEST_PROP(ParseDuration, NeverCrashesOrGoesNegative, (const std::string& text)) {
  const auto got = parse_duration(text);
  if (got.ok()) RC_ASSERT(got.value() >= Duration{});
}

RC_GTEST_PROP(FormatSize, IsShortForEverySize, (std::uint64_t raw)) {
  const auto text = format_size(raw >> *rc::gen::inRange(0, 64));
  RC_ASSERT(text.size() >= 3U);
  RC_ASSERT(text.size() <= 8U);
}

}  // namespace
}  // namespace holdfast::base
