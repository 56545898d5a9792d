// Sealed boxes replay under a seed, and are random again afterwards.
#include "support/seeded_sodium.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "codec/sealed_box.hpp"

namespace holdfast::simulation {
namespace {

TEST(SeededSodium, SealsTheSameUnderTheSameSeed) {
  base::SeededRandom random(1);
  const auto keys = codec::make_box_key_pair(random);
  const auto plain = base::as_bytes("secret");
  const auto sealed_under = [&](std::uint64_t seed) {
    const SeededSodium sodium(seed);
    return codec::seal_to(keys.public_key, plain);
  };
  const auto first = sealed_under(1);
  EXPECT_EQ(sealed_under(1), first);
  EXPECT_NE(sealed_under(2), first);
  EXPECT_EQ(base::as_text(codec::open_sealed(keys, first).value().view()), "secret");
  EXPECT_NE(codec::seal_to(keys.public_key, plain), codec::seal_to(keys.public_key, plain));
}

}  // namespace
}  // namespace holdfast::simulation
