// The inputs, all from seeds.
#include "inputs.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <numbers>

#include "base/random.hpp"

namespace holdfast::codec {

using base::Bytes;

namespace {

// Box and Muller; the deviation of a usual layer.
float next_weight(base::Random& random) {
  const auto uniform = [&] {
    return (static_cast<double>(random.number() >> 11) + 0.5) / 9007199254740992.0;
  };
  const double radius = std::sqrt(-2 * std::log(uniform()));
  return static_cast<float>(0.02 * radius * std::cos(2 * std::numbers::pi * uniform()));
}

// Rounding towards zero and no denormal numbers: enough for a likeness.
std::uint16_t to_fp16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const int exponent = static_cast<int>((bits >> 23) & 0xff) - 127 + 15;
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
  if (exponent <= 0) return sign;
  return static_cast<std::uint16_t>(sign | (exponent << 10) | ((bits >> 13) & 0x3ff));
}

}  // namespace

Bytes unhex(const std::string& text) { return base::from_hex(text).value(); }

Bytes noise(std::size_t size, std::uint64_t seed) {
  Bytes bytes(size);
  base::SeededRandom(seed).fill(bytes);
  return bytes;
}

Bytes text(std::size_t size, std::uint64_t seed) {
  static constexpr std::array words{"backup",  "restore", "snapshot", "the",  "of",     "and",
                                    "storage", "index",   "verify",   "pack", "chunk",  "never",
                                    "always",  "file",    "tree",     "key",  "secret", "prune"};
  base::SeededRandom random(seed);
  std::string out;
  while (out.size() < size) {
    out += words[random.below(words.size())];
    out += random.below(9) == 0 ? ".\n" : " ";
  }
  out.resize(size);
  return {out.begin(), out.end()};
}

Bytes bf16_weights(std::size_t count, std::uint64_t seed) {
  base::SeededRandom random(seed);
  Bytes bytes;
  base::ByteWriter writer(bytes);
  for (std::size_t i = 0; i < count; ++i) {
    writer.u16(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(next_weight(random)) >> 16));
  }
  return bytes;
}

Bytes fp16_weights(std::size_t count, std::uint64_t seed) {
  base::SeededRandom random(seed);
  Bytes bytes;
  base::ByteWriter writer(bytes);
  for (std::size_t i = 0; i < count; ++i) writer.u16(to_fp16(next_weight(random)));
  return bytes;
}

Bytes fp32_weights(std::size_t count, std::uint64_t seed) {
  base::SeededRandom random(seed);
  Bytes bytes;
  base::ByteWriter writer(bytes);
  for (std::size_t i = 0; i < count; ++i) {
    writer.u32(std::bit_cast<std::uint32_t>(next_weight(random)));
  }
  return bytes;
}

Bytes records(std::size_t size, std::uint64_t seed) {
  base::SeededRandom random(seed);
  Bytes bytes;
  base::ByteWriter writer(bytes);
  for (std::uint32_t i = 0; bytes.size() < size; ++i) {
    writer.u32(i);
    writer.u32(static_cast<std::uint32_t>(random.below(1000)));
    writer.u64(1'700'000'000 + random.below(100'000));
    const auto name = text(12, random.below(500));
    writer.raw(name);
    writer.u32(static_cast<std::uint32_t>(random.below(3)));
  }
  bytes.resize(size);
  return bytes;
}

Bytes joined(const Bytes& a, const Bytes& b) {
  Bytes both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

}  // namespace holdfast::codec
