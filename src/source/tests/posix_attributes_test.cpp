// Attributes: what goes in comes out, and what nobody writes is refused.
#include "source/files/posix_attributes.hpp"

#include <gtest/gtest.h>

namespace holdfast::source {
namespace {

PosixAttributes everything() {
  PosixAttributes attributes;
  attributes.mode = 06755;
  attributes.uid = 4294967294U;
  attributes.gid = 7;
  attributes.user = "someone";
  attributes.group = "people";
  attributes.mtime = -1'500'000'001;
  attributes.symlink_target = {'/', 0xff, 'x'};
  attributes.device = DeviceNumber{.major = 8, .minor = 4294967295U};
  attributes.extended = {{.name = "security.capability", .value = {1, 0, 2}},
                         {.name = "user.a", .value = {}}};
  attributes.inode_flags = 0x10;
  attributes.hard_link_key = base::Bytes{'a', 0, 'b'};
  attributes.note = "why";
  return attributes;
}

TEST(PosixAttributes, EverythingSurvives) {
  const auto decoded = decode_attributes(encode_attributes(everything()));
  ASSERT_TRUE(decoded.ok()) << decoded.error().to_string();
  EXPECT_EQ(decoded.value(), everything());
}

TEST(PosixAttributes, LittleTakesFewBytes) {
  PosixAttributes attributes;
  attributes.mode = 0644;
  EXPECT_EQ(encode_attributes(attributes).size(), 7U);
  EXPECT_EQ(decode_attributes(encode_attributes(attributes)).value(), attributes);
}

TEST(PosixAttributes, TheFormatIsWhatTheDocumentSays) {
  PosixAttributes attributes;
  attributes.mode = 0644;
  attributes.uid = 1;
  attributes.gid = 2;
  attributes.user = "u";
  attributes.group = "g";
  attributes.mtime = 1;
  attributes.symlink_target = {'t'};
  attributes.inode_flags = 0x10;
  const base::Bytes expected{0xa4, 0x03, 1, 2, 1, 'u', 1, 'g', 2, 1, 1, 't', 4, 1, 0x10};
  EXPECT_EQ(encode_attributes(attributes), expected);
}

TEST(PosixAttributes, UnknownFieldsAreSkipped) {
  auto bytes = encode_attributes(PosixAttributes{});
  bytes.insert(bytes.end(), {99, 2, 'x', 'y'});
  EXPECT_TRUE(decode_attributes(bytes).ok());
}

TEST(PosixAttributes, EveryCutIsDamage) {
  const auto bytes = encode_attributes(everything());
  std::size_t whole = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = decode_attributes(base::ByteView(bytes).first(size));
    // A cut between two fields leaves attributes with fewer fields.
    if (decoded.ok())
      ++whole;
    else
      EXPECT_EQ(decoded.error().code(), base::ErrorCode::damaged);
  }
  EXPECT_EQ(whole, 6U);
}

TEST(PosixAttributes, DisorderIsDamage) {
  const auto start = encode_attributes(PosixAttributes{});
  const auto with = [&](std::initializer_list<base::Byte> more) {
    auto bytes = start;
    bytes.insert(bytes.end(), more);
    return decode_attributes(bytes).ok();
  };
  EXPECT_TRUE(with({1, 1, 'x', 6, 1, 'n'}));
  EXPECT_FALSE(with({6, 1, 'n', 1, 1, 'x'}));  // descending tags
  EXPECT_FALSE(with({1, 1, 'x', 1, 1, 'x'}));  // twice
  EXPECT_FALSE(with({2, 3, 1, 1, 1}));         // a byte after the device
  EXPECT_FALSE(with({3, 1, 9}));               // more extended attributes than bytes
  EXPECT_FALSE(with({3, 4, 1, 1, 0, 0}));      // a name that holds a zero byte
  EXPECT_FALSE(decode_attributes(base::Bytes{0x80, 0x20, 0, 0, 0, 0, 0}).ok());  // mode of 13 bits
}

}  // namespace
}  // namespace holdfast::source
