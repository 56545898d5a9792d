// Packets of SFTP version 3, byte by byte, and the answers of servers that lie.
#include "sftp_protocol.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace holdfast::storage {

namespace {

using base::Bytes;

Bytes text(const std::string& raw) { return {raw.begin(), raw.end()}; }

// A field of a packet: a length and as many bytes.
std::string field(const std::string& value) {
  std::string out(3, '\0');
  out += static_cast<char>(value.size());
  return out + value;
}

std::string number(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

TEST(SftpProtocol, RequestsAreWhatTheDraftSays) {
  EXPECT_EQ(encode_sftp_init(), text(number(5) + "\x01" + number(3)));
  EXPECT_EQ(encode_sftp_open(7, "/a", SftpOpen::create_new),
            text(number(23) + "\x03" + number(7) + field("/a") + number(0x2a) + number(4) +
                 number(0600)));
  EXPECT_EQ(encode_sftp_open(7, "/a", SftpOpen::read),
            text(number(19) + "\x03" + number(7) + field("/a") + number(1) + number(0)));
  EXPECT_EQ(encode_sftp_read(1, "h", 0x100000002, 9),
            text(number(22) + "\x05" + number(1) + field("h") + number(1) + number(2) + number(9)));
  EXPECT_EQ(
      encode_sftp_write(1, "h", 3, Bytes{'x', 'y'}),
      text(number(24) + "\x06" + number(1) + field("h") + number(0) + number(3) + field("xy")));
  EXPECT_EQ(encode_sftp_set_size(1, "h", 5),
            text(number(22) + "\x0a" + number(1) + field("h") + number(1) + number(0) + number(5)));
  EXPECT_EQ(encode_sftp_hardlink(1, "a", "b"),
            text(number(39) + "\xc8" + number(1) + field("hardlink@openssh.com") + field("a") +
                 field("b")));
}

TEST(SftpProtocol, KnowsTheLengthOfAPacket) {
  EXPECT_FALSE(sftp_packet_size(text("\0\0\0")).value().has_value());
  EXPECT_EQ(*sftp_packet_size(text(number(9))).value(), 13U);
  EXPECT_FALSE(sftp_packet_size(text(number(0))).ok());
  // "Welc" of a login script's greeting.
  const auto greeting = sftp_packet_size(text("Welcome"));
  ASSERT_FALSE(greeting.ok());
  EXPECT_NE(greeting.error().hint().find("login script"), std::string::npos);
}

TEST(SftpProtocol, ReadsVersions) {
  const auto version = decode_sftp_version(text("\x02" + number(3) + field("hardlink@openssh.com") +
                                                field("1") + field("statvfs@openssh.com") +
                                                field("2") + field("strange") + field("")));
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(version.value().version, 3U);
  EXPECT_TRUE(version.value().hardlink);
  EXPECT_TRUE(version.value().statvfs);
  EXPECT_FALSE(version.value().fsync);
  EXPECT_FALSE(decode_sftp_version(text("\x03" + number(3))).ok());
  EXPECT_FALSE(decode_sftp_version(text("\x02" + number(3) + number(9) + "x")).ok());
}

TEST(SftpProtocol, ReadsEveryKindOfReply) {
  const auto status =
      decode_sftp_reply(text("\x65" + number(4) + number(2) + field("No such file") + field("en")));
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status.value().id, 4U);
  EXPECT_EQ(status.value().status, SftpStatus::no_such_file);
  EXPECT_EQ(status.value().message, "No such file");
  const auto handle = decode_sftp_reply(text("\x66" + number(4) + field("abc")));
  EXPECT_EQ(handle.value().handle, "abc");
  const Bytes packet = text("\x67" + number(4) + field("data"));
  EXPECT_EQ(base::as_text(decode_sftp_reply(packet).value().data), "data");
  const std::string attributes = number(0xf) + number(1) + number(2) + number(0) + number(0) +
                                 number(S_IFREG | 0600) + number(5) + number(6);
  const auto about = decode_sftp_reply(text("\x69" + number(4) + attributes));
  ASSERT_TRUE(about.ok());
  EXPECT_EQ(about.value().attributes.size, 0x100000002U);
  EXPECT_EQ(about.value().attributes.type(), SftpAttributes::Type::file);
  EXPECT_EQ(about.value().attributes.modified_at, base::Time{} + base::seconds(6));
  const auto names =
      decode_sftp_reply(text("\x68" + number(4) + number(2) + field("a") + field("-rw a") +
                             attributes + field("b") + field("") + number(0)));
  ASSERT_TRUE(names.ok());
  ASSERT_EQ(names.value().names.size(), 2U);
  EXPECT_EQ(names.value().names[1].name, "b");
  EXPECT_EQ(names.value().names[1].attributes.type(), SftpAttributes::Type::other);
}

TEST(SftpProtocol, NothingIsReadPastTheEnd) {
  const std::string attributes =
      number(0x80000004) + number(S_IFDIR) + number(1) + field("x") + field("y");
  const std::string whole = "\x68" + number(4) + number(1) + field("a") + field("b") + attributes;
  ASSERT_TRUE(decode_sftp_reply(text(whole)).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_sftp_reply(text(whole.substr(0, size))).ok()) << size;
  }
  EXPECT_FALSE(decode_sftp_reply(text("\x68" + number(4) + number(0xffffffff))).ok());
  EXPECT_FALSE(
      decode_sftp_reply(text("\x66" + number(4) + number(300) + std::string(300, 'h'))).ok());
  EXPECT_FALSE(decode_sftp_reply(text("\x01" + number(4))).ok());
}

TEST(SftpProtocol, ReadsTheExtensionsAnswers) {
  std::string numbers;
  for (std::uint32_t i = 1; i <= 11; ++i) numbers += number(0) + number(i);
  EXPECT_EQ(decode_sftp_free_bytes(text(numbers)).value(), 10U);  // fragments of 2, 5 available
  EXPECT_FALSE(decode_sftp_free_bytes(text(numbers.substr(0, 39))).ok());
  const auto limits = decode_sftp_limits(text(numbers));
  EXPECT_EQ(limits.value().read_size_max, 2U);
  EXPECT_EQ(limits.value().write_size_max, 3U);
}

}  // namespace

}  // namespace holdfast::storage
