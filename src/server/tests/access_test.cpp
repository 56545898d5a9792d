// Who may, by route, by place, by token and by name.
#include "access.hpp"

#include <gtest/gtest.h>

#include "server_fixture.hpp"

namespace holdfast::server {

namespace {

using Access = Route::Access;

Address at(const char* text) { return parse_address(text).value(); }

TEST(Access, DependsOnTheRouteAndThePlace) {
  const auto token = secret(test_token);
  const auto right = "Bearer " + test_token;
  const auto loopback = at("127.0.0.1:1");
  const auto elsewhere = at("10.0.0.1:1");
  const auto socket = at("unix:/s");
  EXPECT_EQ(judge_access(Access::open, elsewhere, "", token), Verdict::granted);
  EXPECT_EQ(judge_access(Access::local, loopback, "", token), Verdict::granted);
  EXPECT_EQ(judge_access(Access::local, elsewhere, "", token), Verdict::token_missing);
  EXPECT_EQ(judge_access(Access::local, elsewhere, right, token), Verdict::granted);
  EXPECT_EQ(judge_access(Access::token, loopback, "", token), Verdict::token_missing);
  EXPECT_EQ(judge_access(Access::token, loopback, "Bearer x", token), Verdict::token_wrong);
  EXPECT_EQ(judge_access(Access::token, loopback, right, token), Verdict::granted);
  EXPECT_EQ(judge_access(Access::token, socket, "", {}), Verdict::granted);
  EXPECT_EQ(judge_access(Access::token, loopback, right, {}), Verdict::no_token_configured);
}

TEST(Access, AnEmptyTokenIsNobodys) {
  EXPECT_FALSE(has_token("", {}));
  EXPECT_FALSE(has_token("Bearer ", {}));
}

TEST(Access, ServersGoByTheirNamesOnly) {
  const auto loopback = at("127.0.0.1:1");
  EXPECT_TRUE(goes_by("localhost", loopback, {}));
  EXPECT_TRUE(goes_by("::1", loopback, {}));
  EXPECT_FALSE(goes_by("evil.example", loopback, {}));
  EXPECT_FALSE(goes_by("", loopback, {}));
  EXPECT_TRUE(goes_by("backup.example", loopback, {"Backup.Example"}));
  EXPECT_TRUE(goes_by("127.0.0.9", at("127.0.0.9:1"), {}));
  EXPECT_TRUE(goes_by("any.example", at("10.0.0.1:1"), {}));
  EXPECT_FALSE(goes_by("any.example", at("10.0.0.1:1"), {"backup.example"}));
  EXPECT_TRUE(goes_by("10.0.0.1", at("10.0.0.1:1"), {"backup.example"}));
}

TEST(Access, BeyondTheLoopbackTakesTokenAndTls) {
  ServerOptions options;
  const auto elsewhere = at("10.0.0.1:1");
  EXPECT_FALSE(check_options(options, elsewhere).ok());
  options.token = secret(test_token);
  const auto in_the_clear = check_options(options, elsewhere);
  ASSERT_FALSE(in_the_clear.ok());
  EXPECT_EQ(in_the_clear.error().to_string().find(test_token), std::string::npos);
  options.certificate_file = "/a.pem";
  options.key_file = "/b.pem";
  EXPECT_TRUE(check_options(options, elsewhere).ok());
  options.token = {};
  EXPECT_FALSE(check_options(options, elsewhere).ok());
}

}  // namespace

}  // namespace holdfast::server
