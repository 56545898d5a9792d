// JSON as it is written piece by piece.
#include "json_writer.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace holdfast::cli {
namespace {

TEST(JsonWriter, WritesNestedValues) {
  std::ostringstream out;
  JsonWriter json(out);
  EXPECT_TRUE(json.untouched());
  json.begin_object();
  json.text("name", "a \"b\" \\ \n\t\x01");
  json.integer("count", 18446744073709551615ULL);
  json.number("seconds", 1.5);
  json.boolean("yes", true);
  json.begin_array("empty");
  json.end();
  json.begin_array("list");
  json.integer(1);
  json.begin_object();
  json.end();
  json.text("x");
  json.finish();
  EXPECT_EQ(out.str(),
            "{\"name\":\"a \\\"b\\\" \\\\ "
            "\\n\\u0009\\u0001\",\"count\":18446744073709551615,\"seconds\":1.500,"
            "\"yes\":true,\"empty\":[],\"list\":[1,{},\"x\"]}\n");
}

TEST(JsonWriter, NumbersAreAlwaysNumbers) {
  std::ostringstream out;
  JsonWriter json(out);
  json.begin_array();
  json.number(1.0 / 0.0);
  json.finish();
  EXPECT_EQ(out.str(), "[0]\n");
}

TEST(JsonWriter, NamesThatAreNoTextComeTwice) {
  std::ostringstream out;
  JsonWriter json(out);
  json.begin_object();
  json.raw_name("good", "gr\xc3\xbc\xc3\x9f");
  json.raw_name("bad", "a\xff");
  json.finish();
  EXPECT_EQ(out.str(),
            "{\"good\":\"gr\xc3\xbc\xc3\x9f\",\"bad\":\"a\\\\xff\",\"bad_bytes\":\"61ff\"}\n");
}

TEST(JsonWriter, NothingWrittenNothingFinished) {
  std::ostringstream out;
  JsonWriter(out).finish();
  EXPECT_EQ(out.str(), "");
}

TEST(JsonWriterDeathTest, ValuesInObjectsNeedKeys) {
  std::ostringstream out;
  JsonWriter json(out);
  json.begin_object();
  EXPECT_DEATH(json.text("orphan"), "needs a key");
}

TEST(IsUtf8, KnowsWhatIsNot) {
  for (const auto* good : {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"})
    EXPECT_TRUE(is_utf8(good));
  for (const auto* bad :
       {"\x80", "\xc0\xaf", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "a\xc3"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace holdfast::cli
