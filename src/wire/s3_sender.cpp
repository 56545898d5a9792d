// Signing and sending. A body is in the signature where it is small and the line is plain http;
// elsewhere TLS protects it, or, for the bulk over plain http, only the signed CRC-32C does:
// hashing it once more would cost a core per 1.8 GB/s here and at the server, and what we store
// authenticates itself when it is read.
#include "s3_sender.hpp"

#include <array>

#include "aws_domain.hpp"
#include "base64.hpp"
#include "codec/crc32c.hpp"
#include "codec/hash.hpp"
#include "http_date.hpp"
#include "md5.hpp"
#include "s3_answers.hpp"
#include "wire/sigv4.hpp"

namespace holdfast::wire {

namespace {

constexpr std::size_t signed_body_max = 64 * base::KiB;
constexpr base::Duration tidy_timeout = base::seconds(2);

bool is_expired(const S3ErrorAnswer& told) {
  return told.code == "ExpiredToken" || told.code == "TokenRefreshRequired" ||
         told.code == "ExpiredTokenException";
}

// The Host header that libcurl sends: without the scheme's own port.
std::string without_default_port(std::string host, const std::string& scheme) {
  const std::string port = scheme == "https://" ? ":443" : ":80";
  if (host.ends_with(port)) host.resize(host.size() - port.size());
  return host;
}

}  // namespace

S3Client::Sender::Sender(HttpClient& http, S3CredentialsSource& credentials,
                         const base::Clock& clock, S3Options options)
    : http_(http),
      credentials_(credentials),
      clock_(clock),
      options_(std::move(options)),
      region_(options_.region) {
  scheme_ = options_.endpoint.starts_with("http://") ? "http://" : "https://";
  server_ = options_.endpoint.empty() ? "s3.amazonaws.com"
                                      : without_default_port(server_of(options_.endpoint), scheme_);
  if (options_.encryption.kind == S3Encryption::Kind::customer) {
    const base::ByteView key = options_.encryption.customer_key.view();
    customer_key_ = to_base64(key);
    customer_key_md5_ = to_base64(md5(key));
  }
}

std::string S3Client::Sender::region() const {
  const std::lock_guard lock(mutex_);
  return region_;
}

std::string S3Client::Sender::host_in(const std::string& region) const {
  std::string host = server_;
  if (options_.endpoint.empty()) {
    host = "s3." + region + "." + std::string(aws_domain(region));
  }
  return options_.style == S3Options::Style::virtual_host ? options_.bucket + "." + host : host;
}

S3Question S3Client::Sender::question_of(const S3Call& call) const {
  return {.operation = call.operation,
          .permission = call.permission,
          .key = call.key,
          .bucket = options_.bucket,
          .server = server_,
          .region = region(),
          .asked_at = clock_.now()};
}

base::Error S3Client::Sender::error_of(const S3Call& call, const HttpResponse& answer) const {
  return error_of_answer(question_of(call), answer);
}

base::Time S3Client::Sender::time_of(const HttpResponse& answer) const {
  return parse_http_date(answer.header("date")).value_or(clock_.now());
}

base::Result<HttpResponse> S3Client::Sender::send_once(const S3Call& call,
                                                       const std::string& region,
                                                       const S3Credentials& credentials) {
  const std::string host = host_in(region);
  SignedRequest to_sign;
  to_sign.method = call.method;
  to_sign.path = "/";
  if (options_.style == S3Options::Style::path) to_sign.path += options_.bucket + "/";
  to_sign.path += uri_encode(call.key, Slash::keep);
  if (call.key.empty() && to_sign.path.size() > 1) to_sign.path.pop_back();
  to_sign.query = call.query;
  const bool is_unsigned = scheme_ == "https://" || call.body.size() > signed_body_max;
  to_sign.payload_hash =
      is_unsigned ? std::string(unsigned_payload) : base::to_hex(codec::sha256(call.body));
  const SigningScope scope{.region = region, .at = clock_.now()};
  to_sign.headers = call.headers;
  to_sign.headers.emplace_back("host", host);
  to_sign.headers.emplace_back("x-amz-date", amazon_time(scope.at));
  to_sign.headers.emplace_back("x-amz-content-sha256", to_sign.payload_hash);
  if (!credentials.session_token.empty()) {
    to_sign.headers.emplace_back("x-amz-security-token", credentials.session_token);
  }
  HttpRequest request;
  request.method = call.method;
  request.url = scheme_ + host + to_sign.path;
  const std::string query = canonical_query(call.query);
  if (!query.empty()) request.url += "?" + query;
  for (const auto& [name, value] : to_sign.headers) {
    if (name != "host") request.headers.push_back({name, value});
  }
  request.headers.push_back({"authorization", authorization(to_sign, scope, credentials.access_key,
                                                            credentials.secret_key.view())});
  request.body = call.body;
  request.into = call.into;
  request.body_size_max = call.body_size_max;
  request.stall_timeout = call.stall_timeout;
  // What is asked after the stop is tidying up, which an outage must not hold up.
  if (options_.stop.stop_requested()) {
    request.total_timeout = tidy_timeout;
  } else {
    request.stop = options_.stop;
  }
  return http_.perform(request);
}

// Whether another attempt in another region makes sense.
bool S3Client::Sender::follow(const HttpResponse& answer, const std::string& used) {
  if (answer.status != 301 && answer.status != 307 && answer.status != 400 &&
      answer.status != 403) {
    return false;
  }
  std::string told(answer.header("x-amz-bucket-region"));
  if (told.empty()) told = parse_error(base::as_text(answer.body)).region;
  const bool is_name =
      !told.empty() && told.size() <= 64 &&
      told.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (!is_name || told == used) return false;
  const std::lock_guard lock(mutex_);
  region_ = told;
  return true;
}

base::Result<HttpResponse> S3Client::Sender::send(const S3Call& call) {
  bool followed = false;
  bool renewed = false;
  for (;;) {
    const std::string used = region();
    const auto credentials = TRY(credentials_.current());
    auto answer = send_once(call, used, *credentials);
    if (!answer.ok()) {
      return std::move(answer).error().with_context(std::string(call.operation) + " in bucket " +
                                                    options_.bucket);
    }
    if (answer.value().is_success()) return answer;
    if (!followed && follow(answer.value(), used)) {
      followed = true;
      continue;
    }
    if (!renewed && is_expired(parse_error(base::as_text(answer.value().body)))) {
      renewed = true;
      credentials_.discard(credentials);
      continue;
    }
    return answer;
  }
}

base::Result<HttpResponse> S3Client::Sender::expect_success(const S3Call& call) {
  HttpResponse answer = TRY(send(call));
  if (!answer.is_success()) return error_of(call, answer);
  return answer;
}

std::string S3Client::Sender::checksum_of(base::ByteView body) {
  const std::uint32_t crc = codec::crc32c(body);
  const std::array<base::Byte, 4> big_endian = {
      static_cast<base::Byte>(crc >> 24), static_cast<base::Byte>(crc >> 16),
      static_cast<base::Byte>(crc >> 8), static_cast<base::Byte>(crc)};
  return to_base64(big_endian);
}

void S3Client::Sender::add_checksum(S3Call& call) {
  call.headers.emplace_back("x-amz-sdk-checksum-algorithm", "CRC32C");
  call.headers.emplace_back("x-amz-checksum-crc32c", checksum_of(call.body));
}

void S3Client::Sender::add_md5(S3Call& call) {
  call.headers.emplace_back("content-md5", to_base64(md5(call.body)));
}

void S3Client::Sender::add_object_headers(S3Call& call, const S3PutOptions& options) const {
  if (!options_.storage_class.empty()) {
    call.headers.emplace_back("x-amz-storage-class", options_.storage_class);
  }
  if (options.lock) {
    call.headers.emplace_back("x-amz-object-lock-mode",
                              std::string(lock_mode_name(options.lock->mode)));
    call.headers.emplace_back("x-amz-object-lock-retain-until-date",
                              base::format_utc(options.lock->until));
  }
  const S3Encryption& encryption = options_.encryption;
  if (encryption.kind == S3Encryption::Kind::s3) {
    call.headers.emplace_back("x-amz-server-side-encryption", "AES256");
  } else if (encryption.kind == S3Encryption::Kind::kms) {
    call.headers.emplace_back("x-amz-server-side-encryption", "aws:kms");
    if (!encryption.kms_key.empty()) {
      call.headers.emplace_back("x-amz-server-side-encryption-aws-kms-key-id", encryption.kms_key);
    }
  }
  add_customer_key(call);
}

void S3Client::Sender::add_customer_key(S3Call& call) const {
  if (customer_key_.empty()) return;
  constexpr std::string_view prefix = "x-amz-server-side-encryption-customer-";
  call.headers.emplace_back(std::string(prefix) + "algorithm", "AES256");
  call.headers.emplace_back(std::string(prefix) + "key", customer_key_);
  call.headers.emplace_back(std::string(prefix) + "key-md5", customer_key_md5_);
}

}  // namespace holdfast::wire
