// Content-defined chunking: keyed Gear with normalised chunking (FastCDC, Xia et al., USENIX ATC
// 2016). Whether a position is a cut depends on the last 64 bytes and the position in the chunk
// only. The table comes from the repository's key, so that chunk sizes tell an outsider nothing
// about known contents.
//
// Exactly (all numbers little-endian, arithmetic modulo 2^64), so that another program can cut
// alike:
//   gear      64 blocks D_j = HMAC-SHA256(key, "holdfast chunker gear" || u32 j), j = 0 … 63, one
//   after the other, are
//             the 256 u64 of the table.
//   hash      H(n) = sum over i = 0 … 63 of gear[data[n - 1 - i]] << i: the last 64 bytes before
//   length n. masks     with t = log2(size_target): `before` has t + 1 bits, `after` t - 1 bits:
//   bits 63, 61, 59, … downwards. cut       the smallest n with size_min <= n < size_max and H(n) &
//   mask == 0, where mask is `before` if
//             n < size_target and `after` otherwise; else the smaller of size_max and what is left
//             of the stream.
#pragma once

#include <array>

#include "base/bytes.hpp"
#include "base/units.hpp"

namespace holdfast::codec {

// 64 < size_min <= size_target <= size_max; size_target is a power of two of at most 1 GiB.
struct ChunkerParameters {
  std::uint32_t size_min = 512 * base::KiB;
  std::uint32_t size_target = 2 * base::MiB;
  std::uint32_t size_max = 8 * base::MiB;
};

// Immutable; calls are thread-safe.
class Chunker {
 public:
  Chunker(ChunkerParameters parameters, base::ByteView key);
  [[nodiscard]] const ChunkerParameters& parameters() const noexcept { return parameters_; }
  // The length of the chunk that starts at data[0]: between size_min and size_max, or data.size()
  // where no cut lies within `data`. So: with at least size_max bytes (or all that remains of the
  // stream) in `data`, the cut is final.
  [[nodiscard]] std::size_t cut(base::ByteView data) const;

 private:
  ChunkerParameters parameters_;
  std::uint64_t mask_before_target_;
  std::uint64_t mask_after_target_;
  std::array<std::uint64_t, 256> gear_;
};

}  // namespace holdfast::codec
