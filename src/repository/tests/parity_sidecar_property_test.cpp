// Scattered losses: whatever touches no more blocks of a stripe than it has parity is mended.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "repository/object_name.hpp"
#include "repository/parity_sidecar.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

RC_GTEST_PROP(ParitySidecarProperty, ScatteredLosses, ()) {
  const auto size = *rc::gen::weightedOneOf<std::uint64_t>(
      {{3, rc::gen::inRange<std::uint64_t>(1, 20'000)},
       {1, rc::gen::inRange<std::uint64_t>(400'000, 1'500'000)}});
  const auto percent = *rc::gen::inRange(1U, 101U);
  base::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  const auto object = noise(random.number(), size);
  const auto sidecar =
      make_sidecar(object_name(index_prefix, codec::sha256(object)), object, percent);
  const auto head = must(decode_sidecar(sidecar));
  const auto& layout = head.layout;
  auto damaged = object;
  auto damaged_sidecar = sidecar;
  std::uint64_t lost_blocks = 0;
  for (std::uint32_t stripe = 0; stripe < layout.stripes; ++stripe) {
    // Data and parity blocks of the stripe, in a random order; of the first ones a byte changes.
    std::vector<std::uint32_t> blocks;
    for (std::uint32_t i = 0; i < layout.data() + layout.parity; ++i) blocks.push_back(i);
    for (auto i = blocks.size(); i > 1; --i) std::swap(blocks[i - 1], blocks[random.below(i)]);
    blocks.resize(random.below(layout.parity + 1));
    for (const auto i : blocks) {
      if (i < layout.data()) {
        const auto at = (std::uint64_t{i} * layout.stripes + stripe) * layout.block_size;
        if (at >= size) continue;
        damaged[at + random.below(std::min<std::uint64_t>(layout.block_size, size - at))] ^= 1;
        ++lost_blocks;
      } else {
        const auto number = std::uint64_t{i - layout.data()} * layout.stripes + stripe;
        damaged_sidecar[head.size + number * layout.block_size + random.below(layout.block_size)] ^=
            128;
      }
    }
  }
  const auto recovered =
      recover_object(must(find_sidecar_head(damaged_sidecar)), damaged, damaged_sidecar);
  RC_ASSERT(recovered.ok());
  RC_ASSERT(recovered.value().object == object);
  RC_ASSERT(recovered.value().blocks_lost == lost_blocks);
}

}  // namespace
}  // namespace holdfast::repository
