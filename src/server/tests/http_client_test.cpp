// Questions to what is there, what is not, and what is something else.
#include "server/http_client.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server_fixture.hpp"
#include "support/scripted_server.hpp"

namespace holdfast::server {

namespace {

using base::ErrorCode;
using Then = wire::ScriptedAnswer::Then;

// What `ask` makes of these bytes.
base::Result<Response> told(const std::string& bytes, Then then = Then::close,
                            const AskOptions& options = {.timeout = base::seconds(2)}) {
  const wire::ScriptedServer server(
      [=](const wire::ReceivedRequest&) { return wire::ScriptedAnswer{bytes, then}; });
  return ask(server.url().substr(std::string("http://").size()), {.path = "/x"}, options);
}

TEST(HttpClient, GetsAnswersOfAnyStatus) {
  const auto answer =
      told("HTTP/1.1 418 I am\r\nContent-Type: a/b\r\nContent-Length: 3\r\n\r\ntea").value();
  EXPECT_EQ(answer.status, 418);
  EXPECT_EQ(answer.content_type, "a/b");
  EXPECT_EQ(answer.body, "tea");
  EXPECT_EQ(told("HTTP/1.1 200 OK\r\n\r\nto the end").value().body, "to the end");
}

TEST(HttpClient, SaysWhenNobodyListens) {
  std::string address;
  {
    const TestServer server;
    address = server.address();
  }
  const auto gone = ask(address, {.path = "/"});
  EXPECT_EQ(gone.error().code(), ErrorCode::unavailable);
  EXPECT_FALSE(gone.error().hint().empty());
  const TemporaryDirectory directory;
  EXPECT_EQ(ask("unix:" + directory / "none", {.path = "/"}).error().code(),
            ErrorCode::unavailable);
  const auto left = "unix:" + directory / "left";
  const auto target = socket_address(parse_address(left).value());
  const io::Fd bound(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::bind(bound.get(), target.get(), target.size), 0);
  EXPECT_EQ(ask(left, {.path = "/"}).error().code(), ErrorCode::unavailable);
}

TEST(HttpClient, RefusesWhatIsNoAddress) {
  EXPECT_EQ(ask("somewhere", {.path = "/"}).error().code(), ErrorCode::invalid_argument);
}

TEST(HttpClient, DoesNotWaitForEver) {
  const base::SystemClock clock{};
  const auto start = clock.monotonic();
  const auto answer =
      told("HTTP/1.1 200 OK\r\n", Then::silence, {.timeout = base::milliseconds(300)});
  EXPECT_EQ(answer.error().code(), ErrorCode::unavailable);
  EXPECT_LT((clock.monotonic() - start).seconds(), 20.0);
}

TEST(HttpClient, KnowsWhenAnAnswerIsCutShort) {
  EXPECT_EQ(told("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").error().code(),
            ErrorCode::damaged);
  EXPECT_EQ(told("HTTP/1.1 200 OK\r\nConte").error().code(), ErrorCode::damaged);
  EXPECT_EQ(told("").error().code(), ErrorCode::unavailable);
}

TEST(HttpClient, KnowsWhatIsNoHttp) {
  EXPECT_EQ(told("SSH-2.0-OpenSSH\r\n\r\n").error().code(), ErrorCode::damaged);
  EXPECT_EQ(told(std::string(200'000, 'x')).error().code(), ErrorCode::damaged);
}

TEST(HttpClient, TakesNoMoreThanItWants) {
  const AskOptions options{.timeout = base::seconds(2), .body_size_max = 10};
  EXPECT_EQ(
      told("HTTP/1.1 200 OK\r\n\r\n" + std::string(100, 'x'), Then::close, options).error().code(),
      ErrorCode::damaged);
  EXPECT_EQ(told("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + std::string(11, 'x'),
                 Then::close, options)
                .error()
                .code(),
            ErrorCode::damaged);
  EXPECT_EQ(told("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + std::string(10, 'x'),
                 Then::close, options)
                .value()
                .body.size(),
            10U);
}

TEST(HttpClient, AsksForTheHeadAlone) {
  const TestServer server;
  const auto answer = ask(server.address(), {.method = "HEAD", .path = "/open"}).value();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
}

}  // namespace

}  // namespace holdfast::server
