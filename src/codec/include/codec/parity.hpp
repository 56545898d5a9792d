// Parity: a systematic Reed-Solomon code over GF(2^8) (polynomial 0x11d, Cauchy matrix), on ISA-L.
// Of `data` blocks it makes `parity` more; of all of them any `data` many give back the rest.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.hpp"

namespace holdfast::codec {

// Const calls are thread-safe.
class ParityCode {
 public:
  static constexpr unsigned blocks_max = 255;  // data and parity together

  // At least one of each, at most blocks_max together. The coefficient of data block i in parity
  // block r is the inverse of (data + r) XOR i.
  ParityCode(unsigned data, unsigned parity);

  [[nodiscard]] unsigned data() const noexcept { return data_; }
  [[nodiscard]] unsigned parity() const noexcept { return parity_; }

  // `blocks` are data, then parity, all of one size, at least a byte. Fills those of parity.
  void encode(std::span<const base::MutableByteView> blocks) const;

  // `lost` says which (ascending, each once) hold nothing of use.
  // Writes the lost ones among the data blocks. damaged, and nothing is written, if more are lost
  // than there are parity blocks.
  base::Result<void> recover(std::span<const base::MutableByteView> blocks,
                             std::span<const unsigned> lost) const;

 private:
  unsigned data_;
  unsigned parity_;
  base::Bytes matrix_;  // (data + parity) rows of `data`
  base::Bytes tables_;  // ISA-L's, of the parity rows
};

}  // namespace holdfast::codec
