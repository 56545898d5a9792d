// Which stream says what, in which format.
#include "output.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace holdfast::cli {
namespace {

struct Both {
  std::ostringstream out;
  std::ostringstream err;
};

TEST(Output, QuietKeepsResultsAndWarnings) {
  Both both;
  Output output(both.out, both.err, Format::text, Verbosity::quiet);
  output.result("result");
  output.summary("summary");
  output.detail("detail");
  output.warning("warning");
  output.note("note");
  EXPECT_TRUE(output.finish());
  EXPECT_EQ(both.out.str(), "result\n");
  EXPECT_EQ(both.err.str(), "holdfast: warning: warning\n");
}

TEST(Output, VerboseSaysDetailsOnStandardError) {
  Both both;
  Output output(both.out, both.err, Format::text, Verbosity::verbose);
  output.detail("detail");
  EXPECT_EQ(both.err.str(), "detail\n");
}

TEST(Output, JsonIsAllThereIsOnStandardOutput) {
  Both both;
  Output output(both.out, both.err, Format::json, Verbosity::normal);
  output.result("result");
  output.summary("summary");
  output.verbatim("text");
  output.json().begin_object();
  output.json().integer("n", 1);
  EXPECT_TRUE(output.finish());
  EXPECT_EQ(both.out.str(), "{\"n\":1}\n");
}

TEST(Output, AnErrorJoinsWhatWasBegun) {
  Both both;
  Output output(both.out, both.err, Format::json, Verbosity::normal);
  output.json().begin_object();
  output.json().begin_array("entries");
  output.json().begin_object();
  output.json().text("path", "/a");
  const auto error = base::Error(base::ErrorCode::damaged, "bad")
                         .with_context("inner")
                         .with_context("outer")
                         .with_hint("act");
  output.error(error);
  EXPECT_TRUE(output.finish());
  const auto read = nlohmann::json::parse(both.out.str());
  EXPECT_EQ(read.at("entries").size(), 1U);
  EXPECT_EQ(read.at("error").at("code"), "damaged");
  EXPECT_EQ(read.at("error").at("context"), nlohmann::json::array({"outer", "inner"}));
  EXPECT_EQ(both.err.str(), "holdfast: error: outer: inner: bad\nhint: act\n");
}

TEST(Output, NamesCannotDriveATerminal) {
  Both both;
  Output output(both.out, both.err, Format::text, Verbosity::normal);
  output.result(
      "\x1b[31mred\n\xc2\x9b"
      "2J");
  EXPECT_EQ(both.out.str(), "\\x1b[31mred\\x0a\\xc2\\x9b2J\n");
}

TEST(Output, AFullStreamIsNoticed) {
  Both both;
  Output output(both.out, both.err, Format::text, Verbosity::normal);
  both.out.setstate(std::ios::badbit);
  EXPECT_FALSE(output.finish());
}

}  // namespace
}  // namespace holdfast::cli
