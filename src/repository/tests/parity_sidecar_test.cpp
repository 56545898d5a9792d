// Sidecars: names, the golden bytes, and what is mended from them: a hole of the guaranteed size at
// every place, and damage to the sidecar itself.
#include "repository/parity_sidecar.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "golden.hpp"
#include "repository/object_name.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

std::string name_of(base::ByteView object) {
  return object_name(index_prefix, codec::sha256(object));
}

// `bytes` with other values from `begin` to `end`.
base::Bytes holed(base::Bytes bytes, std::uint64_t begin, std::uint64_t end) {
  for (auto at = begin; at < end; ++at) bytes[at] ^= 0xff;
  return bytes;
}

class Case {
 public:
  Case(std::uint64_t size, unsigned percent)
      : object(noise(size + percent, size)),
        sidecar(make_sidecar(name_of(object), object, percent)),
        head(must(decode_sidecar(sidecar))) {}

  [[nodiscard]] bool mends_hole(std::uint64_t begin, std::uint64_t end) const {
    const auto recovered = recover_object(head, holed(object, begin, end), sidecar);
    if (!recovered.ok()) {
      EXPECT_EQ(recovered.error().code(), base::ErrorCode::damaged);
      return false;
    }
    EXPECT_EQ(recovered.value().object == object, true) << begin;
    return true;
  }

  base::Bytes object;
  base::Bytes sidecar;
  SidecarHead head;
};

TEST(ParitySidecar, NamesTellObjectAndPercentage) {
  const auto object = codec::sha256(base::as_bytes("object"));
  const auto prefix = sidecar_prefix({.object = object, .percent = 5});
  const auto hex = base::to_hex(object);
  EXPECT_EQ(prefix, "parity/" + hex.substr(0, 2) + "/" + hex + "-005-");
  const auto own = base::to_hex(codec::sha256(base::as_bytes("sidecar")));
  const auto parsed = parse_sidecar_name(prefix + own);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->object, object);
  EXPECT_EQ(parsed->percent, 5U);
  EXPECT_TRUE(storage::is_valid_name(prefix + own));
  const auto with = [&](std::size_t at, char c) {
    auto name = prefix + own;
    name[at] = c;
    return parse_sidecar_name(name).has_value();
  };
  EXPECT_FALSE(parse_sidecar_name(prefix + own + "0"));
  EXPECT_FALSE(parse_sidecar_name(prefix + own.substr(1)));
  EXPECT_FALSE(parse_sidecar_name("parity/x"));
  EXPECT_FALSE(parse_sidecar_name(""));
  EXPECT_FALSE(with(0, 'q'));
  EXPECT_FALSE(with(7, hex[0] == '0' ? '1' : '0')) << "another folder";
  EXPECT_FALSE(with(12, 'x')) << "no digit";
  EXPECT_FALSE(with(prefix.size() - 2, 'a')) << "no number";
  EXPECT_FALSE(with(prefix.size() - 4, '2')) << "205 %";
  EXPECT_FALSE(with(prefix.size() - 2, '0')) << "0 %";
  EXPECT_FALSE(with(prefix.size() - 1, '.'));
}

TEST(ParitySidecar, GoldenBytes) {
  base::Bytes object(700);
  for (std::size_t i = 0; i < object.size(); ++i) object[i] = static_cast<base::Byte>(i * 7);
  expect_golden("parity_sidecar", make_sidecar(name_of(object), object, 10));
}

TEST(ParitySidecar, HeadsHoldWhatWasGiven) {
  const Case small(700, 10);
  EXPECT_EQ(small.head.object, name_of(small.object));
  EXPECT_EQ(small.head.percent, 10U);
  EXPECT_EQ(small.head.layout, ParityLayout::choose(700, 10));
  EXPECT_EQ(small.head.checksums.size(),
            small.head.layout.blocks() + small.head.layout.parity_blocks());
}

TEST(ParitySidecar, AHoleOfTheGuaranteedSizeAtEveryOffset) {
  for (const std::uint64_t size : {1, 63, 64, 65, 700, 4095, 4096, 4097, 6400, 6401, 9999}) {
    const Case each(size, 5);
    const auto loss = each.head.layout.loss_max();
    const std::uint64_t step = size < 1000 ? 1 : 7;
    for (std::uint64_t at = 0; at + loss <= size; at += step)
      ASSERT_TRUE(each.mends_hole(at, at + loss)) << size << " at " << at;
    ASSERT_TRUE(each.mends_hole(size - loss, size));
  }
}

