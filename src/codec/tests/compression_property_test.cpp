// Whatever goes in comes out, never longer than it was.
#include "codec/compression.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.hpp"
#include "inputs.hpp"

namespace holdfast::codec {
namespace {

using base::Bytes;

// Some pieces of different kinds, one after the other; all from one number, so that none is tried
// more than others.
Bytes any_input() {
  base::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  Bytes plain;
  for (auto pieces = 1 + random.below(3); pieces > 0; --pieces) {
    const auto seed = random.number();
    const auto size = (std::size_t{1} << random.below(17)) + random.below(5);
    switch (random.below(6)) {
      case 0: plain = joined(plain, noise(size, seed)); break;
      case 1: plain = joined(plain, text(size, seed)); break;
      case 2: plain = joined(plain, records(size, seed)); break;
      case 3: plain = joined(plain, bf16_weights(size / 2, seed)); break;
      case 4: plain = joined(plain, fp32_weights(size / 4, seed)); break;
      default: plain = joined(plain, Bytes(size)); break;
    }
  }
  return plain;
}

RC_GTEST_PROP(CompressionProperty, ComesBackAndIsNeverLonger, ()) {
  const auto plain = any_input();
  Bytes out;
  const auto encoding = Compressor(*rc::gen::element(0, 1, 3, 9)).compress(plain, out);
  RC_ASSERT(out.size() <= plain.size());
  Bytes back(plain.size());
  RC_ASSERT(Decompressor().decompress(encoding, out, back).ok());
  RC_ASSERT(back == plain);
  RC_CLASSIFY(encoding.codec == Codec::zstd, "zstd");
  RC_CLASSIFY(encoding.filter != Filter::none, "planes");
}

RC_GTEST_PROP(CompressionProperty, SmallBytesComeBack, (const Bytes& plain)) {
  Bytes out;
  const auto encoding = Compressor(compression_level_default).compress(plain, out);
  RC_ASSERT(out.size() <= plain.size());
  Bytes back(plain.size());
  RC_ASSERT(Decompressor().decompress(encoding, out, back).ok());
  RC_ASSERT(back == plain);
}

}  // namespace
}  // namespace holdfast::codec
