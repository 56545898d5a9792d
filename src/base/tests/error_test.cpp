// Errors: code, text, context, hint, and what errno values become.
#include "base/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace holdfast::base {
namespace {

TEST(Error, RendersContextFromOutsideIn) {
  const auto error =
      Error(ErrorCode::damaged, "bad bytes").with_context("pack 17").with_context("verify");
  EXPECT_EQ(error.to_string(), "verify: pack 17: bad bytes");
}

TEST(Error, KeepsTheHintApart) {
  const auto error = Error(ErrorCode::invalid_argument, "no").with_hint("do this");
  EXPECT_EQ(error.hint(), "do this");
  EXPECT_EQ(error.to_string(), "no");
}

TEST(Error, OutagesMayBeTriedAgainAbsenceNot) {
  EXPECT_EQ(Error(ErrorCode::unavailable, "").retry(), Retry::may_help);
  EXPECT_EQ(Error(ErrorCode::conflict, "").retry(), Retry::may_help);
  EXPECT_EQ(Error(ErrorCode::not_found, "").retry(), Retry::never);
  EXPECT_EQ(Error(ErrorCode::io, "").with_retry(Retry::may_help).retry(), Retry::may_help);
}

TEST(Error, MapsErrnoAndKeepsItsText) {
  EXPECT_EQ(Error::from_errno(ENOENT, "x").code(), ErrorCode::not_found);
  EXPECT_EQ(Error::from_errno(EEXIST, "x").code(), ErrorCode::already_exists);
  EXPECT_EQ(Error::from_errno(EACCES, "x").code(), ErrorCode::permission_denied);
  EXPECT_EQ(Error::from_errno(EROFS, "x").code(), ErrorCode::permission_denied);
  EXPECT_EQ(Error::from_errno(ETIMEDOUT, "x").code(), ErrorCode::unavailable);
  EXPECT_EQ(Error::from_errno(EIO, "x").code(), ErrorCode::io);
  EXPECT_EQ(Error::from_errno(ENOENT, "cannot open f").message(),
            "cannot open f: No such file or directory");
}

TEST(Error, AFullDiskComesWithAdvice) {
  for (const int number : {ENOSPC, EDQUOT}) {
    const auto error = Error::from_errno(number, "x");
    EXPECT_EQ(error.code(), ErrorCode::no_space);
    EXPECT_THAT(error.hint(), testing::HasSubstr("free some space"));
  }
}

TEST(ErrorCode, NamesAreDistinct) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    names.insert(error_code_name(static_cast<ErrorCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorCode::internal) + 1);
}

}  // namespace
}  // namespace holdfast::base
