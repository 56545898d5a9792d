// Routes, access, addresses, beginning and ending.
#include "server/http_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "server_fixture.hpp"

namespace holdfast::server {

namespace {

using base::ErrorCode;
using testing::HasSubstr;
using testing::Not;

Response get(const std::string& address, const std::string& path,
             const base::SecretBytes* token = nullptr) {
  return ask(address, {.path = path}, {.token = token}).value();
}

TEST(HttpServer, AnswersWithTheRoutesResponse) {
  TestServer server;
  const auto answer = get(server.address(), "/open");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "text/plain");
  EXPECT_EQ(answer.body, "open");
}

TEST(HttpServer, GivesHandlersPathQueryAndBody) {
  TestServer server;
  const auto answer = ask(server.address(), {.method = "POST",
                                             .path = "/echo",
                                             .query = {{"a b", "c&d=ä"}, {"empty", ""}},
                                             .body = "some\0thing"})
                          .value();
  EXPECT_EQ(answer.body, "/echo\nsome\na b=c&d=ä\nempty=");
  EXPECT_EQ(get(server.address(), "/things/a b%").body, "a b%");
}

TEST(HttpServer, TakesBodiesAsLongAsItsLimit) {
  TestServer server({.body_size_max = 100'000});
  const std::string body(100'000, 'x');
  const Request request{.method = "POST", .path = "/echo", .body = body};
  EXPECT_EQ(ask(server.address(), request).value().body, "/echo\n" + body);
  auto larger = request;
  larger.body += 'x';
  EXPECT_EQ(ask(server.address(), larger).value().status, 413);
}

TEST(HttpServer, SendsLargeAnswers) {
  TestServer server;
  EXPECT_EQ(get(server.address(), "/big").body.size(), std::size_t{64} << 20);
}

TEST(HttpServer, AnswersHeadWithoutABody) {
  TestServer server;
  const auto answer = exchange(server.address(), "HEAD /open HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status_in(answer), "200");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST(HttpServer, SaysWhatAPathTakes) {
  TestServer server;
  const auto answer =
      exchange(server.address(), "DELETE /open HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status_in(answer), "405");
  EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_THAT(answer, HasSubstr("\"code\":\"unsupported\""));
  const auto absent = get(server.address(), "/nothing");
  EXPECT_EQ(absent.status, 404);
  EXPECT_THAT(absent.body, HasSubstr("\"error\":{\"code\":\"not_found\""));
}

TEST(HttpServer, WantsTheTokenWhereARouteDoes) {
  TestServer server;
  const auto right = secret(test_token);
  auto text = test_token;
  text.back() = 'x';
  const auto wrong = secret(text);
  const auto longer = secret(test_token + "0");
  EXPECT_EQ(get(server.address(), "/token").status, 401);
  EXPECT_EQ(get(server.address(), "/token", &wrong).status, 401);
  EXPECT_EQ(get(server.address(), "/token", &longer).status, 401);
  EXPECT_EQ(get(server.address(), "/token", &right).body, "token");
  EXPECT_EQ(get(server.address(), "/local").body, "local");
  EXPECT_EQ(get(server.address(), "/local", &wrong).body, "local");
  const auto answer = exchange(server.address(), "GET /token HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("WWW-Authenticate: Bearer\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr(test_token)));
}

TEST(HttpServer, WithoutATokenNobodyGetsInByOne) {
  io::ThreadExecutor executor;
  const auto server = HttpServer::start({.listen = "127.0.0.1:0"}, test_routes(), executor).value();
  const auto any = secret(test_token);
  const auto empty = exchange(server->address(),
                              "GET /token HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                              "\r\n\r\n");
  EXPECT_EQ(status_in(empty), "403");
  EXPECT_EQ(get(server->address(), "/token").status, 403);
  EXPECT_EQ(get(server->address(), "/token", &any).status, 403);
}

TEST(HttpServer, AHandlersExceptionIsAnAnswer) {
  TestServer server;
  testing::internal::CaptureStderr();
  const auto answer = get(server.address(), "/throws");
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, Not(HasSubstr("in a handler")));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("in a handler"));
  EXPECT_EQ(get(server.address(), "/open").status, 200);
}

TEST(HttpServer, AnswersAtOnceAlthoughAllWorkersAreBusy) {
  TestServer server({.workers = 2});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.address()));
    clients.back()->send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  while (server.slow_running() < 2) server.executor.sleep(base::milliseconds(5), {});
  EXPECT_EQ(get(server.address(), "/open").status, 200);
  EXPECT_EQ(server.slow_running(), 2);
  server.release();
  for (const auto& client : clients) {
    EXPECT_TRUE(client->receive_all().ends_with("at last"));
  }
}

TEST(HttpServer, ListensOnIpv6) {
  io::ThreadExecutor executor;
  auto server = HttpServer::start({.listen = "[::1]:0"}, test_routes(), executor);
  if (!server.ok()) GTEST_SKIP() << server.error().to_string();
  EXPECT_TRUE(server.value()->address().starts_with("[::1]:"));
  EXPECT_EQ(get(server.value()->address(), "/open").status, 200);
}

TEST(HttpServer, AUnixSocketIsItsOwnersAlone) {
  const TemporaryDirectory directory;
  const auto path = directory / "run/socket";
  TestServer server({.listen = "unix:" + path});
  struct stat found{};
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat((directory / "run").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0700U);
  EXPECT_EQ(server.address(), "unix:" + path);
  EXPECT_EQ(get(server.address(), "/token").body, "token");
  EXPECT_EQ(status_in(exchange(server.address(), "GET /open HTTP/1.1\r\nHost: any.name\r\n\r\n")),
            "200");
  server->stop();
  EXPECT_NE(::stat(path.c_str(), &found), 0);
}

TEST(HttpServer, ReplacesASocketThatNobodyListensOn) {
  const TemporaryDirectory directory;
  const auto address = "unix:" + directory / "socket";
  const auto target = socket_address(parse_address(address).value());
  {
    const io::Fd left(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(left.get(), target.get(), target.size), 0);
  }
  TestServer server({.listen = address});
  EXPECT_EQ(get(address, "/open").status, 200);
}

TEST(HttpServer, RefusesASocketThatSomebodyListensOn) {
  const TemporaryDirectory directory;
  const auto address = "unix:" + directory / "socket";
  TestServer first({.listen = address});
  io::ThreadExecutor executor;
  const auto second = HttpServer::start({.listen = address}, test_routes(), executor);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::conflict);
  EXPECT_FALSE(second.error().hint().empty());
  EXPECT_EQ(get(address, "/open").status, 200);
}

ErrorCode refused(ServerOptions options) {
  io::ThreadExecutor executor;
  const auto started = HttpServer::start(std::move(options), test_routes(), executor);
  EXPECT_FALSE(started.ok());
  if (started.ok()) return ErrorCode::internal;
  EXPECT_FALSE(started.error().hint().empty()) << started.error().to_string();
  return started.error().code();
}

TEST(HttpServer, LeavesWhatIsNoSocketAlone) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "file") << "mine";
  EXPECT_EQ(refused({.listen = "unix:" + directory / "file"}), ErrorCode::already_exists);
  struct stat found{};
  EXPECT_EQ(::stat((directory / "file").c_str(), &found), 0);
}

