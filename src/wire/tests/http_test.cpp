// The HTTP client against a server that does what servers and lines do on bad days.
#include "wire/http.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "support/scripted_server.hpp"

namespace holdfast::wire {

namespace {

using base::ErrorCode;

class HttpTest : public testing::Test {
 protected:
  io::ThreadExecutor executor_;
  HttpClient client_{
      executor_,
      {.proxy = "", .connect_timeout = base::seconds(2), .stall_timeout = base::seconds(1)}};

  base::Result<HttpResponse> get(const std::string& url) { return client_.perform({.url = url}); }
  static void expect_outage(const base::Result<HttpResponse>& answer) {
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code(), ErrorCode::unavailable) << answer.error().to_string();
    EXPECT_EQ(answer.error().retry(), base::Retry::may_help);
  }
};

ScriptedServer::Script always(std::string bytes,
                              ScriptedAnswer::Then then = ScriptedAnswer::Then::keep) {
  return [=](const ReceivedRequest&) { return ScriptedAnswer{bytes, then}; };
}

TEST_F(HttpTest, GetsStatusHeadersAndBody) {
  ScriptedServer server(always(http_answer("404 Not Found", "gone", "X-Thing:  a b \r\n")));
  const auto answer = get(server.url() + "/a/../b%20c?x=1");
  ASSERT_TRUE(answer.ok()) << answer.error().to_string();
  EXPECT_EQ(answer.value().status, 404);
  EXPECT_FALSE(answer.value().is_success());
  EXPECT_EQ(answer.value().header("x-thing"), "a b");
  EXPECT_EQ(answer.value().header("absent"), "");
  EXPECT_EQ(base::as_text(answer.value().body), "gone");
  EXPECT_EQ(server.received().at(0).line(), "GET /a/../b%20c?x=1 HTTP/1.1");
}

TEST_F(HttpTest, SendsMethodHeadersAndBody) {
  ScriptedServer server(always(http_answer("200 OK", "")));
  std::string content(3'000'000, 'x');
  content.back() = 'y';
  HttpRequest request{.method = "PUT", .url = server.url() + "/x", .headers = {{"X-A", "1"}}};
  request.body = base::as_bytes(content);
  ASSERT_TRUE(client_.perform(request).ok());
  ASSERT_TRUE(client_.perform({.method = "POST", .url = server.url() + "/y"}).ok());
  ASSERT_TRUE(client_.perform({.method = "DELETE", .url = server.url() + "/z"}).ok());
  const auto received = server.received();
  ASSERT_EQ(received.size(), 3U);
  EXPECT_EQ(received[0].body, content);
  EXPECT_EQ(received[0].header("x-a"), "1");
  EXPECT_EQ(received[0].header("expect"), "");
  EXPECT_EQ(received[1].line(), "POST /y HTTP/1.1");
  EXPECT_EQ(received[1].header("content-length"), "0");
  EXPECT_EQ(received[2].line(), "DELETE /z HTTP/1.1");
  EXPECT_EQ(server.connections(), 1) << "the connection is kept";
}

TEST_F(HttpTest, ReadsIntoTheCallersBuffer) {
  ScriptedServer server(always(http_answer("200 OK", "0123456789")));
  base::Bytes out(10);
  const auto exact = client_.perform({.url = server.url(), .into = base::MutableByteView(out)});
  ASSERT_TRUE(exact.ok());
  EXPECT_EQ(exact.value().into_size, 10U);
  EXPECT_FALSE(exact.value().body_cut);
  EXPECT_EQ(base::as_text(out), "0123456789");
  base::Bytes shorter(4);
  const auto cut = client_.perform({.url = server.url(), .into = base::MutableByteView(shorter)});
  ASSERT_TRUE(cut.ok());
  EXPECT_TRUE(cut.value().body_cut);
  EXPECT_EQ(base::as_text(shorter), "0123");
  base::Bytes longer(20);
  const auto rest = client_.perform({.url = server.url(), .into = base::MutableByteView(longer)});
  ASSERT_TRUE(rest.ok());
  EXPECT_EQ(rest.value().into_size, 10U);
}

TEST_F(HttpTest, BodiesOfFailuresDoNotGoIntoTheBuffer) {
  ScriptedServer server(always(http_answer("503 Slow Down", "0123456789")));
  base::Bytes out(4, 7);
  const auto answer = client_.perform({.url = server.url(), .into = base::MutableByteView(out)});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(out, base::Bytes(4, 7));
  EXPECT_EQ(base::as_text(answer.value().body), "0123456789");
}

TEST_F(HttpTest, CutsBodiesAtTheLimit) {
  for (const std::string length : {"Content-Length: 1000000\r\n\r\n", "\r\n"}) {
    ScriptedServer server(always("HTTP/1.1 200 OK\r\n" + length + std::string(5000, 'x'),
                                 ScriptedAnswer::Then::close));
    const auto answer = client_.perform({.url = server.url(), .body_size_max = 1000});
    ASSERT_TRUE(answer.ok()) << answer.error().to_string();
    EXPECT_TRUE(answer.value().body_cut);
    EXPECT_LE(answer.value().body.size(), 1000U);
  }
}

TEST_F(HttpTest, BrokenLinesAreOutages) {
  const std::string half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
  for (const auto& [bytes, then] : std::vector<std::pair<std::string, ScriptedAnswer::Then>>{
           {half, ScriptedAnswer::Then::close},
           {half, ScriptedAnswer::Then::reset},
           {half, ScriptedAnswer::Then::silence},
           {"", ScriptedAnswer::Then::close},
           {"", ScriptedAnswer::Then::silence},
           {"", ScriptedAnswer::Then::reset},
           {"HTTP/1.1 2", ScriptedAnswer::Then::close}}) {
    ScriptedServer server(always(bytes, then));
    expect_outage(get(server.url()));
  }
}

TEST_F(HttpTest, GarbageIsNoAnswer) {
  for (const std::string& garbage : {std::string("SSH-2.0-x\r\n"), std::string(100'000, 'x')}) {
    ScriptedServer server(always(garbage, ScriptedAnswer::Then::close));
    const auto answer = get(server.url());
    EXPECT_FALSE(answer.ok());
  }
}

TEST_F(HttpTest, LimitsHeaders) {
  std::string headers;
  for (int i = 0; i < 3000; ++i) headers += "X-Long: " + std::string(60, 'x') + "\r\n";
  ScriptedServer server(always(http_answer("200 OK", "", headers)));
  const auto answer = get(server.url());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::unavailable);
}

TEST_F(HttpTest, NobodyThereIsAnOutage) {
  std::string url;
  {
    ScriptedServer server(always(""));
    url = server.url();
  }
  const auto answer = get(url + "/secret?token=hunter2");
  expect_outage(answer);
  EXPECT_FALSE(answer.error().hint().empty());
  EXPECT_EQ(answer.error().to_string().find("hunter2"), std::string::npos);
}

TEST_F(HttpTest, RefusesWhatIsNoHttp) {
  for (const std::string url : {"file:///etc/passwd", "ftp://127.0.0.1/", ":"}) {
    const auto answer = get(url);
    ASSERT_FALSE(answer.ok()) << url;
    EXPECT_EQ(answer.error().code(), ErrorCode::invalid_argument) << answer.error().to_string();
  }
  const auto split =
      client_.perform({.url = "http://127.0.0.1:1/", .headers = {{"A", "b\r\nC: d"}}});
  ASSERT_FALSE(split.ok());
  EXPECT_EQ(split.error().code(), ErrorCode::invalid_argument);
}

TEST_F(HttpTest, FollowsNoRedirect) {
  ScriptedServer server(always(http_answer("301 Moved", "", "Location: http://127.0.0.1:1/\r\n")));
  const auto answer = get(server.url());
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer.value().status, 301);
}

TEST_F(HttpTest, StopEndsARequest) {
  ScriptedServer server(always("", ScriptedAnswer::Then::silence));
  std::stop_source stop;
  const auto stopper = executor_.spawn("stopper", [&] {
    executor_.sleep(base::milliseconds(100), {});
    stop.request_stop();
  });
  const auto answer = client_.perform({.url = server.url(), .stop = stop.get_token()});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::cancelled);
  const auto later = client_.perform({.url = server.url(), .stop = stop.get_token()});
  ASSERT_FALSE(later.ok());
  EXPECT_EQ(later.error().code(), ErrorCode::cancelled);
}

