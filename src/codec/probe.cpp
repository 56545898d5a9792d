// Two looks at the input. Entropy: blocks of 4 KiB at even distances, each with its own histogram,
// so that text in one part shows although another part is noise. Repetition: noise that comes twice
// has full entropy and compresses by half; so the eight bytes after each occurrence of one byte
// value (an anchor every 256 bytes in noise) are looked up among those met before.
#include "probe.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/units.hpp"

namespace holdfast::codec {

namespace {

constexpr std::size_t block_size = 4 * base::KiB;
constexpr std::size_t block_distance_max = 32 * base::KiB;
constexpr std::size_t blocks_min = 16;

// A histogram of n random bytes looks as if it had less than 8 bits by about 255 / (2 n ln 2)
// (Miller, Madow).
double bias(double values, std::size_t count) {
  return (values - 1) / (2 * static_cast<double>(count) * std::numbers::ln2);
}

using Histogram = std::array<std::uint16_t, 256>;

// n * log2(n), by table: the inner step of an entropy.
const double* n_log_n() {
  static const auto table = [] {
    std::array<double, block_size + 1> made{};
    for (std::size_t n = 1; n < made.size(); ++n) {
      made[n] = static_cast<double>(n) * std::log2(static_cast<double>(n));
    }
    return made;
  }();
  return table.data();
}

double entropy_of(const Histogram& histogram, std::size_t count) {
  const double* table = n_log_n();
  double sum = 0;
  unsigned values = 0;
  for (const auto n : histogram) {
    sum += table[n];
    values += n != 0 ? 1 : 0;
  }
  const auto total = static_cast<double>(count);
  return std::min(8.0, std::log2(total) - sum / total + bias(values, count));
}

Histogram sum_of(const Histogram& a, const Histogram& b) {
  Histogram sum;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = static_cast<std::uint16_t>(a[i] + b[i]);
  return sum;
}

struct BlockEntropy {
  double whole, of_2, of_4;
};

// `block` starts at a multiple of four and its size is one.
BlockEntropy measure(base::ByteView block) {
  std::array<Histogram, 4> planes{};
  for (std::size_t i = 0; i < block.size(); i += 4) {
    ++planes[0][block[i]];
    ++planes[1][block[i + 1]];
    ++planes[2][block[i + 2]];
    ++planes[3][block[i + 3]];
  }
  const Histogram even = sum_of(planes[0], planes[2]);
  const Histogram odd = sum_of(planes[1], planes[3]);
  const std::size_t quarter = block.size() / 4;
  double of_4 = 0;
  for (const auto& plane : planes) of_4 += entropy_of(plane, quarter) / 4;
  return {.whole = entropy_of(sum_of(even, odd), block.size()),
          .of_2 = (entropy_of(even, 2 * quarter) + entropy_of(odd, 2 * quarter)) / 2,
          .of_4 = of_4};
}

// Whether a good part of the anchors' contexts was met before.
bool repeats_itself(base::ByteView plain) {
  constexpr base::Byte anchor = 0xa7;
  constexpr std::size_t slots = 4096;
  constexpr std::size_t context_size = sizeof(std::uint64_t);
  std::array<std::uint64_t, slots> met{};
  std::size_t seen = 0;
  std::size_t again = 0;
  const base::Byte* at = plain.data();
  const base::Byte* const end = at + plain.size();
  while (seen < slots * 2) {
    at =
        static_cast<const base::Byte*>(std::memchr(at, anchor, static_cast<std::size_t>(end - at)));
    if (at == nullptr || static_cast<std::size_t>(end - at) <= context_size) break;
    ++at;
    std::uint64_t context;
    std::memcpy(&context, at, context_size);
    auto& slot = met[(context * 0x9e3779b97f4a7c15ULL) >> 52];
    again += slot == context ? 1 : 0;
    slot = context;
    ++seen;
  }
  return again >= 2 && again * 64 >= seen;
}

}  // namespace

Probe probe(base::ByteView plain) {
  Probe result;
  const std::size_t usable = std::min(plain.size(), block_size) & ~std::size_t{3};
  if (usable == 0) return result;
  result = {.entropy = 0, .entropy_of_2 = 0, .entropy_of_4 = 0, .repeats = false};
  std::size_t blocks = 0;
  const auto add = [&](std::size_t at) {
    const auto [whole, of_2, of_4] = measure(plain.subspan(at, usable));
    result.entropy += whole;
    result.entropy_of_2 += of_2;
    result.entropy_of_4 += of_4;
    ++blocks;
  };
  const std::size_t distance =
      std::clamp(plain.size() / blocks_min & ~std::size_t{3}, block_size, block_distance_max);
  std::size_t at = 0;
  for (; at + usable <= plain.size(); at += distance) add(at);
  // The end, unless the last block was near it.
  const std::size_t last = (plain.size() - usable) & ~std::size_t{3};
  if (last > at - distance) add(last);
  const auto count = static_cast<double>(blocks);
  result.entropy /= count;
  result.entropy_of_2 /= count;
  result.entropy_of_4 /= count;
  if (!result.compressible()) result.repeats = repeats_itself(plain);
  return result;
}

bool Probe::compressible() const noexcept { return repeats || planes_promise() || entropy < 7.9; }

// Text and machine code gain here too, yet more from zstd's matches, which planes destroy: a trial
// decides.
bool Probe::planes_promise() const noexcept {
  return std::min(entropy_of_2, entropy_of_4) < entropy - 0.15;
}

}  // namespace holdfast::codec