// Each place within a block, at the beginning, in the middle and at the end of larger objects.
TEST(ParitySidecar, AHoleOfTheGuaranteedSizeAtEveryOffsetClass) {
  for (const std::uint64_t size : {100'000ULL, 409'601ULL, (1ULL << 20) + 17}) {
    const Case each(size, 5);
    const auto& layout = each.head.layout;
    const auto loss = layout.loss_max();
    for (const std::uint64_t start :
         {std::uint64_t{0}, (size - loss) / 2, size - loss - layout.block_size}) {
      for (std::uint64_t at = 0; at <= layout.block_size; at += at < 3 ? 1 : 293)
        ASSERT_TRUE(each.mends_hole(start + at, start + at + loss)) << size << " at " << start + at;
    }
    ASSERT_TRUE(each.mends_hole(size - loss, size));
  }
}

TEST(ParitySidecar, OneByteMoreThanGuaranteedFailsSomewhere) {
  for (const std::uint64_t size : {9999ULL, 100'000ULL, 409'600ULL, (1ULL << 20) + 17}) {
    const Case each(size, 5);
    const auto& layout = each.head.layout;
    ASSERT_LT(layout.loss_max(), size);
    const std::uint64_t at = layout.block_size - 1;  // the last byte of a block
    EXPECT_TRUE(each.mends_hole(at, at + layout.loss_max()));
    EXPECT_FALSE(each.mends_hole(at, at + layout.loss_max() + 1)) << size;
  }
}

TEST(ParitySidecar, AnEndThatWasCutOffAndBytesThatWereAdded) {
  for (const std::uint64_t size : {500ULL, 9999ULL, 100'000ULL, 1ULL << 20}) {
    const Case each(size, 5);
    auto cut = each.object;
    cut.resize(size - each.head.layout.loss_max());
    EXPECT_EQ(must(recover_object(each.head, cut, each.sidecar)).object, each.object);
    auto longer = each.object;
    longer.resize(size + 5000, 7);
    const auto recovered = must(recover_object(each.head, longer, each.sidecar));
    EXPECT_EQ(recovered.object, each.object);
    EXPECT_EQ(recovered.blocks_lost, 0U);
  }
}

TEST(ParitySidecar, EitherHeadWillDo) {
  const Case each(100'000, 5);
  const auto end = each.sidecar.size();
  const auto object = holed(each.object, 500, 1500);
  for (const auto& [from, to] : {std::pair<std::uint64_t, std::uint64_t>{0, each.head.size},
                                 {10, 11},
                                 {end - each.head.size, end},
                                 {end - 3, end - 2}}) {
    const auto damaged = holed(each.sidecar, from, to);
    EXPECT_FALSE(decode_sidecar(damaged).ok());
    const auto head = must(find_sidecar_head(damaged));
    EXPECT_EQ(must(recover_object(head, object, damaged)).object, each.object) << from;
  }
  const auto neither = holed(holed(each.sidecar, 10, 11), end - 3, end - 2);
  EXPECT_EQ(find_sidecar_head(neither).error().code(), base::ErrorCode::damaged);
}

TEST(ParitySidecar, DamagedParityCountsAsLost) {
  const Case each(100'000, 5);  // 5 parity blocks of 1024 bytes, one stripe
  const auto object = holed(each.object, 0, 3 * 1024);
  const auto two = holed(each.sidecar, each.head.size + 1000, each.head.size + 1100);
  EXPECT_FALSE(decode_sidecar(two).ok());
  EXPECT_EQ(must(recover_object(each.head, object, two)).object, each.object);
  const auto three = holed(two, each.head.size + 2100, each.head.size + 2101);
  EXPECT_FALSE(recover_object(each.head, object, three).ok());
  auto cut = each.sidecar;
  cut.resize(each.head.size + 3 * 1024);
  const auto head = must(find_sidecar_head(cut));
  EXPECT_EQ(must(recover_object(head, object, cut)).object, each.object) << "the end was cut off";
}

}  // namespace
}  // namespace holdfast::repository
