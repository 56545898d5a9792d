// Service: what a running daemon answers over its socket and over HTTP.
#include "daemon/service.hpp"

#include <gtest/gtest.h>

#include "daemon_fixture.hpp"
#include "engine/place.hpp"
#include "server/http_client.hpp"

namespace holdfast::daemon {

namespace {

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    EXPECT_TRUE(engine::make_places(*test.strategy.workplace).ok());
    daemon = Daemon::open(test.shared(), {}, executor).value();
    socket = test.strategy.directory / "socket/s";
    auto started =
        Service::start(*daemon,
                       {.socket = socket,
                        .listen = "127.0.0.1:0",
                        .token = base::SecretBytes(base::as_bytes(std::string("0123456789abcdef"))),
                        .version = "1.2.3"},
                       executor);
    EXPECT_TRUE(started.ok()) << started.error().to_string();
    service = std::move(started).value();
  }
  server::Response ask(const std::string& address, const std::string& method,
                       const std::string& path, const std::string& body = {}) {
    server::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    const auto answer = server::ask(address, request);
    EXPECT_TRUE(answer.ok()) << answer.error().to_string();
    return answer.ok() ? answer.value() : server::Response{.status = 0};
  }
  std::string on_socket() { return "unix:" + socket; }

  DaemonFixture test;
  io::ThreadExecutor executor;
  std::unique_ptr<Daemon> daemon;
  std::string socket;
  std::unique_ptr<Service> service;
};

TEST_F(ServiceTest, IsAliveAndReadyOnlyAfterItHasLooked) {
  EXPECT_EQ(ask(on_socket(), "GET", "/healthz").status, 200);
  EXPECT_EQ(ask(on_socket(), "GET", "/readyz").status, 503);
  test.strategy.clock.pass(base::minutes(1));  // the loop doesn't run here
  EXPECT_EQ(ask(on_socket(), "GET", "/healthz").status, 503);
}

TEST_F(ServiceTest, MetricsAreThereFromTheFirstSecond) {
  const auto answer = ask(service->address(), "GET", "/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("backup_attempts_total{component=\"files\",plan=\"daily\""),
            std::string::npos)
      << answer.body;
  EXPECT_NE(answer.body.find("version=\"1.2.3\""), std::string::npos);
}

TEST_F(ServiceTest, StatusAndRunsAreAnswered) {
  const auto status = ask(on_socket(), "GET", "/api/v1/status");
  EXPECT_EQ(status.status, 200);
  EXPECT_NE(status.body.find("\"strategy\":\"test\""), std::string::npos) << status.body;
  EXPECT_EQ(ask(on_socket(), "GET", "/api/v1/runs").status, 200);
  EXPECT_EQ(ask(on_socket(), "GET", "/api/v1/runs/none").status, 404);
  EXPECT_EQ(ask(on_socket(), "GET", "/api/v1/findings").status, 200);
}

TEST_F(ServiceTest, AnEventIsRecorded) {
  const auto answer = ask(on_socket(), "POST", "/api/v1/events", R"({"event":"epoch","id":"7"})");
  EXPECT_EQ(answer.status / 100, 2) << answer.body;
  const auto happenings = test.strategy.catalog->happenings().list("epoch", 0).value();
  ASSERT_EQ(happenings.size(), 1U);
  EXPECT_EQ(happenings[0].id, "7");
}

TEST_F(ServiceTest, WhatChangesThingsNeedsTheTokenOnTheNetwork) {
  EXPECT_EQ(ask(service->address(), "POST", "/api/v1/wake").status, 401);
  EXPECT_EQ(ask(on_socket(), "POST", "/api/v1/wake").status / 100, 2);
}

TEST_F(ServiceTest, ARunThatIsUnderWayCanBeCancelled) {
  const auto id =
      test.strategy.catalog->runs()
          .begin({.kind = catalog::RunKind::backup, .component = "files"}, test.strategy.random)
          .value();
  EXPECT_EQ(ask(on_socket(), "POST", "/api/v1/runs/" + id + "/cancel").status / 100, 2);
  EXPECT_TRUE(test.strategy.catalog->runs().is_cancel_requested(id).value());
}

}  // namespace

}  // namespace holdfast::daemon