TEST(HttpServer, PutsNoSocketWhereOthersCanWrite) {
  const TemporaryDirectory directory;
  ASSERT_EQ(::mkdir((directory / "shared").c_str(), 0700), 0);
  ASSERT_EQ(::chmod((directory / "shared").c_str(), 0777), 0);
  EXPECT_EQ(refused({.listen = "unix:" + directory / "shared/socket"}),
            ErrorCode::permission_denied);
}

TEST(HttpServer, DoesNotTakeAnothersFileAway) {
  const TemporaryDirectory directory;
  const auto path = directory / "socket";
  TestServer server({.listen = "unix:" + path});
  ASSERT_EQ(::unlink(path.c_str()), 0);
  std::ofstream(path) << "another's";
  server->stop();
  struct stat found{};
  EXPECT_EQ(::stat(path.c_str(), &found), 0);
}

TEST(HttpServer, RefusesToBeReachedFromElsewhereUnprotected) {
  EXPECT_EQ(refused({.listen = "0.0.0.0:0"}), ErrorCode::invalid_argument);
  EXPECT_EQ(refused({.listen = "0.0.0.0:0", .token = secret(test_token)}),
            ErrorCode::invalid_argument);
  EXPECT_EQ(refused({.listen = "[::]:0", .token = secret(test_token)}),
            ErrorCode::invalid_argument);
}

TEST(HttpServer, RefusesOptionsThatMakeNoSense) {
  EXPECT_EQ(refused({.listen = "here"}), ErrorCode::invalid_argument);
  EXPECT_EQ(refused({.listen = "127.0.0.1:0", .token = secret("short")}),
            ErrorCode::invalid_argument);
  EXPECT_EQ(refused({.listen = "127.0.0.1:0", .token = secret("with a space in the middle")}),
            ErrorCode::invalid_argument);
  EXPECT_EQ(refused({.listen = "127.0.0.1:0", .certificate_file = "/x.pem"}),
            ErrorCode::invalid_argument);
  EXPECT_EQ(refused({.listen = "unix:/x/y", .certificate_file = "/x.pem", .key_file = "/y.pem"}),
            ErrorCode::invalid_argument);
}

TEST(HttpServer, RefusesAPortThatIsTaken) {
  TestServer server;
  EXPECT_EQ(refused({.listen = server.address()}), ErrorCode::already_exists);
}

TEST(HttpServer, StopsWithinASecondAlthoughClientsHang) {
  TestServer server;
  const RawClient silent(server.address());
  RawClient half(server.address());
  half.send("GET /open HTTP/1.1\r\nHo");
  RawClient unread(server.address());
  unread.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_EQ(unread.receive(10).size(), 10U);
  const base::SystemClock clock{};
  const auto start = clock.monotonic();
  server->stop();
  // Without it: ten seconds for those who send, thirty for the one who doesn't read.
  EXPECT_LT((clock.monotonic() - start).seconds(), 8.0);
  server->stop();
  EXPECT_EQ(ask(server.address(), {.path = "/open"}).error().code(), ErrorCode::unavailable);
}

TEST(HttpServer, AnswersWhatIsUnderWayWhenItStops) {
  TestServer server;
  RawClient client(server.address());
  client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (server.slow_running() < 1) server.executor.sleep(base::milliseconds(5), {});
  const auto stopping = server.executor.spawn("stop", [&] { server->stop(); });
  server.executor.sleep(base::milliseconds(100), {});
  server.release();
  EXPECT_TRUE(client.receive_all().ends_with("at last"));
  stopping->join();
}

}  // namespace

}  // namespace holdfast::server
