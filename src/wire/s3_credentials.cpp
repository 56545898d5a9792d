// The search for credentials, in the order of AWS's tools, and their renewal by one task at a time.
#include "wire/s3_credentials.hpp"

#include <utility>

#include "aws_domain.hpp"
#include "base/units.hpp"
#include "credentials_file.hpp"
#include "io/file.hpp"
#include "wire/sigv4.hpp"

namespace holdfast::wire {

namespace {

using base::Error;
using base::ErrorCode;

constexpr base::Duration renewal_margin = base::minutes(5);
constexpr std::uint64_t file_size_max = base::MiB;

Error no_credentials_found() {
  return Error(ErrorCode::permission_denied, "no credentials for S3 were found")
      .with_hint(
          "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write a profile into the "
          "shared credentials file ~/.aws/credentials");
}

Error refused(std::string_view what, const HttpResponse& answer) {
  Error error(ErrorCode::permission_denied,
              std::string(what) + " answered " + std::to_string(answer.status));
  if (answer.status >= 500 || answer.status == 429) {
    return Error(ErrorCode::unavailable, error.message()).with_retry(base::Retry::may_help);
  }
  return error;
}

std::string text_of(const HttpResponse& answer) { return std::string(base::as_text(answer.body)); }

}  // namespace

S3CredentialsSource::S3CredentialsSource(HttpClient& http, io::Executor& executor,
                                         const base::Clock& clock, S3CredentialsOptions options)
    : http_(http), clock_(clock), options_(std::move(options)), changed_(executor.make_signal()) {}

S3CredentialsSource::~S3CredentialsSource() = default;

std::string S3CredentialsSource::variable(const std::string& name) const {
  if (!options_.environment) return {};
  return options_.environment(name).value_or("");
}

std::string S3CredentialsSource::file_path(const std::string& name,
                                           const std::string& in_home) const {
  if (auto path = variable(name); !path.empty()) return path;
  const std::string home = variable("HOME");
  return home.empty() ? std::string() : home + in_home;
}

std::string S3CredentialsSource::profile_name() const {
  if (!options_.profile.empty()) return options_.profile;
  const std::string name = variable("AWS_PROFILE");
  return name.empty() ? "default" : name;
}

// Of the config file; empty if it isn't there.
std::string S3CredentialsSource::profile_value(const std::string& key) const {
  for (const auto& path : {file_path("AWS_CONFIG_FILE", "/.aws/config"),
                           file_path("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials")}) {
    if (path.empty()) continue;
    const auto text = io::read_file(path, file_size_max);
    if (!text.ok()) continue;
    const auto values = parse_profile(base::as_text(text.value()), profile_name());
    if (!values.ok()) continue;
    if (const auto found = values.value().find(key); found != values.value().end()) {
      return found->second;
    }
  }
  return {};
}

std::string S3CredentialsSource::configured_region() const {
  if (options_.profile.empty()) {
    for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
      if (auto region = variable(name); !region.empty()) return region;
    }
  }
  return profile_value("region");
}

base::Result<SharedS3Credentials> S3CredentialsSource::current() {
  {
    std::unique_lock lock(mutex_);
    for (;;) {
      const bool fresh =
          current_ && (!current_->expires || clock_.now() + renewal_margin < *current_->expires);
      if (fresh) return current_;
      if (!fetching_) break;
      // Those that still work will do while another task fetches newer ones.
      if (current_ && clock_.now() < *current_->expires) return current_;
      changed_->wait(lock);
    }
    fetching_ = true;
  }
  auto fetched = fetch();
  const std::lock_guard lock(mutex_);
  fetching_ = false;
  changed_->notify_all();
  if (fetched.ok()) {
    current_ = std::make_shared<const S3Credentials>(std::move(fetched).value());
  } else if (!current_ || !current_->expires || clock_.now() >= *current_->expires) {
    return std::move(fetched).error();
  }
  return current_;
}