TEST_F(HttpTest, TheTotalTimeIsLimited) {
  ScriptedServer server(always("", ScriptedAnswer::Then::silence));
  expect_outage(client_.perform({.url = server.url(), .total_timeout = base::milliseconds(200)}));
}

TEST_F(HttpTest, ManyTasksAtOnce) {
  ScriptedServer server([](const ReceivedRequest& request) {
    return ScriptedAnswer{http_answer("200 OK", request.body)};
  });
  std::atomic<int> good = 0;
  std::vector<std::unique_ptr<io::Task>> tasks;
  for (int task = 0; task < 32; ++task) {
    tasks.push_back(executor_.spawn("client", [&, task] {
      for (int i = 0; i < 20; ++i) {
        const std::string body = std::to_string(task) + "/" + std::to_string(i);
        HttpRequest request{.method = "POST", .url = server.url() + "/"};
        request.body = base::as_bytes(body);
        const auto answer = client_.perform(request);
        if (answer.ok() && base::as_text(answer.value().body) == body) ++good;
      }
    }));
  }
  tasks.clear();
  EXPECT_EQ(good, 32 * 20);
  EXPECT_LE(server.connections(), 40);
}

TEST_F(HttpTest, TellsThatARequestWentOutTwice) {
  // A kept connection that breaks without an answer: libcurl sends the request again on a new one.
  std::atomic<int> number = 0;
  ScriptedServer server([&](const ReceivedRequest&) {
    if (++number == 2) return ScriptedAnswer{"", ScriptedAnswer::Then::close};
    return ScriptedAnswer{http_answer("200 OK", "")};
  });
  const std::string body = "content";
  HttpRequest request{.method = "PUT", .url = server.url() + "/x"};
  request.body = base::as_bytes(body);
  const auto first = client_.perform(request);
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(first.value().sent_again);
  const auto second = client_.perform(request);
  if (second.ok()) {
    EXPECT_TRUE(second.value().sent_again);
    EXPECT_EQ(server.received().back().body, body);
  } else {
    expect_outage(second);
  }
}

TEST(Http, ServersOfUrls) {
  EXPECT_EQ(server_of("https://host:9000/path?x"), "host:9000");
  EXPECT_EQ(server_of("http://u:secret@host"), "host");
  EXPECT_EQ(server_of("host/path"), "host");
}

}  // namespace

}  // namespace holdfast::wire
