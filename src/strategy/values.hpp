// Reading scalars of the strategy that units and times alone don't cover.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "strategy/component.hpp"
#include "strategy/location.hpp"
#include "strategy/plan.hpp"

namespace holdfast::strategy {

base::Result<bool> parse_flag(std::string_view text);
base::Result<std::uint64_t> parse_integer(std::string_view text);
// "80%": 80.
base::Result<double> parse_percentage(std::string_view text);
// "99.9% per month"; "100%".
base::Result<Percentage> parse_percentage_rate(std::string_view text);
struct RequestRate {
  std::uint64_t count = 0;
  base::Duration per;
};
// "5M per month", "2000 per day".
base::Result<RequestRate> parse_request_rate(std::string_view text);
// "all", "new", "newest", "10%".
base::Result<Sample> parse_sample(std::string_view text);
// "env:NAME", "file:PATH", "command:PROGRAM", "mailto:ADDRESS". The error doesn't show the text.
base::Result<SecretReference> parse_secret(std::string_view text);
// A non-negative duration.
base::Result<base::Duration> parse_span(std::string_view text);

// The words between spaces.
[[nodiscard]] std::vector<std::string_view> split_words(std::string_view text);
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] std::string lower(std::string_view text);

}  // namespace holdfast::strategy