void S3CredentialsSource::discard(const SharedS3Credentials& expired) {
  const std::lock_guard lock(mutex_);
  if (current_ == expired) current_.reset();
}

base::Result<S3Credentials> S3CredentialsSource::fetch() {
  if (options_.profile.empty()) {
    if (auto found = from_environment()) return std::move(*found);
    const std::string token_file = variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    auto found = TRY(from_web_identity(variable("AWS_ROLE_ARN"), token_file));
    if (found) return std::move(*found);
  }
  auto in_profile = TRY(from_profile());
  if (in_profile) return std::move(*in_profile);
  if (!options_.profile.empty()) {
    return Error(ErrorCode::permission_denied,
                 "profile '" + base::printable(options_.profile) + "' has no credentials")
        .with_hint(
            "write aws_access_key_id and aws_secret_access_key into that section of the "
            "shared credentials file");
  }
  auto in_container = TRY(from_container());
  if (in_container) return std::move(*in_container);
  auto in_instance = TRY(from_instance());
  if (in_instance) return std::move(*in_instance);
  return no_credentials_found();
}

std::optional<S3Credentials> S3CredentialsSource::from_environment() const {
  S3Credentials found;
  found.access_key = variable("AWS_ACCESS_KEY_ID");
  found.secret_key = base::SecretBytes(base::as_bytes(variable("AWS_SECRET_ACCESS_KEY")));
  found.session_token = variable("AWS_SESSION_TOKEN");
  found.origin = "the environment";
  if (found.access_key.empty() || found.secret_key.empty()) return std::nullopt;
  return found;
}

base::Result<std::optional<S3Credentials>> S3CredentialsSource::from_profile() {
  const std::string name = profile_name();
  for (const auto& path : {file_path("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"),
                           file_path("AWS_CONFIG_FILE", "/.aws/config")}) {
    if (path.empty()) continue;
    const auto text = io::read_file(path, file_size_max);
    if (!text.ok() && text.error().code() == ErrorCode::not_found) continue;
    if (!text.ok()) return Error(text.error()).with_context("shared credentials");
    auto values = TRY_CONTEXT(parse_profile(base::as_text(text.value()), name), path);
    S3Credentials found;
    found.access_key = values["aws_access_key_id"];
    found.secret_key = base::SecretBytes(base::as_bytes(values["aws_secret_access_key"]));
    found.session_token = values["aws_session_token"];
    found.origin = "profile '" + base::printable(name) + "'";
    if (!found.access_key.empty() && !found.secret_key.empty())
      return std::optional(std::move(found));
    const std::string role = values["role_arn"];
    const std::string token_file = values["web_identity_token_file"];
    if (!role.empty() && !token_file.empty()) return from_web_identity(role, token_file);
    if (!role.empty() || values.contains("credential_process") ||
        values.contains("sso_start_url")) {
      return Error(ErrorCode::unsupported,
                   "profile '" + base::printable(name) +
                       "' gets its keys in a way that holdfast doesn't know")
          .with_hint(
              "keys, or role_arn with web_identity_token_file, are known; else export keys "
              "into the environment");
    }
  }
  return std::optional<S3Credentials>();
}

