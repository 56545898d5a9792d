// CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the processor's instruction where there is one.
#pragma once

#include "base/bytes.hpp"

namespace holdfast::codec {

// Continues from `crc` (0 to begin).
[[nodiscard]] std::uint32_t crc32c(base::ByteView data, std::uint32_t crc = 0);

}  // namespace holdfast::codec
