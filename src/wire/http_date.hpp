// Dates in HTTP headers: "Fri, 24 May 2013 00:00:00 GMT" (RFC 9110, section 5.6.7).
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace holdfast::wire {

// Nothing for what is no such date.
[[nodiscard]] std::optional<base::Time> parse_http_date(std::string_view text);
// The dates in S3's XML and JSON: "2013-05-24T00:00:00.000Z".
[[nodiscard]] std::optional<base::Time> parse_iso_date(std::string_view text);

}  // namespace holdfast::wire
