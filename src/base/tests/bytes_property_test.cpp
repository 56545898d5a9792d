// What holds for all numbers and all byte strings.
#include "base/bytes.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace holdfast::base {
namespace {

// Numbers of every length: a uniform 64-bit number almost never has a short varint.
std::uint64_t any_number() {
  return *rc::gen::resize(1000, rc::gen::arbitrary<std::uint64_t>()) >> *rc::gen::inRange(0, 64);
}

RC_GTEST_PROP(Varint, ComesBackAndIsShortest, ()) {
  const auto value = any_number();
  Bytes out;
  ByteWriter(out).varint(value);
  const auto bits = static_cast<std::size_t>(std::bit_width(value | 1));
  RC_ASSERT(out.size() == (bits + 6) / 7);
  ByteReader reader(out);
  RC_ASSERT(reader.varint().value() == value);
  RC_ASSERT(reader.remaining() == 0U);
}

RC_GTEST_PROP(Varint, SignedComesBack, ()) {
  const auto value = static_cast<std::int64_t>(any_number()) * (*rc::gen::element(1, -1));
  Bytes out;
  ByteWriter(out).signed_varint(value);
  RC_ASSERT(ByteReader(out).signed_varint().value() == value);
}

TEST(Varint, SignedExtremesComeBack) {
  for (const auto value : {INT64_MIN, INT64_MAX, std::int64_t{0}}) {
    Bytes out;
    ByteWriter(out).signed_varint(value);
    EXPECT_EQ(ByteReader(out).signed_varint().value(), value);
  }
}

RC_GTEST_PROP(Varint, WhatIsReadIsWrittenTheSame, (const Bytes& in)) {
  ByteReader reader(in);
  const auto value = reader.varint();
  if (!value.ok()) return;
  Bytes out;
  ByteWriter(out).varint(value.value());
  RC_ASSERT(out == Bytes(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(reader.position())));
}

RC_GTEST_PROP(Hex, ComesBack, (const Bytes& bytes)) {
  const auto text = to_hex(bytes);
  RC_ASSERT(text.size() == 2 * bytes.size());
  RC_ASSERT(from_hex(text).value() == bytes);
}

RC_GTEST_PROP(Record, ComesBackFieldByField,
              (std::uint8_t a, std::uint16_t b, std::uint32_t c, std::int64_t d,
               const std::string& e)) {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(a);
  writer.u16(b);
  writer.u32(c);
  writer.i64(d);
  writer.sized(e);
  ByteReader reader(out);
  RC_ASSERT(reader.u8().value() == a);
  RC_ASSERT(reader.u16().value() == b);
  RC_ASSERT(reader.u32().value() == c);
  RC_ASSERT(reader.i64().value() == d);
  RC_ASSERT(reader.sized_text(e.size()).value() == e);
  RC_ASSERT(reader.expect_end().ok());
}

RC_GTEST_PROP(Record, EveryPrefixIsDamagedAndNeverRead, (const std::string& text)) {
  Bytes out;
  ByteWriter(out).sized(text);
  const auto cut = *rc::gen::inRange<std::size_t>(0, out.size());
  const Bytes part(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(cut));
  const auto got = ByteReader(part).sized(text.size());
  RC_ASSERT(!got.ok());
  RC_ASSERT(got.error().code() == ErrorCode::damaged);
}

RC_GTEST_PROP(Printable, HasNoControlBytesAndIsStable, (const Bytes& raw)) {
  const auto text = printable(as_text(raw));
  for (const char c : text) {
    RC_ASSERT(static_cast<unsigned char>(c) >= 0x20);
    RC_ASSERT(c != 0x7f);
  }
  RC_ASSERT(printable(text) == text);
}

}  // namespace
}  // namespace holdfast::base
