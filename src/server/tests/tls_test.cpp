// TLS with certificates that are right, wrong, and not there. The client is libcurl, which checks
// names and chains.
#include "tls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "io/child_process.hpp"
#include "server_fixture.hpp"
#include "wire/http.hpp"

namespace holdfast::server {

namespace {

using base::ErrorCode;

struct Certificate {
  std::string certificate;
  std::string key;
};

class Tls : public testing::Test {
 protected:
  // Signed by itself, for this name or address ("DNS:…", "IP:…").
  Certificate make(const std::string& file, const std::string& name) {
    Certificate made{directory_ / (file + ".pem"), directory_ / (file + ".key")};
    io::ChildCommand command;
    command.arguments = {"openssl",
                         "req",
                         "-x509",
                         "-newkey",
                         "ec",
                         "-pkeyopt",
                         "ec_paramgen_curve:P-256",
                         "-nodes",
                         "-days",
                         "2",
                         "-keyout",
                         made.key,
                         "-out",
                         made.certificate,
                         "-subj",
                         "/CN=test",
                         "-addext",
                         "subjectAltName=" + name};
    EXPECT_TRUE(io::run_child(command).ok());
    ::chmod(made.key.c_str(), 0600);
    return made;
  }
  static ServerOptions with(const Certificate& files) {
    return {.certificate_file = files.certificate, .key_file = files.key};
  }
  base::Result<wire::HttpResponse> get(const TestServer& server, const std::string& ca_file) {
    wire::HttpClient client(executor_, {.ca_file = ca_file, .proxy = ""});
    return client.perform(
        {.url = "https://" + server.address() + "/open", .total_timeout = base::seconds(60)});
  }
  static ErrorCode refused(const std::string& certificate, const std::string& key) {
    const auto opened = TlsContext::open(certificate, key);
    EXPECT_FALSE(opened.ok());
    return opened.ok() ? ErrorCode::internal : opened.error().code();
  }

  TemporaryDirectory directory_;
  io::ThreadExecutor executor_;
};

TEST_F(Tls, AnswersThoseWhoTrustIt) {
  const auto files = make("right", "IP:127.0.0.1");
  const TestServer server(with(files));
  for (int i = 0; i < 3; ++i) {
    const auto answer = get(server, files.certificate);
    ASSERT_TRUE(answer.ok()) << answer.error().to_string();
    EXPECT_EQ(base::as_text(answer.value().body), "open");
  }
}

TEST_F(Tls, SendsLargeAnswers) {
  const auto files = make("right", "IP:127.0.0.1");
  const TestServer server(with(files));
  wire::HttpClient client(executor_, {.ca_file = files.certificate, .proxy = ""});
  const auto answer = client.perform(
      {.url = "https://" + server.address() + "/big", .body_size_max = std::uint64_t{65} << 20});
  ASSERT_TRUE(answer.ok()) << answer.error().to_string();
  EXPECT_EQ(answer.value().body.size(), std::size_t{64} << 20);
}

TEST_F(Tls, AnotherNameIsNotTrusted) {
  const auto files = make("other", "DNS:backup.example");
  const TestServer server(with(files));
  EXPECT_EQ(get(server, files.certificate).error().code(), ErrorCode::permission_denied);
}

TEST_F(Tls, AnotherSignerIsNotTrusted) {
  const auto files = make("right", "IP:127.0.0.1");
  const auto other = make("other", "IP:127.0.0.1");
  const TestServer server(with(files));
  EXPECT_EQ(get(server, other.certificate).error().code(), ErrorCode::permission_denied);
}

TEST_F(Tls, OldVersionsAreRefused) {
  const auto files = make("right", "IP:127.0.0.1");
  const TestServer server(with(files));
  const auto connects = [&](const char* version) {
    io::ChildCommand command;
    command.arguments = {"openssl",
                         "s_client",
                         "-connect",
                         server.address(),
                         version,
                         "-cipher",
                         "DEFAULT:@SECLEVEL=0",
                         "-CAfile",
                         files.certificate,
                         "-verify_return_error"};
    command.timeout = base::seconds(20);
    return io::run_child(command).ok();
  };
  EXPECT_TRUE(connects("-tls1_3"));
  EXPECT_TRUE(connects("-tls1_2"));
  EXPECT_FALSE(connects("-tls1_1"));
}

TEST_F(Tls, WhoSpeaksPlainHttpGetsNoAnswerOfIt) {
  const auto files = make("right", "IP:127.0.0.1");
  const TestServer server(with(files));
  const auto answer = exchange(server.address(), "GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status_in(answer), "none");
  EXPECT_TRUE(get(server, files.certificate).ok());
}

TEST_F(Tls, HandshakesThatHangKeepNobodyOut) {
  const auto files = make("right", "IP:127.0.0.1");
  auto options = with(files);
  options.connections_max = 8;
  options.request_timeout = base::minutes(10);
  const TestServer server(std::move(options));
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.address()));
    if (i % 2 == 0) clients.back()->send(std::string("\x16\x03\x01\x02\x00\x01", 6));
  }
  EXPECT_TRUE(get(server, files.certificate).ok());
  EXPECT_TRUE(clients.front()->is_closed_within(base::seconds(30)));
}

TEST_F(Tls, NamesAreCheckedUnderIt) {
  const auto files = make("right", "IP:127.0.0.1");
  const TestServer server(with(files));
  wire::HttpClient client(executor_, {.ca_file = files.certificate, .proxy = ""});
  const auto answer = client.perform(
      {.url = "https://" + server.address() + "/open", .headers = {{"Host", "evil.example"}}});
  ASSERT_TRUE(answer.ok()) << answer.error().to_string();
  EXPECT_EQ(answer.value().status, 421);
}

TEST_F(Tls, FilesThatAreNoneAreRefused) {
  const auto files = make("right", "IP:127.0.0.1");
  const auto other = make("other", "IP:127.0.0.1");
  const auto absent = directory_ / "absent";
  const auto noise = directory_ / "noise";
  std::ofstream(noise) << "no PEM\n";
  ::chmod(noise.c_str(), 0600);
  EXPECT_EQ(refused(files.certificate, absent), ErrorCode::not_found);
  EXPECT_EQ(refused(absent, files.key), ErrorCode::invalid_argument);
  EXPECT_EQ(refused(noise, files.key), ErrorCode::invalid_argument);
  EXPECT_EQ(refused(files.certificate, noise), ErrorCode::invalid_argument);
  EXPECT_EQ(refused(files.certificate, other.key), ErrorCode::invalid_argument);
  ::chmod(files.key.c_str(), 0644);
  EXPECT_EQ(refused(files.certificate, files.key), ErrorCode::permission_denied);
}

TEST_F(Tls, AKeyWithAPassphraseIsRefusedAndNobodyAsked) {
  const auto files = make("right", "IP:127.0.0.1");
  io::ChildCommand command;
  command.arguments = {"openssl",     "ec",      "-in",
                       files.key,     "-aes256", "-passout",
                       "pass:secret", "-out",    files.key + ".locked"};
  ASSERT_TRUE(io::run_child(command).ok());
  ::chmod((files.key + ".locked").c_str(), 0600);
  EXPECT_EQ(refused(files.certificate, files.key + ".locked"), ErrorCode::invalid_argument);
}

}  // namespace

}  // namespace holdfast::server
