// The chunker's promises for any parameters and input.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "chunker_reference.hpp"
#include "inputs.hpp"

namespace holdfast::codec {
namespace {

ChunkerParameters any_parameters() {
  const auto target = std::uint32_t{1} << *rc::gen::inRange(7, 13);
  return {.size_min = *rc::gen::inRange<std::uint32_t>(65, target + 1),
          .size_target = target,
          .size_max = *rc::gen::inRange<std::uint32_t>(target, 5 * target)};
}

base::Bytes any_input() {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto size = *rc::gen::inRange<std::size_t>(0, 60'000);
  const auto kind = *rc::gen::inRange(0, 4);
  if (kind == 0) return noise(size, seed);
  if (kind == 1) return text(size, seed);
  if (kind == 2) return records(size, seed);
  return joined(base::Bytes(size / 2), noise(size / 2, seed));
}

RC_GTEST_PROP(ChunkerProperty, CutsAsTheDefinitionDoes, ()) {
  const auto parameters = any_parameters();
  const auto data = any_input();
  const auto key = noise(32, *rc::gen::arbitrary<std::uint64_t>());
  RC_ASSERT(cut_all(Chunker(parameters, key), data) ==
            cut_all_by_definition(parameters, key, data));
}

RC_GTEST_PROP(ChunkerProperty, SizesAreWithinTheirLimits, ()) {
  const auto parameters = any_parameters();
  const auto lengths = cut_all(Chunker(parameters, noise(32)), any_input());
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    RC_ASSERT(lengths[i] <= parameters.size_max);
    if (i + 1 < lengths.size()) RC_ASSERT(lengths[i] >= parameters.size_min);
  }
}

RC_GTEST_PROP(ChunkerProperty, MoreInputThanTheLargestChunkChangesNothing, ()) {
  const auto parameters = any_parameters();
  const Chunker chunker(parameters, noise(32));
  const auto data = any_input();
  const auto enough =
      base::ByteView(data).first(std::min<std::size_t>(data.size(), parameters.size_max));
  RC_ASSERT(chunker.cut(data) == chunker.cut(enough));
}

}  // namespace
}  // namespace holdfast::codec
