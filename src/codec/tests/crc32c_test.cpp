// CRC-32C against RFC 3720's examples; the instruction and the tables agree.
#include "codec/crc32c.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "crc32c_variants.hpp"
#include "inputs.hpp"

namespace holdfast::codec {
namespace {

using base::Bytes;
using base::ByteView;

TEST(Crc32c, KnownAnswers) {
  Bytes up(32);
  std::iota(up.begin(), up.end(), base::Byte{0});
  const Bytes down(up.rbegin(), up.rend());
  for (const auto compute : {crc32c_by_tables, crc32c_by_instruction}) {
    if (compute == crc32c_by_instruction && !has_crc32c_instruction()) continue;
    EXPECT_EQ(compute({}, 0), 0U);
    EXPECT_EQ(compute(Bytes(32, 0x00), 0), 0x8a9136aaU);
    EXPECT_EQ(compute(Bytes(32, 0xff), 0), 0x62a8ab43U);
    EXPECT_EQ(compute(up, 0), 0x46dd794eU);
    EXPECT_EQ(compute(down, 0), 0x113fdb5cU);
    EXPECT_EQ(compute(base::as_bytes("123456789"), 0), 0xe3069283U);
  }
}

TEST(Crc32c, BothWaysAgreeAtEveryLengthAndOffset) {
  if (!has_crc32c_instruction()) GTEST_SKIP() << "this processor has no instruction for it";
  const auto data = noise(200);
  for (std::size_t begin = 0; begin < 16; ++begin) {
    for (std::size_t size = 0; size <= 100; ++size) {
      const auto part = ByteView(data).subspan(begin, size);
      ASSERT_EQ(crc32c_by_instruction(part, 17), crc32c_by_tables(part, 17));
    }
  }
}

TEST(Crc32c, ContinuesWhereItStopped) {
  const auto data = noise(1000);
  const auto whole = crc32c(data);
  for (const std::size_t at : {0UL, 1UL, 7UL, 8UL, 500UL, 1000UL}) {
    const auto first = crc32c(ByteView(data).first(at));
    EXPECT_EQ(crc32c(ByteView(data).subspan(at), first), whole);
  }
}

}  // namespace
}  // namespace holdfast::codec
