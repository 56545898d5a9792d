// The length of a server's WAL segments.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::source {

// "16MB", as SHOW wal_segment_size says it, in bytes: a power of two from 1 MiB to 1 GiB.
base::Result<std::uint64_t> parse_segment_size(std::string_view text);

}  // namespace holdfast::source
