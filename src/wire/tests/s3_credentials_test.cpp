// Where credentials come from, in which order, and how they are renewed.
#include "wire/s3_credentials.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>

#include "aws_domain.hpp"
#include "credentials_file.hpp"
#include "support/scripted_server.hpp"

namespace holdfast::wire {

namespace {

using base::ErrorCode;

class MovingClock final : public base::Clock {
 public:
  [[nodiscard]] base::Time now() const override { return {start.nanoseconds + passed.load()}; }
  [[nodiscard]] base::Duration monotonic() const override { return {passed.load()}; }
  base::Time start = base::parse_utc("2026-11-21T08:00:00Z").value();
  std::atomic<std::int64_t> passed = 0;
};

std::string keys_json(const std::string& name, const std::string& expires) {
  return "{\"AccessKeyId\":\"" + name +
         "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
         "\"Expiration\":\"" +
         expires + "\"}";
}

class S3CredentialsTest : public testing::Test {
 protected:
  S3CredentialsTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "holdfast-keys-XXXXXX";
    home_ = ::mkdtemp(pattern.data());
    variables_["HOME"] = home_;
    variables_["AWS_EC2_METADATA_DISABLED"] = "true";
  }
  ~S3CredentialsTest() override { std::filesystem::remove_all(home_); }

  std::string write(const std::string& name, const std::string& text) {
    const std::string path = home_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }

  std::unique_ptr<S3CredentialsSource> source(const std::string& profile = {}) {
    return std::make_unique<S3CredentialsSource>(
        http_, executor_, clock_,
        S3CredentialsOptions{
            .environment = [this](const std::string& name) -> std::optional<std::string> {
              const auto found = variables_.find(name);
              if (found == variables_.end()) return std::nullopt;
              return found->second;
            },
            .profile = profile});
  }
  std::string key_of(const std::string& profile = {}) {
    const auto found = source(profile)->current();
    EXPECT_TRUE(found.ok()) << found.error().to_string();
    return found.ok() ? found.value()->access_key : "";
  }

  std::string home_;
  std::map<std::string, std::string> variables_;
  MovingClock clock_;
  io::ThreadExecutor executor_;
  HttpClient http_{executor_, {.proxy = ""}};
};

TEST(AwsDomain, IsAnotherInChina) {
  EXPECT_EQ(aws_domain("eu-central-1"), "amazonaws.com");
  EXPECT_EQ(aws_domain("cn-north-1"), "amazonaws.com.cn");
}

TEST_F(S3CredentialsTest, EnvironmentFirst) {
  write(".aws/credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
  EXPECT_EQ(key_of(), "FILE");
  variables_["AWS_ACCESS_KEY_ID"] = "ENV";
  EXPECT_EQ(key_of(), "FILE") << "half a pair is none";
  variables_["AWS_SECRET_ACCESS_KEY"] = "secret";
  variables_["AWS_SESSION_TOKEN"] = "token";
  EXPECT_EQ(key_of(), "ENV");
  EXPECT_EQ(source()->current().value()->session_token, "token");
}

TEST_F(S3CredentialsTest, ProfilesByNameOrVariable) {
  write(".aws/credentials",
        "[default]\naws_access_key_id=D\naws_secret_access_key=s\n"
        "[other]\naws_access_key_id = O\naws_secret_access_key = s=/+\n");
  write(".aws/config", "[profile other]\nregion = eu-west-1\n[default]\nregion=us-west-2\n");
  EXPECT_EQ(key_of("other"), "O");
  EXPECT_EQ(base::as_text(source("other")->current().value()->secret_key.view()), "s=/+");
  EXPECT_EQ(source("other")->configured_region(), "eu-west-1");
  EXPECT_EQ(source()->configured_region(), "us-west-2");
  variables_["AWS_PROFILE"] = "other";
  EXPECT_EQ(key_of(), "O");
  variables_["AWS_REGION"] = "ap-south-1";
  EXPECT_EQ(source()->configured_region(), "ap-south-1");
  variables_["AWS_ACCESS_KEY_ID"] = "ENV";
  variables_["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(key_of("other"), "O") << "a profile that was asked for wins";
}

TEST_F(S3CredentialsTest, FilesElsewhere) {
  variables_["AWS_SHARED_CREDENTIALS_FILE"] =
      write("keys", "[default]\naws_access_key_id=K\naws_secret_access_key=s\n");
  EXPECT_EQ(key_of(), "K");
}

TEST_F(S3CredentialsTest, AbsenceHasAHint) {
  const auto none = source()->current();
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), ErrorCode::permission_denied);
  EXPECT_NE(none.error().hint().find("AWS_ACCESS_KEY_ID"), std::string::npos);
  const auto unknown = source("nobody")->current();
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().message().find("nobody"), std::string::npos);
  write(".aws/config", "[profile sso]\nsso_start_url = https://x\n");
  EXPECT_EQ(source("sso")->current().error().code(), ErrorCode::unsupported);
}

