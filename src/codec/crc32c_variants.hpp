// The two ways to compute CRC-32C, so that a test can compare them.
#pragma once

#include "base/bytes.hpp"

namespace holdfast::codec {

[[nodiscard]] std::uint32_t crc32c_by_tables(base::ByteView data, std::uint32_t crc);
// Requires has_crc32c_instruction().
[[nodiscard]] std::uint32_t crc32c_by_instruction(base::ByteView data, std::uint32_t crc);
[[nodiscard]] bool has_crc32c_instruction();

}  // namespace holdfast::codec
