// Compression of a chunk: zstd behind a cheap probe that skips what doesn't compress, and a
// byte-plane filter for arrays of floating-point numbers (bf16, fp16, fp32), chosen by the same
// probe. What was done is recorded beside the bytes, so any reader can undo it. Pure: the same
// input, level and program give the same output.
#pragma once

#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace holdfast::codec {

enum class Codec : std::uint8_t { none = 0, zstd = 1 };
// planes N: byte k of every N-byte element is moved to plane k; planes follow each other, then the
// odd bytes at the end.
enum class Filter : std::uint8_t { none = 0, planes_2 = 1, planes_4 = 2 };

struct Encoding {
  Codec codec = Codec::none;
  Filter filter = Filter::none;
};

constexpr int compression_level_default = 1;
constexpr int compression_level_max = 19;  // 0: store; 1 to 19: zstd

// Keeps zstd's context between calls: one per task.
class Compressor {
 public:
  explicit Compressor(int level);
  ~Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;
  // Appends the encoded form of `plain` to `out`, never longer than `plain`.
  Encoding compress(base::ByteView plain, base::Bytes& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Keeps zstd's context between calls: one per task.
class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;
  // Fills `out`, whose size is the plain size on record; damaged if the bytes say otherwise.
  base::Result<void> decompress(Encoding encoding, base::ByteView encoded,
                                base::MutableByteView out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::codec
