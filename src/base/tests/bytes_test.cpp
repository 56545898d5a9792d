// Byte reading and writing, hexadecimal, secrets, and rendering of hostile names, by example.
#include "base/bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::base {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ByteWriter, WritesLittleEndian) {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(1);
  writer.u16(0x0203);
  writer.u32(0x04050607);
  writer.u64(0x08090a0b0c0d0e0fULL);
  EXPECT_EQ(to_hex(out),
            "01030207060504"
            "0f0e0d0c0b0a0908");
  EXPECT_EQ(writer.size(), 15U);
}

TEST(ByteWriter, VarintsAreShortest) {
  const auto encoded = [](std::uint64_t value) {
    Bytes out;
    ByteWriter(out).varint(value);
    return to_hex(out);
  };
  EXPECT_EQ(encoded(0), "00");
  EXPECT_EQ(encoded(127), "7f");
  EXPECT_EQ(encoded(128), "8001");
  EXPECT_EQ(encoded(300), "ac02");
  EXPECT_EQ(encoded(UINT64_MAX), "ffffffffffffffffff01");
}

TEST(ByteWriter, ZigzagKeepsSmallMagnitudesShort) {
  Bytes out;
  ByteWriter writer(out);
  for (const std::int64_t value : {0L, -1L, 1L, -64L}) writer.signed_varint(value);
  EXPECT_THAT(out, ElementsAre(0, 1, 2, 127));
}

TEST(ByteReader, StopsAtTheEndWithoutReadingPastIt) {
  const Bytes in{1, 2, 3};
  ByteReader reader(in);
  EXPECT_EQ(reader.u16().value(), 0x0201);
  EXPECT_EQ(reader.u32().error().code(), ErrorCode::damaged);
  EXPECT_EQ(reader.remaining(), 1U) << "a failed read takes nothing";
  EXPECT_EQ(reader.u8().value(), 3);
  EXPECT_EQ(reader.u8().error().code(), ErrorCode::damaged);
  EXPECT_EQ(reader.varint().error().code(), ErrorCode::damaged);
  EXPECT_EQ(reader.raw(1).error().code(), ErrorCode::damaged);
  EXPECT_TRUE(reader.raw(0).ok());
  EXPECT_TRUE(reader.expect_end().ok());
}

TEST(ByteReader, RefusesVarintsThatAreNotShortest) {
  for (const char* hex : {"8000", "ff00", "80808000"}) {
    const auto in = from_hex(hex).value();
    EXPECT_EQ(ByteReader(in).varint().error().code(), ErrorCode::damaged) << hex;
  }
}

TEST(ByteReader, RefusesVarintsOfMoreThan64Bits) {
  for (const char* hex :
       {"ffffffffffffffffff02", "ffffffffffffffffff7f", "ffffffffffffffffffff01"}) {
    const auto in = from_hex(hex).value();
    const auto got = ByteReader(in).varint();
    ASSERT_FALSE(got.ok()) << hex;
    EXPECT_THAT(got.error().message(), HasSubstr("64 bits"));
  }
}

TEST(ByteReader, RefusesAFieldAboveItsLimitBeforeLookingForIt) {
  Bytes in;
  ByteWriter(in).varint(UINT64_MAX);
  const auto got = ByteReader(in).sized(10);
  ASSERT_FALSE(got.ok());
  EXPECT_THAT(got.error().message(), HasSubstr("limit"));
}

TEST(ByteReader, TakesAFieldOfExactlyItsLimit) {
  Bytes in;
  ByteWriter(in).sized("abc");
  EXPECT_EQ(ByteReader(in).sized_text(3).value(), "abc");
  EXPECT_FALSE(ByteReader(in).sized_text(2).ok());
}

TEST(ByteReader, ExpectEndCountsWhatFollows) {
  const Bytes in{1, 2, 3};
  ByteReader reader(in);
  (void)reader.u8();
  const auto end = reader.expect_end();
  ASSERT_FALSE(end.ok());
  EXPECT_THAT(end.error().message(), HasSubstr("2 bytes"));
}

TEST(Hex, RefusesWhatItDoesNotWrite) {
  for (const char* text : {"a", "AB", "0g", "0x00", " 00 "}) {
    EXPECT_EQ(from_hex(text).error().code(), ErrorCode::invalid_argument) << text;
  }
  EXPECT_THAT(from_hex("00ff7a").value(), ElementsAre(0, 255, 0x7a));
}

TEST(SecretBytes, MovingLeavesNothingBehind) {
  SecretBytes from(as_bytes("secret"));
  const SecretBytes to = std::move(from);
  EXPECT_EQ(as_text(to.view()), "secret");
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(as_text(to.clone().view()), "secret");
}

TEST(Wipe, OverwritesWithZeros) {
  Bytes bytes{1, 2, 3};
  wipe(bytes);
  EXPECT_THAT(bytes, ElementsAre(0, 0, 0));
}

TEST(Printable, KeepsTextAndEscapesTheRest) {
  EXPECT_EQ(printable("plain name.txt"), "plain name.txt");
  EXPECT_EQ(printable("käse \xe6\x97\xa5"), "käse \xe6\x97\xa5");
  EXPECT_EQ(printable("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(printable("a\nb\x7f"), "a\\x0ab\\x7f");
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
}

TEST(Printable, EscapesOverlongFormsSurrogatesAndC1Controls) {
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");
  EXPECT_EQ(printable("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");
  EXPECT_EQ(printable("cut \xe6\x97"), "cut \\xe6\\x97");
}

}  // namespace
}  // namespace holdfast::base
