// The code's coefficients are those that the format's document states, and its limits hold.
#include "codec/parity.hpp"

#include <gtest/gtest.h>

#include "inputs.hpp"

namespace holdfast::codec {
namespace {

using base::Byte;
using base::Bytes;

Byte product(Byte a, Byte b) {
  unsigned sum = 0;
  for (unsigned bit = 0; bit < 8; ++bit) {
    if ((b >> bit & 1) != 0) sum ^= static_cast<unsigned>(a) << bit;
  }
  for (unsigned bit = 15; bit >= 8; --bit) {
    if ((sum >> bit & 1) != 0) sum ^= 0x11dU << (bit - 8);
  }
  return static_cast<Byte>(sum);
}

Byte inverse(Byte a) {
  for (unsigned b = 1; b < 256; ++b) {
    if (product(a, static_cast<Byte>(b)) == 1) return static_cast<Byte>(b);
  }
  return 0;
}

std::vector<base::MutableByteView> views(std::vector<Bytes>& blocks) {
  return {blocks.begin(), blocks.end()};
}

std::vector<Bytes> encoded(const ParityCode& code, std::size_t size) {
  std::vector<Bytes> blocks;
  for (unsigned i = 0; i < code.data(); ++i) blocks.push_back(noise(size, i + 1));
  blocks.resize(code.data() + code.parity(), Bytes(size));
  code.encode(views(blocks));
  return blocks;
}

TEST(Parity, IsTheSumThatTheDocumentStates) {
  for (const auto& [data, parity] :
       {std::pair{1U, 1U}, {3U, 2U}, {100U, 5U}, {100U, 100U}, {200U, 55U}, {1U, 254U}}) {
    const ParityCode code(data, parity);
    const auto blocks = encoded(code, 77);
    for (unsigned r = 0; r < parity; ++r) {
      for (std::size_t at : {std::size_t{0}, std::size_t{76}}) {
        Byte sum = 0;
        for (unsigned i = 0; i < data; ++i)
          sum ^= product(inverse(static_cast<Byte>((data + r) ^ i)), blocks[i][at]);
        ASSERT_EQ(blocks[data + r][at], sum) << data << "+" << parity << " row " << r;
      }
    }
  }
}

TEST(Parity, MoreLossesThanParityBlocksAreRefusedAndNothingIsWritten) {
  const ParityCode code(4, 2);
  auto blocks = encoded(code, 64);
  const auto before = blocks;
  const auto all = views(blocks);
  const std::vector<unsigned> lost{0, 2, 5};
  const auto recovered = code.recover(all, lost);
  ASSERT_FALSE(recovered.ok());
  EXPECT_EQ(recovered.error().code(), base::ErrorCode::damaged);
  EXPECT_EQ(blocks, before);
}

TEST(Parity, LostParityBlocksAreLeftAlone) {
  const ParityCode code(4, 2);
  auto blocks = encoded(code, 64);
  const auto whole = blocks;
  blocks[1].assign(64, 0);
  blocks[5].assign(64, 9);
  const std::vector<unsigned> lost{1, 5};
  ASSERT_TRUE(code.recover(views(blocks), lost).ok());
  EXPECT_EQ(blocks[1], whole[1]);
  EXPECT_EQ(blocks[5], Bytes(64, 9));
  EXPECT_TRUE(code.recover(views(blocks), std::vector<unsigned>{5}).ok()) << "nothing to do";
}

TEST(ParityDeathTest, ShapesThatDoNotExist) {
  EXPECT_DEATH(ParityCode(0, 1), "shape");
  EXPECT_DEATH(ParityCode(1, 0), "shape");
  EXPECT_DEATH(ParityCode(200, 56), "shape");
}

}  // namespace
}  // namespace holdfast::codec
