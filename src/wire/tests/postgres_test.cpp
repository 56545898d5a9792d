// Addresses, errors, and a server that isn't there. Real servers:
// tests/integration/postgres_test.py.
#include "wire/postgres.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

#include "io/file.hpp"
#include "postgres_errors.hpp"

namespace holdfast::wire {
namespace {

using base::ErrorCode;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

base::SecretBytes secret(std::string_view text) { return base::SecretBytes(base::as_bytes(text)); }

TEST(Postgres, ToolsGetTheAddressWithoutThePassword) {
  const auto made = tool_settings(
      {.url = "postgresql://me:s3cret@db.example:6432/shop?sslmode=require", .password = {}});
  ASSERT_TRUE(made.ok());
  EXPECT_THAT(made.value().variables, UnorderedElementsAre("PGHOST=db.example", "PGPORT=6432",
                                                           "PGUSER=me", "PGSSLMODE=require"));
  EXPECT_EQ(base::as_text(made.value().password.view()), "s3cret");
  EXPECT_EQ(made.value().database, "shop");
}

TEST(Postgres, WhatTheUrlLeavesOutIsAdded) {
  const auto made = tool_settings({.url = "postgresql:///shop",
                                   .host = "10.0.0.1",
                                   .port = "5433",
                                   .user = "backup",
                                   .database = "other",
                                   .tls = "verify-full",
                                   .ca = "/etc/ca.pem",
                                   .password = secret("p")});
  ASSERT_TRUE(made.ok());
  EXPECT_THAT(made.value().variables,
              UnorderedElementsAre("PGHOST=10.0.0.1", "PGPORT=5433", "PGUSER=backup",
                                   "PGSSLMODE=verify-full", "PGSSLROOTCERT=/etc/ca.pem"));
  EXPECT_EQ(made.value().database, "other");
  EXPECT_EQ(base::as_text(made.value().password.view()), "p");
}

TEST(Postgres, AnErrorOfAUrlDoesntQuoteIt) {
  const auto made = tool_settings({.url = "postgresql://me:s3cret@[::1/shop", .password = {}});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(made.error().to_string().find("s3cret"), std::string::npos);
}

TEST(Postgres, LiteralsAreQuoted) {
  EXPECT_EQ(quote_literal("it's"), "'it''s'");
  EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
}

TEST(Postgres, NobodyThereIsAnOutage) {
  const auto opened =
      PostgresConnection::open({.url = "postgresql://127.0.0.1:1/x", .password = {}}, {}, {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::unavailable);
  EXPECT_EQ(opened.error().retry(), base::Retry::may_help);
  EXPECT_FALSE(opened.error().hint().empty());
}

// A port that takes connections and never answers.
class SilentPort {
 public:
  SilentPort() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), raw, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 4), 0);
    EXPECT_EQ(::getsockname(listener_.get(), raw, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] std::string url() const {
    return "postgresql://127.0.0.1:" + std::to_string(port_) + "/x";
  }

 private:
  io::Fd listener_;
  int port_ = 0;
};

TEST(Postgres, ASilentServerIsGivenUp) {
  const SilentPort port;
  const auto opened = PostgresConnection::open({.url = port.url(), .password = {}},
                                               {.connect_timeout = base::milliseconds(300)}, {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::unavailable);
}

TEST(Postgres, WaitingCanBeStopped) {
  const SilentPort port;
  std::stop_source stop;
  stop.request_stop();
  const auto opened =
      PostgresConnection::open({.url = port.url(), .password = {}}, {}, stop.get_token());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::cancelled);
}

TEST(PostgresErrors, TheLastAttemptOfAConnectionCounts) {
  const auto failure = parse_connect_failure(
      "connection to server at \"db\" (10.0.0.1), port 5432 failed: Connection refused\n"
      "\tIs the server running on that host and accepting TCP/IP connections?\n"
      "connection to server at \"db\" (10.0.0.2), port 5432 failed: FATAL:  28P01: password "
      "authentication failed for user \"me\"\n"
      "LOCATION:  auth_failed, auth.c:335\n");
  EXPECT_EQ(failure.sqlstate, "28P01");
  EXPECT_EQ(failure.message,
            "connection to server at \"db\" (10.0.0.2), port 5432 failed: password authentication "
            "failed for user \"me\"");
  EXPECT_EQ(postgres_error(failure).code(), ErrorCode::permission_denied);
  EXPECT_THAT(postgres_error(failure).hint(), HasSubstr("password"));
}

TEST(PostgresErrors, DetailsAreKept) {
  const auto failure = parse_connect_failure(
      "connection to server on socket \"/run/s\" failed: FATAL:  42501: permission denied to start "
      "WAL sender\nDETAIL:  Only roles with the REPLICATION attribute may start a WAL sender "
      "process.\nLOCATION:  InitPostgres, postinit.c:951\n");
  EXPECT_EQ(failure.sqlstate, "42501");
  EXPECT_THAT(failure.detail, HasSubstr("REPLICATION"));
  EXPECT_THAT(postgres_error(failure).hint(), HasSubstr("ALTER ROLE"));
}

TEST(PostgresErrors, WithoutTheServersWordItIsAnOutage) {
  const auto failure = parse_connect_failure(
      "connection to server at \"127.0.0.1\", port 1 failed: Connection refused\n"
      "\tIs the server running on that host and accepting TCP/IP connections?\n");
  EXPECT_TRUE(failure.sqlstate.empty());
  EXPECT_THAT(failure.message, HasSubstr("Connection refused"));
  EXPECT_EQ(postgres_error(failure).code(), ErrorCode::unavailable);
  EXPECT_EQ(postgres_error(parse_connect_failure("")).code(), ErrorCode::unavailable);
}

TEST(PostgresErrors, CodesMeanWhatTheyMean) {
  const auto code = [](std::string state) {
    return postgres_error({.sqlstate = std::move(state), .message = "m", .detail = {}}).code();
  };
  EXPECT_EQ(code("28000"), ErrorCode::permission_denied);
  EXPECT_EQ(code("3D000"), ErrorCode::not_found);
  EXPECT_EQ(code("55006"), ErrorCode::conflict);
  EXPECT_EQ(code("53300"), ErrorCode::unavailable);
  EXPECT_EQ(code("53400"), ErrorCode::unavailable);
  EXPECT_EQ(code("53100"), ErrorCode::no_space);
  EXPECT_EQ(code("57P03"), ErrorCode::unavailable);
  EXPECT_EQ(code("58P01"), ErrorCode::not_found);
  EXPECT_EQ(code("XX001"), ErrorCode::damaged);
  EXPECT_EQ(code("42601"), ErrorCode::unsupported);
  EXPECT_EQ(code("22012"), ErrorCode::io);
}

}  // namespace
}  // namespace holdfast::wire