TEST_F(S3CredentialsTest, WebIdentity) {
  ScriptedServer server([](const ReceivedRequest& request) {
    if (request.body.find("WebIdentityToken=the%20token") == std::string::npos ||
        request.body.find("RoleArn=arn%3Aaws%3Aiam") == std::string::npos) {
      return ScriptedAnswer{http_answer("400 Bad Request", "")};
    }
    return ScriptedAnswer{http_answer(
        "200 OK",
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
        "<AccessKeyId>WEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        "<SessionToken>t</SessionToken><Expiration>2026-11-21T09:00:00Z</Expiration>"
        "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>")};
  });
  variables_["AWS_ENDPOINT_URL_STS"] = server.url();
  variables_["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/x";
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = write("token", "the token\n");
  const auto keys = source();
  EXPECT_EQ(keys->current().value()->access_key, "WEB");
  EXPECT_EQ(server.received().at(0).line(), "POST / HTTP/1.1") << "the token is not in the URL";
  EXPECT_EQ(keys->current().value()->session_token, "t");
  EXPECT_EQ(server.received().size(), 1U);
  variables_["AWS_ROLE_ARN"] = "other";
  EXPECT_EQ(source()->current().error().code(), ErrorCode::permission_denied);
}

TEST_F(S3CredentialsTest, ABusyMetadataServiceIsAnOutage) {
  std::atomic<int> status = 503;
  ScriptedServer server([&](const ReceivedRequest&) {
    return ScriptedAnswer{http_answer(std::to_string(status) + " No", "")};
  });
  variables_.erase("AWS_EC2_METADATA_DISABLED");
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = server.url();
  for (const int busy : {503, 429}) {
    status = busy;
    const auto keys = source()->current();
    ASSERT_FALSE(keys.ok());
    EXPECT_EQ(keys.error().code(), ErrorCode::unavailable) << keys.error().to_string();
    EXPECT_EQ(keys.error().retry(), base::Retry::may_help);
  }
  status = 403;
  EXPECT_EQ(source()->current().error().code(), ErrorCode::permission_denied)
      << "no such instance: then there are none";
}

TEST_F(S3CredentialsTest, KeysOfInstanceAndContainerGoPastTheProxy) {
  ScriptedServer proxy(
      [](const ReceivedRequest&) { return ScriptedAnswer{http_answer("502 Bad Gateway", "")}; });
  ScriptedServer server([](const ReceivedRequest& request) {
    const bool keys = request.line().find("credentials/role") != std::string::npos ||
                      request.line().find("/container") != std::string::npos;
    return ScriptedAnswer{
        http_answer("200 OK", keys ? keys_json("KEY", "2026-11-21T11:00:00Z") : "role")};
  });
  HttpClient http(executor_, {.proxy = proxy.url()});
  variables_.erase("AWS_EC2_METADATA_DISABLED");
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = server.url();
  const auto environment = [this](const std::string& name) -> std::optional<std::string> {
    const auto found = variables_.find(name);
    return found == variables_.end() ? std::nullopt : std::optional(found->second);
  };
  for (int round = 0; round < 2; ++round) {
    S3CredentialsSource keys(http, executor_, clock_, {.environment = environment});
    const auto found = keys.current();
    ASSERT_TRUE(found.ok()) << found.error().to_string();
    EXPECT_EQ(found.value()->access_key, "KEY");
    variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.url() + "/container";
  }
  EXPECT_TRUE(proxy.received().empty());
}

TEST_F(S3CredentialsTest, InstanceMetadataIsRenewedBeforeItExpires) {
  std::atomic<int> number = 0;
  std::atomic<bool> down = false;
  ScriptedServer server([&](const ReceivedRequest& request) {
    if (down) return ScriptedAnswer{http_answer("503 Slow Down", "")};
    if (request.line() == "PUT /latest/api/token HTTP/1.1") {
      return ScriptedAnswer{http_answer("200 OK", "TOKEN")};
    }
    if (request.header("x-aws-ec2-metadata-token") != "TOKEN") {
      return ScriptedAnswer{http_answer("401 Unauthorized", "")};
    }
    if (request.line().find("credentials/role") == std::string::npos) {
      return ScriptedAnswer{http_answer("200 OK", "role")};
    }
    const std::string expires = number == 0 ? "2026-11-21T09:00:00Z" : "2026-11-21T11:00:00Z";
    return ScriptedAnswer{
        http_answer("200 OK", keys_json("KEY" + std::to_string(++number), expires))};
  });
  variables_.erase("AWS_EC2_METADATA_DISABLED");
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = server.url() + "/";
  const auto keys = source();
  EXPECT_EQ(keys->current().value()->access_key, "KEY1");
  clock_.passed = base::minutes(54).nanoseconds;
  EXPECT_EQ(keys->current().value()->access_key, "KEY1");
  clock_.passed = base::minutes(56).nanoseconds;
  EXPECT_EQ(keys->current().value()->access_key, "KEY2") << "five minutes before the end";
  keys->discard(keys->current().value());
  EXPECT_EQ(keys->current().value()->access_key, "KEY3");
  down = true;
  clock_.passed = base::minutes(176).nanoseconds;
  EXPECT_EQ(keys->current().value()->access_key, "KEY3") << "they still work";
  clock_.passed = base::minutes(181).nanoseconds;
  EXPECT_FALSE(keys->current().ok());
}

TEST_F(S3CredentialsTest, ManyTasksFetchOnce) {
  std::atomic<int> fetched = 0;
  ScriptedServer server([&](const ReceivedRequest& request) {
    if (request.header("authorization") != "let me") {
      return ScriptedAnswer{http_answer("401 Unauthorized", "")};
    }
    ++fetched;
    return ScriptedAnswer{http_answer("200 OK", keys_json("BOX", "2026-11-21T12:00:00Z"))};
  });
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.url() + "/x";
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = write("auth", "let me\n");
  const auto keys = source();
  std::vector<std::unique_ptr<io::Task>> tasks;
  for (int i = 0; i < 16; ++i) {
    tasks.push_back(
        executor_.spawn("asks", [&] { EXPECT_EQ(keys->current().value()->access_key, "BOX"); }));
  }
  tasks.clear();
  EXPECT_EQ(fetched, 1);
}

TEST(CredentialsFile, ReadsProfiles) {
  const auto values = parse_profile(
      "# comment\n[ profile  a ]\r\nkey = value = more\r\n  nested = no\n; c\nbare\n[a b]\nkey=x\n",
      "a");
  ASSERT_TRUE(values.ok());
  EXPECT_EQ(values.value(), (ProfileValues{{"key", "value = more"}}));
  EXPECT_TRUE(parse_profile("", "a").value().empty());
  EXPECT_TRUE(parse_profile("[a\nk=v", "a").value().empty());
  EXPECT_FALSE(parse_profile(std::string(2'000'000, 'x'), "a").ok());
}

}  // namespace

}  // namespace holdfast::wire
