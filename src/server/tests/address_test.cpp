// Addresses as text.
#include "address.hpp"

#include <gtest/gtest.h>

namespace holdfast::server {

namespace {

TEST(Address, IsWrittenAsItIsRead) {
  for (const auto* text : {"127.0.0.1:9840", "[::1]:0", "0.0.0.0:65535", "unix:/run/holdfast/s"}) {
    EXPECT_EQ(parse_address(text).value().text(), text);
  }
  EXPECT_EQ(parse_address("localhost:80").value().text(), "127.0.0.1:80");
  EXPECT_EQ(parse_address("[0:0::1]:80").value().text(), "[::1]:80");
}

TEST(Address, KnowsTheLoopback) {
  for (const auto* text : {"127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "localhost:1", "unix:/s",
                           "[::ffff:127.0.0.1]:1"}) {
    EXPECT_TRUE(parse_address(text).value().is_loopback()) << text;
  }
  for (const auto* text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[::ffff:10.0.0.1]:1"}) {
    EXPECT_FALSE(parse_address(text).value().is_loopback()) << text;
  }
}

TEST(Address, RefusesWhatIsNone) {
  const std::string long_path = "unix:/" + std::string(200, 'x');
  for (const std::string text :
       {"", "9840", ":9840", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
        "127.0.0.1:-1", "127.0.0.1: 1", "::1:80", "[::1]", "[::1:80", "name.example:80", "127.1:80",
        "1.2.3.4.5:6", "unix:", "unix:relative", "unix:/folder/"}) {
    const auto parsed = parse_address(text);
    EXPECT_FALSE(parsed.ok()) << text;
    if (!parsed.ok()) {
      EXPECT_EQ(parsed.error().code(), base::ErrorCode::invalid_argument);
      EXPECT_FALSE(parsed.error().hint().empty());
    }
  }
  EXPECT_FALSE(parse_address(long_path).ok());
}

}  // namespace

}  // namespace holdfast::server
