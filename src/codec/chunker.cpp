// The Gear scan. The hash after byte n is the sum over the last 64 bytes of gear[byte] shifted left
// by its age, so it can be started anywhere from the 64 bytes before. That gives the speed: one
// scan is a chain of dependent additions, therefore a region is cut into lanes which are scanned
// side by side, each warmed up by the 64 bytes before it.
#include "codec/chunker.hpp"

#include <algorithm>
#include <bit>

#include "codec/hash.hpp"

namespace holdfast::codec {

namespace {

constexpr std::size_t window_size = 64;
constexpr std::size_t lanes = 4;
constexpr std::size_t lane_size = 8 * base::KiB;
constexpr std::size_t none = SIZE_MAX;

using Gear = std::array<std::uint64_t, 256>;

// Every second bit from the top down, `bits` of them: high bits depend on many bytes, and the
// distance keeps the decisions of neighbouring positions apart. A mask of fewer bits is part of one
// of more.
constexpr std::uint64_t spread_mask(unsigned bits) {
  std::uint64_t mask = 0;
  for (unsigned i = 0; i < bits; ++i) mask |= std::uint64_t{1} << (63 - 2 * i);
  return mask;
}

// The hash of the 64 bytes before `at`.
std::uint64_t hash_before(const Gear& gear, const base::Byte* at) {
  std::uint64_t hash = 0;
  for (const base::Byte* byte = at - window_size; byte != at; ++byte)
    hash = (hash << 1) + gear[*byte];
  return hash;
}

// The lowest length in (begin, end] whose hash has no bit of `mask`.
std::size_t scan_one(const Gear& gear, const base::Byte* data, std::size_t begin, std::size_t end,
                     std::uint64_t mask) {
  std::uint64_t hash = hash_before(gear, data + begin);
  for (std::size_t at = begin; at < end; ++at) {
    hash = (hash << 1) + gear[data[at]];
    if ((hash & mask) == 0) [[unlikely]]
      return at + 1;
  }
  return none;
}

// The same for (begin, begin + lanes * lane_size].
std::size_t scan_lanes(const Gear& gear, const base::Byte* data, std::size_t begin,
                       std::uint64_t mask) {
  const base::Byte* p0 = data + begin;
  const base::Byte* p1 = p0 + lane_size;
  const base::Byte* p2 = p1 + lane_size;
  const base::Byte* p3 = p2 + lane_size;
  std::uint64_t h0 = hash_before(gear, p0);
  std::uint64_t h1 = hash_before(gear, p1);
  std::uint64_t h2 = hash_before(gear, p2);
  std::uint64_t h3 = hash_before(gear, p3);
  for (std::size_t i = 0; i < lane_size; ++i) {
    h0 = (h0 << 1) + gear[p0[i]];
    h1 = (h1 << 1) + gear[p1[i]];
    h2 = (h2 << 1) + gear[p2[i]];
    h3 = (h3 << 1) + gear[p3[i]];
    const bool hit =
        ((h0 & mask) == 0) | ((h1 & mask) == 0) | ((h2 & mask) == 0) | ((h3 & mask) == 0);
    if (hit) [[unlikely]] {
      // Some lane has a cut, an earlier lane may still get one: settle it in order.
      return scan_one(gear, data, begin, begin + lanes * lane_size, mask);
    }
  }
  return none;
}

std::size_t scan(const Gear& gear, const base::Byte* data, std::size_t begin, std::size_t end,
                 std::uint64_t mask) {
  while (end - begin >= lanes * lane_size) {
    const auto found = scan_lanes(gear, data, begin, mask);
    if (found != none) return found;
    begin += lanes * lane_size;
  }
  return begin < end ? scan_one(gear, data, begin, end, mask) : none;
}

}  // namespace

Chunker::Chunker(ChunkerParameters parameters, base::ByteView key) : parameters_(parameters) {
  const auto [size_min, size_target, size_max] = parameters;
  CHECK(std::has_single_bit(size_target) && size_target <= base::GiB,
        "chunk target: a power of two");
  CHECK(size_min > window_size && size_min <= size_target && size_target <= size_max,
        "chunk sizes: 64 < min <= target <= max");
  const auto bits = static_cast<unsigned>(std::countr_zero(size_target));
  mask_before_target_ = spread_mask(bits + 1);
  mask_after_target_ = spread_mask(bits - 1);

  const KeyedHash hash(key);
  for (std::uint32_t block = 0; block < 64; ++block) {
    base::Bytes message;
    base::ByteWriter writer(message);
    writer.raw(base::as_bytes("holdfast chunker gear"));
    writer.u32(block);
    const Digest digest = hash(message);
    std::memcpy(&gear_[block * 4], digest.data(), digest.size());
  }
}

std::size_t Chunker::cut(base::ByteView data) const {
  const std::size_t end = std::min<std::size_t>(data.size(), parameters_.size_max);
  if (end <= parameters_.size_min) return end;
  // Lengths from size_min to size_target - 1 by the strict mask, from there by the lenient one.
  const std::size_t middle = std::min<std::size_t>(end, parameters_.size_target - 1);
  std::size_t begin = parameters_.size_min - 1;
  if (begin < middle) {
    const auto found = scan(gear_, data.data(), begin, middle, mask_before_target_);
    if (found != none) return found;
    begin = middle;
  }
  const auto found = scan(gear_, data.data(), begin, end, mask_after_target_);
  return found == none ? end : found;
}

}  // namespace holdfast::codec