base::Result<std::optional<S3Credentials>> S3CredentialsSource::from_web_identity(
    const std::string& role, const std::string& token_file) {
  if (role.empty() || token_file.empty()) return std::optional<S3Credentials>();
  const auto token = TRY_CONTEXT(io::read_file(token_file, file_size_max), "web identity token");
  std::string session = variable("AWS_ROLE_SESSION_NAME");
  if (session.empty()) session = "holdfast";
  std::string endpoint = variable("AWS_ENDPOINT_URL_STS");
  if (endpoint.empty()) {
    std::string region = options_.region.empty() ? configured_region() : options_.region;
    if (region.empty()) region = "us-east-1";
    endpoint = "https://sts." + region + "." + std::string(aws_domain(region));
  }
  std::string token_text(base::as_text(token));
  while (!token_text.empty() && (token_text.back() == '\n' || token_text.back() == '\r')) {
    token_text.pop_back();
  }
  // In the body, not the URL: it is a secret.
  const std::string form = canonical_query({{"Action", "AssumeRoleWithWebIdentity"},
                                            {"Version", "2011-06-15"},
                                            {"RoleArn", role},
                                            {"RoleSessionName", session},
                                            {"WebIdentityToken", token_text}});
  HttpRequest request;
  request.method = "POST";
  request.url = endpoint + "/";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = base::as_bytes(form);
  const HttpResponse answer = TRY_CONTEXT(http_.perform(request), "token service");
  if (!answer.is_success()) {
    return refused("the token service", answer)
        .with_context("web identity of role " + base::printable(role));
  }
  S3Credentials found = TRY(parse_token_service_answer(text_of(answer)));
  found.origin = "a web identity";
  return std::optional(std::move(found));
}

base::Result<std::optional<S3Credentials>> S3CredentialsSource::from_container() {
  std::string url = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (const auto relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); !relative.empty()) {
    url = "http://169.254.170.2" + relative;
  }
  if (url.empty()) return std::optional<S3Credentials>();
  HttpRequest request;
  request.url = url;
  request.proxy = HttpRequest::Proxy::none;  // only this machine can ask, and the answer is secret
  std::string token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const auto file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
    token = std::string(base::as_text(TRY(io::read_file(file, file_size_max))));
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  }
  if (!token.empty()) request.headers.push_back({"Authorization", token});
  request.total_timeout = base::seconds(10);
  const HttpResponse answer = TRY_CONTEXT(http_.perform(request), "container credentials");
  if (!answer.is_success()) return refused("the container's credentials endpoint", answer);
  S3Credentials found = TRY(parse_metadata_credentials(text_of(answer)));
  found.origin = "the container";
  return std::optional(std::move(found));
}

// Version 2 of the instance metadata service: a token first, then the role's name, then its keys.
base::Result<std::optional<S3Credentials>> S3CredentialsSource::from_instance() {
  if (variable("AWS_EC2_METADATA_DISABLED") == "true") return std::optional<S3Credentials>();
  std::string endpoint = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  while (endpoint.ends_with('/')) endpoint.pop_back();
  if (endpoint.empty()) endpoint = "http://169.254.169.254";
  HttpRequest request;
  request.method = "PUT";
  request.url = endpoint + "/latest/api/token";
  request.proxy = HttpRequest::Proxy::none;
  request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}};
  request.total_timeout = base::seconds(2);
  const auto token = http_.perform(request);
  // Nobody there, or nobody who knows this request: this is no such instance.
  if (!token.ok()) return std::optional<S3Credentials>();
  if (!token.value().is_success()) {
    Error error = refused("the instance metadata service", token.value());
    if (error.code() == ErrorCode::unavailable) return error;
    return std::optional<S3Credentials>();
  }
  request.method = "GET";
  request.total_timeout = base::seconds(10);
  request.headers = {{"X-aws-ec2-metadata-token", text_of(token.value())}};
  const std::string roles = "/latest/meta-data/iam/security-credentials/";
  request.url = endpoint + roles;
  const HttpResponse role = TRY_CONTEXT(http_.perform(request), "instance metadata");
  if (role.status == 404) return std::optional<S3Credentials>();
  if (!role.is_success()) return refused("the instance metadata service", role);
  const std::string names = text_of(role);
  request.url = endpoint + roles + uri_encode(names.substr(0, names.find('\n')), Slash::escape);
  const HttpResponse answer = TRY_CONTEXT(http_.perform(request), "instance metadata");
  if (!answer.is_success()) return refused("the instance metadata service", answer);
  S3Credentials found = TRY(parse_metadata_credentials(text_of(answer)));
  found.origin = "the instance's role";
  return std::optional(std::move(found));
}

}  // namespace holdfast::wire
