// The small encodings of the wire: base64, MD5, dates.
#include <gtest/gtest.h>

#include "base64.hpp"
#include "http_date.hpp"
#include "md5.hpp"

namespace holdfast::wire {

namespace {

TEST(Base64, VectorsOfTheRfc) {
  EXPECT_EQ(to_base64(base::as_bytes("")), "");
  EXPECT_EQ(to_base64(base::as_bytes("f")), "Zg==");
  EXPECT_EQ(to_base64(base::as_bytes("fo")), "Zm8=");
  EXPECT_EQ(to_base64(base::as_bytes("foo")), "Zm9v");
  EXPECT_EQ(to_base64(base::as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(to_base64(base::Bytes{0xff, 0xfe, 0xfd}), "//79");
}

TEST(Md5, VectorsOfTheRfc) {
  const auto digest = [](std::string_view text) { return base::to_hex(md5(base::as_bytes(text))); };
  EXPECT_EQ(digest(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(digest("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(
      digest("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
      "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(HttpDate, ReadsBothForms) {
  const base::Time time = base::parse_utc("2013-05-24T12:34:56Z").value();
  EXPECT_EQ(parse_http_date("Fri, 24 May 2013 12:34:56 GMT"), time);
  EXPECT_EQ(parse_iso_date("2013-05-24T12:34:56Z"), time);
  EXPECT_EQ(parse_iso_date("2013-05-24T12:34:56.250Z"), time + base::milliseconds(250));
  EXPECT_EQ(parse_iso_date("2013-05-24T12:34:56.123456789Z"), time + base::Duration{123456789});
}

TEST(HttpDate, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "Fri, 24 May 2013 12:34:56 CET", "Fri, 24 Mai 2013 12:34:56 GMT",
        "Fri, 44 May 2013 12:34:56 GMT", "Fri, 24 May 2013 12:34:5x GMT", "2013-05-24T12:34:56Z"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
  for (const std::string_view text :
       {"", "2013-05-24", "2013-05-24T12:34:56", "2013-05-24T12:34:56.1", "2013-05-24T12:34:56,1Z",
        "2013-13-24T12:34:56.1Z"}) {
    EXPECT_FALSE(parse_iso_date(text)) << text;
  }
}

}  // namespace

}  // namespace holdfast::wire
