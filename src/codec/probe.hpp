// The probe: a cheap guess at what compression would gain, from samples spread over the input.
#pragma once

#include "base/bytes.hpp"

namespace holdfast::codec {

struct Probe {
  // Order-0 entropy of the samples in bits a byte, block by block and averaged: as they are, and as
  // bytes apart by their position in elements of two and four. 8 is noise.
  double entropy = 8;
  double entropy_of_2 = 8;
  double entropy_of_4 = 8;
  // The same bytes come again at some distance, which entropy doesn't see.
  bool repeats = false;

  // Worth giving to zstd at all.
  [[nodiscard]] bool compressible() const noexcept;
  // Worth trying the byte-plane filter on a sample.
  [[nodiscard]] bool planes_promise() const noexcept;
};

// Looks at about an eighth of `plain`.
[[nodiscard]] Probe probe(base::ByteView plain);

}  // namespace holdfast::codec
