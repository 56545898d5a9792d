// What clients do that mean no good, or don't know better. Each test ends soon, and the server
// answers others meanwhile and afterwards.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "base/random.hpp"
#include "server_fixture.hpp"

namespace holdfast::server {

namespace {

using base::milliseconds;
using testing::HasSubstr;
using testing::Not;

class Hostile : public testing::Test {
 protected:
  explicit Hostile(ServerOptions options = {}) : server(std::move(options)) {}
  ~Hostile() override {
    const auto answer = ask(server.address(), {.path = "/open"}, {.timeout = base::seconds(60)});
    EXPECT_TRUE(answer.ok()) << answer.error().to_string();
  }
  std::string status(std::string_view request) {
    return status_in(exchange(server.address(), request));
  }

  TestServer server;
};

TEST_F(Hostile, HeadsWithoutEnd) {
  const std::string line = "X: " + std::string(1000, 'x') + "\r\n";
  std::string request = "GET /open HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 0; i < 200; ++i) request += line;
  EXPECT_EQ(status(request), "431");
  EXPECT_EQ(status("GET /" + std::string(100'000, 'a')), "431");
  EXPECT_EQ(status(std::string(1'000'000, 'a')), "431");
}

TEST_F(Hostile, ManyHeaders) {
  std::string request = "GET /open HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 0; i < 200; ++i) request += "a:b\r\n";
  EXPECT_EQ(status(request + "\r\n"), "431");
}

TEST_F(Hostile, LongTargets) {
  EXPECT_EQ(status("GET /" + std::string(5000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            "414");
}

TEST_F(Hostile, NoHttpAtAll) {
  EXPECT_EQ(status(std::string("\x16\x03\x01\x02\x00\x01\x00", 7)), "400");  // TLS
  EXPECT_EQ(status("\r\n\r\n"), "400");
  EXPECT_EQ(status(std::string(1000, '\0')), "400");
  EXPECT_EQ(status("SSH-2.0-OpenSSH\r\n\r\n"), "400");
  EXPECT_EQ(status("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "505");
  EXPECT_EQ(status("GET /open\r\n\r\n"), "400");
  EXPECT_EQ(status("GET /open HTTP/1.1\nHost: localhost\n\n"), "400");
  EXPECT_EQ(status("GET  /open HTTP/1.1\r\nHost: localhost\r\n\r\n"), "400");
}

TEST_F(Hostile, TwoLengths) {
  const std::string start = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
  for (const auto* headers :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 3\r\nContent-Length: 3\r\n", "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: 3, 3\r\n", "Content-Length: +3\r\n", "Content-Length: 0x3\r\n",
        "Content-Length: -1\r\n", "Content-Length:\r\n", "Content-Length : 3\r\n",
        "Content-Length: 3\r\n continued\r\n", "Content-Length: 99999999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"}) {
    EXPECT_EQ(status(start + headers + "\r\nabc"), "400") << headers;
  }
}

TEST_F(Hostile, ChunkedBodies) {
  const std::string start =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const auto* body :
       {"3\r\nabc\r\n0\r\n\r\n", "ffffffffffffffff\r\n", "zz\r\n", "-1\r\n", ""}) {
    EXPECT_EQ(status(start + body), "411") << body;
  }
  EXPECT_EQ(status("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: \x0b"
                   "chunked\r\n\r\n"),
            "400");
  EXPECT_EQ(status("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity, "
                   "chunked\r\n\r\n"),
            "411");
}

TEST_F(Hostile, ASecondRequestIsNotAnswered) {
  const auto answer = exchange(server.address(),
                               "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
                               "GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status_in(answer), "200");
  EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos);
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
}

TEST_F(Hostile, PathsThatClimb) {
  for (const auto* path :
       {"/../open", "/things/../open", "/things/..", "/%2e%2e/open", "/things/%2e%2e/%2e%2e/etc",
        "/things/a%2Fb", "/things/a%5cb", "/things/%00", "/things/%0a", "/things/%zz", "/things/%2",
        "//../open", "open", "http://localhost/open", "*", "/open#x", "/things/a\x7f"}) {
    EXPECT_EQ(status(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", path)), "400")
        << path;
  }
  for (const auto* path : {"//open", "/open/", "/things/", "/./open/.."}) {
    EXPECT_THAT(status(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", path)),
                testing::AnyOf("404", "400"))
        << path;
  }
}

TEST_F(Hostile, QueriesThatSayTwoThings) {
  for (const auto* query : {"a=1&a=2", "a=%", "a=%00", "=1", "a=b%0d%0aX:y"}) {
    EXPECT_EQ(status(fmt::format("GET /open?{} HTTP/1.1\r\nHost: localhost\r\n\r\n", query)), "400")
        << query;
  }
}

TEST_F(Hostile, NamesThatWereMadeToLookLocal) {
  const auto with = [&](const std::string& host) {
    return status("GET /open HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  };
  for (const auto* host : {"localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:9840", "[::1]:80"}) {
    EXPECT_EQ(with(host), "200") << host;
  }
  for (const auto* host :
       {"evil.example", "localhost.evil.example", "127.0.0.1.nip.example:80", "127.1", "evil"}) {
    EXPECT_EQ(with(host), "421") << host;
  }
  for (const auto* host : {"", "a b", "a/b", "localhost:x", "localhost:123456", "[::1", "a@b"}) {
    EXPECT_EQ(with(host), "400") << host;
  }
  EXPECT_EQ(status("GET /open HTTP/1.1\r\n\r\n"), "400");
  EXPECT_EQ(status("GET /open HTTP/1.0\r\n\r\n"), "421");
  EXPECT_EQ(status("GET /open HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n"), "400");
}

TEST_F(Hostile, TokensTwiceOrMangled) {
  const auto with = [&](const std::string& headers) {
    return status("GET /token HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
  };
  EXPECT_EQ(with("Authorization: Bearer " + test_token + "\r\n"), "200");
  EXPECT_EQ(with("authorization: bearer " + test_token + "\r\n"), "200");
  EXPECT_EQ(with("Authorization: Basic " + test_token + "\r\n"), "401");
  EXPECT_EQ(with("Authorization: " + test_token + "\r\n"), "401");
  EXPECT_EQ(with("Authorization: Bearer " + test_token.substr(1) + "\r\n"), "401");
  EXPECT_EQ(with("Authorization: Bearer x\r\nAuthorization: Bearer " + test_token + "\r\n"), "400");
  EXPECT_EQ(with("X-Authorization: Bearer " + test_token + "\r\n"), "401");
}

TEST_F(Hostile, AnswersHoldNothingOfTheRequest) {
  const auto answer = exchange(server.address(),
                               "GET /things/<script>?x=%3Cb%3E HTTP/1.1\r\nHost: evil<b>\r\n\r\n");
  EXPECT_EQ(status_in(answer), "400");
  EXPECT_THAT(answer, Not(HasSubstr("<b>")));
  EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
}

TEST_F(Hostile, ClientsThatGo) {
  for (int i = 0; i < 50; ++i) {
    RawClient client(server.address());
    client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  server.release();
}

TEST_F(Hostile, Noise) {
  base::SeededRandom random(11);
  for (int round = 0; round < 300; ++round) {
    std::string bytes(random.below(600), '\0');
    for (auto& c : bytes) c = static_cast<char>(random.below(256));
    RawClient client(server.address());
    client.send(round % 2 == 0 ? bytes : "GET /open HTTP/1.1\r\n" + bytes);
  }
}

// A client that sends too much gets its answer before the connection goes.
TEST_F(Hostile, BodiesThatAreTooLarge) {
  RawClient client(server.address());
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n");
  const std::string part(100'000, 'x');
  for (int i = 0; i < 20; ++i) client.send(part);
  EXPECT_EQ(status_in(client.receive_all()), "413");
}

TEST_F(Hostile, BodiesOfThoseWhoMayNot) {
  RawClient client(server.address());
  client.send("POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nx");
  EXPECT_EQ(status_in(client.receive(100)), "405");
  RawClient other(server.address());
  other.send("GET /token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nx");
  EXPECT_EQ(status_in(other.receive(100)), "401");
}

TEST_F(Hostile, BodiesInPieces) {
  RawClient client(server.address());
  for (const auto* part : {"POST /echo HTTP/1.1\r\nHost: local", "host\r\nContent-Length: 6\r\n\r",
                           "\nab", "cd", "efgh"}) {
    client.send(part);
    server.executor.sleep(milliseconds(20), {});
  }
  EXPECT_TRUE(client.receive_all().ends_with("/echo\nabcdef"));
}

class Slow : public Hostile {
 protected:
  Slow()
      : Hostile({.connections_max = 16,
                 .request_timeout = milliseconds(700),
                 .response_timeout = milliseconds(700)}) {}
};

TEST_F(Slow, OneByteNowAndThen) {
  RawClient client(server.address());
  const std::string request = "GET /open HTTP/1.1\r\nHost: localhost\r\nX: ";
  const base::SystemClock clock{};
  const auto start = clock.monotonic();
  bool is_open = true;
  for (std::size_t i = 0; is_open && clock.monotonic() - start < base::seconds(30); ++i) {
    is_open = client.send(i < request.size() ? request.substr(i, 1) : "x") &&
              !client.is_closed_within(milliseconds(50));
  }
  EXPECT_FALSE(is_open);
  EXPECT_LT((clock.monotonic() - start).seconds(), 20.0);
}

TEST_F(Slow, HalfARequestIsToldSo) {
  RawClient client(server.address());
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_EQ(status_in(client.receive_all()), "408");
}

TEST_F(Slow, Silence) {
  RawClient client(server.address());
  EXPECT_EQ(client.receive_all(), "");
}

TEST_F(Slow, AnswersThatNobodyReads) {
  RawClient client(server.address());
  client.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
  server.executor.sleep(milliseconds(1500), {});
  EXPECT_LT(client.receive_all().size(), std::size_t{64} << 20);
}

// They would hold their places for longer than anybody waits here.
TEST(ManySlowClients, KeepNobodyOut) {
  const TestServer server({.connections_max = 16, .request_timeout = base::minutes(10)});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 64; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.address()));
    clients.back()->send("GET /open HT");
    if (i % 8 != 7) continue;
    const auto answer = ask(server.address(), {.path = "/open"}, {.timeout = base::seconds(60)});
    ASSERT_TRUE(answer.ok()) << answer.error().to_string();
    EXPECT_EQ(answer.value().status, 200);
  }
  EXPECT_TRUE(clients.front()->is_closed_within(base::seconds(30)));
}

// As many as there are places are being answered: who comes then waits, and is answered.
TEST_F(Slow, WhoComesWhenAllPlacesAreBusyWaits) {
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.address()));
    clients.back()->send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  while (server.slow_running() < 4) server.executor.sleep(milliseconds(5), {});
  server.executor.sleep(milliseconds(100), {});
  RawClient late(server.address());
  late.send("GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n");
  server.executor.sleep(milliseconds(200), {});
  server.release();
  EXPECT_EQ(status_in(late.receive_all()), "200");
  for (const auto& client : clients) EXPECT_EQ(status_in(client->receive_all()), "200");
}

TEST_F(Hostile, AThousandConnections) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8192);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.address()));
    if (i % 2 == 0) clients.back()->send("GET /op");
  }
  const auto answer = ask(server.address(), {.path = "/open"}, {.timeout = base::seconds(60)});
  ASSERT_TRUE(answer.ok()) << answer.error().to_string();
  EXPECT_EQ(answer.value().status, 200);
}

// When no descriptors are left, connections wait, and nothing spins or ends.
TEST_F(Hostile, NoDescriptorsLeft) {
  const auto target = socket_address(parse_address(server.address()).value());
  const io::Fd client(::socket(target.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  auto none = before;
  none.rlim_cur = static_cast<rlim_t>(io::Fd(::dup(client.get())).get());
  rusage start{};
  rusage end{};
  ::getrusage(RUSAGE_SELF, &start);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_EQ(::connect(client.get(), target.get(), target.size), 0);
  server.executor.sleep(milliseconds(800), {});
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ::getrusage(RUSAGE_SELF, &end);
  const auto spent = (end.ru_utime.tv_sec - start.ru_utime.tv_sec) * 1'000'000 +
                     end.ru_utime.tv_usec - start.ru_utime.tv_usec;
  EXPECT_LT(spent, 400'000);
}

}  // namespace

}  // namespace holdfast::server
