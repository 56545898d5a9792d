// Choosing and checking layouts.
#include "repository/parity_layout.hpp"

#include <algorithm>

#include "codec/parity.hpp"

namespace holdfast::repository {

namespace {

constexpr std::uint64_t block_step = 64;
constexpr std::uint64_t block_size_max = 4096;  // a disk's sector, a page
constexpr std::uint64_t stripe_blocks = 100;    // data blocks, at most
constexpr std::uint64_t least_loss = 4096;      // mended whatever the percentage

constexpr std::uint64_t divided(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }

}  // namespace

ParityLayout ParityLayout::choose(std::uint64_t object_size, unsigned percent) {
  CHECK(object_size >= 1 && object_size <= parity_object_size_max,
        "an object that can have parity");
  CHECK(percent >= 1 && percent <= parity_percent_max, "a percentage from 1 to 100");
  const auto block =
      std::min(block_size_max, block_step * divided(object_size, block_step * stripe_blocks));
  const auto count = divided(object_size, block);
  const auto stripes = divided(count, stripe_blocks);
  const auto data = divided(count, stripes);
  // A loss that begins at a block's last byte touches one block more than its size says.
  const auto touched = divided(std::min(object_size, least_loss) - 1, block) + 1;
  const auto parity =
      std::min(data, std::max(divided(data * percent, 100), divided(touched, stripes)));
  return {.object_size = object_size,
          .block_size = static_cast<std::uint32_t>(block),
          .stripes = static_cast<std::uint32_t>(stripes),
          .parity = static_cast<std::uint32_t>(parity)};
}

base::Result<void> ParityLayout::check() const {
  const auto wrong = [](std::string what) {
    return base::Error(base::ErrorCode::damaged, "a sidecar's " + std::move(what));
  };
  if (object_size == 0 || object_size > parity_object_size_max)
    return wrong("object has an impossible size");
  if (block_size < block_step || block_size > block_size_max)
    return wrong("blocks have an impossible size");
  if (stripes == 0 || stripes > blocks()) return wrong("stripes are more than its blocks");
  if (parity == 0 || parity > data() || data() + parity > codec::ParityCode::blocks_max)
    return wrong("stripes have an impossible number of blocks");
  return {};
}

std::uint32_t ParityLayout::blocks() const noexcept {
  return static_cast<std::uint32_t>(divided(object_size, block_size));
}

std::uint32_t ParityLayout::data() const noexcept {
  return static_cast<std::uint32_t>(divided(blocks(), stripes));
}

std::uint64_t ParityLayout::loss_max() const noexcept {
  if (parity >= data()) return object_size;
  return std::min(object_size, (std::uint64_t{parity} * stripes - 1) * block_size + 1);
}

}  // namespace holdfast::repository
