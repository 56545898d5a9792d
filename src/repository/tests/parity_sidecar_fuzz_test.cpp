// Hostile sidecars: refused, or as sound as one of ours; recovery from them ends, with bytes or an
// error.
#include <gtest/gtest.h>

#include "codec/crc32c.hpp"
#include "mutation.hpp"
#include "repository/object_name.hpp"
#include "repository/parity_sidecar.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

struct Valid {
  base::Bytes object = noise(3, 700);
  base::Bytes sidecar = make_sidecar(object_name(index_prefix, codec::sha256(object)), object, 5);
};

TEST(ParitySidecarFuzz, TruncatedAtEveryLength) {
  const Valid valid;
  ASSERT_TRUE(decode_sidecar(valid.sidecar).ok());
  for (std::size_t size = 0; size < valid.sidecar.size(); ++size) {
    const base::Bytes cut(valid.sidecar.begin(),
                          valid.sidecar.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_EQ(decode_sidecar(cut).error().code(), base::ErrorCode::damaged) << size;
    const auto head = find_sidecar_head(cut);
    if (head.ok()) (void)recover_object(head.value(), valid.object, cut);
  }
}

TEST(ParitySidecarFuzz, Mutated) {
  base::SeededRandom random(31);
  const Valid valid;
  int heads = 0;
  int mended = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto damaged = mutated(valid.sidecar, random);
    ASSERT_EQ(decode_sidecar(damaged).ok(), damaged == valid.sidecar);
    const auto head = find_sidecar_head(damaged);
    if (!head.ok()) continue;
    ++heads;
    ASSERT_TRUE(head.value().layout.check().ok());
    const auto recovered = recover_object(head.value(), mutated(valid.object, random), damaged);
    if (recovered.ok() && recovered.value().object == valid.object) ++mended;
  }
  EXPECT_GT(heads, 1000);
  EXPECT_GT(mended, 100);
}

// A checksum is no signature: heads that whoever wrote them made right.
TEST(ParitySidecarFuzz, ForgedHeads) {
  base::SeededRandom random(32);
  const Valid valid;
  const auto size = must(decode_sidecar(valid.sidecar)).size;
  int heads = 0;
  for (int round = 0; round < 50'000; ++round) {
    base::Bytes forged(valid.sidecar.begin(), valid.sidecar.begin() + size - 4);
    for (auto n = random.below(3) + 1; n > 0; --n) {
      const auto at = 5 + random.below(25);  // percentage to parity
      forged[at] = random.below(2) == 0 ? static_cast<base::Byte>(random.below(4))
                                        : static_cast<base::Byte>(random.number());
    }
    const auto checksum = codec::crc32c(forged);
    base::ByteWriter(forged).u32(checksum);
    auto sidecar = forged;
    sidecar.insert(sidecar.end(), valid.sidecar.begin() + size, valid.sidecar.end() - size);
    sidecar.insert(sidecar.end(), forged.begin(), forged.end());
    (void)decode_sidecar(sidecar);
    const auto head = find_sidecar_head(sidecar);
    if (!head.ok()) continue;
    ++heads;
    (void)recover_object(head.value(), valid.object, sidecar);
  }
  EXPECT_GT(heads, 10);
}

}  // namespace
}  // namespace holdfast::repository
