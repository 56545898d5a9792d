// How an object is cut into blocks and stripes for its parity, and what that mends
// (docs/internals/repository_format.md section 7). Pure arithmetic.
#pragma once

#include <cstdint>

#include "base/result.hpp"

namespace holdfast::repository {

constexpr std::uint64_t parity_object_size_max = std::uint64_t{1} << 28;
constexpr unsigned parity_percent_max = 100;
constexpr unsigned parity_percent_default = 5;

struct ParityLayout {
  std::uint64_t object_size = 0;  // bytes
  std::uint32_t block_size = 0;   // bytes
  std::uint32_t stripes = 0;
  std::uint32_t parity = 0;  // parity blocks of each stripe

  // Of an object of `object_size` bytes (1 to parity_object_size_max) for `percent` (1 to
  // parity_percent_max).
  [[nodiscard]] static ParityLayout choose(std::uint64_t object_size, unsigned percent);
  // damaged unless it is a layout that readers take.
  [[nodiscard]] base::Result<void> check() const;

  // Of a layout that check() takes:
  [[nodiscard]] std::uint32_t blocks() const noexcept;  // that the object is cut into
  [[nodiscard]] std::uint32_t data() const noexcept;    // data blocks of each stripe
  [[nodiscard]] std::uint32_t parity_blocks() const noexcept { return stripes * parity; }
  // Every contiguous loss of so many bytes is mended, wherever it lies.
  [[nodiscard]] std::uint64_t loss_max() const noexcept;

  bool operator==(const ParityLayout&) const = default;
};

}  // namespace holdfast::repository
