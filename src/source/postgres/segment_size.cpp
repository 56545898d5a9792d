// A number and a unit.
#include "segment_size.hpp"

#include <charconv>

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

Result<std::uint64_t> parse_segment_size(std::string_view text) {
  std::uint64_t value = 0;
  const auto done = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(done.ptr,
                              static_cast<std::size_t>(text.data() + text.size() - done.ptr));
  const std::uint64_t bytes = unit == "MB"   ? value << 20
                              : unit == "GB" ? value << 30
                              : unit == "kB" ? value << 10
                                             : value;
  const bool is_power = bytes != 0 && (bytes & (bytes - 1)) == 0;
  if (done.ec != std::errc() || !is_power || bytes < (1U << 20) || bytes > (1U << 30)) {
    return Error(ErrorCode::unsupported, "the server's wal_segment_size can't be read");
  }
  return bytes;
}

}  // namespace holdfast::source
