// Whatever is lost, as long as it is no more than there is parity, comes back.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/random.hpp"
#include "codec/parity.hpp"
#include "inputs.hpp"

namespace holdfast::codec {
namespace {

using base::Bytes;

bool recovers(const ParityCode& code, std::size_t size, const std::vector<unsigned>& lost) {
  std::vector<Bytes> blocks;
  for (unsigned i = 0; i < code.data(); ++i) blocks.push_back(noise(size, i + size));
  const auto whole = blocks;
  blocks.resize(code.data() + code.parity(), Bytes(size));
  const std::vector<base::MutableByteView> all(blocks.begin(), blocks.end());
  code.encode(all);
  for (const auto i : lost) blocks[i].assign(size, 0xa5);
  return code.recover(all, lost).ok() && std::equal(whole.begin(), whole.end(), blocks.begin());
}

RC_GTEST_PROP(ParityProperty, AnyLossesUpToTheParityComeBack, ()) {
  const auto data = *rc::gen::inRange(1U, 200U);
  const auto parity = *rc::gen::inRange(1U, std::min(60U, ParityCode::blocks_max - data) + 1);
  const auto size = *rc::gen::inRange<std::size_t>(1, 300);
  std::vector<unsigned> numbers(data + parity);
  std::iota(numbers.begin(), numbers.end(), 0U);
  base::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  for (auto i = numbers.size(); i > 1; --i) std::swap(numbers[i - 1], numbers[random.below(i)]);
  numbers.resize(*rc::gen::inRange<std::size_t>(0, parity + 1));
  std::sort(numbers.begin(), numbers.end());
  RC_ASSERT(recovers(ParityCode(data, parity), size, numbers));
}

TEST(ParityProperty, EveryPatternOfASmallCode) {
  const ParityCode code(5, 3);
  for (unsigned pattern = 0; pattern < 256; ++pattern) {
    std::vector<unsigned> lost;
    for (unsigned i = 0; i < 8; ++i) {
      if ((pattern >> i & 1) != 0) lost.push_back(i);
    }
    if (lost.size() <= 3) ASSERT_TRUE(recovers(code, 33, lost)) << pattern;
  }
}

}  // namespace
}  // namespace holdfast::codec
