// S3Client::Sender: puts a request of S3 together, signs it, sends it, and corrects what was a
// wrong guess: the region, and credentials that have expired.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "s3_errors.hpp"
#include "wire/s3.hpp"

namespace holdfast::wire {

using NamedValues = std::vector<std::pair<std::string, std::string>>;

struct S3Call {
  std::string_view operation;
  std::string_view permission;
  std::string method = "GET";
  std::string key;
  NamedValues query;
  NamedValues headers;  // lower-case names
  base::ByteView body;
  std::optional<base::MutableByteView> into;
  std::uint64_t body_size_max = 16 * base::MiB;
  std::optional<base::Duration> stall_timeout;
};

class S3Client::Sender {
 public:
  Sender(HttpClient& http, S3CredentialsSource& credentials, const base::Clock& clock,
         S3Options options);

  // Any answer, once region and credentials are right.
  base::Result<HttpResponse> send(const S3Call& call);
  // A 2xx answer, or what the other one means.
  base::Result<HttpResponse> expect_success(const S3Call& call);
  [[nodiscard]] base::Error error_of(const S3Call& call, const HttpResponse& answer) const;
  [[nodiscard]] S3Question question_of(const S3Call& call) const;

  // The checksum that the server compares the body with.
  static std::string checksum_of(base::ByteView body);
  static void add_checksum(S3Call& call);
  // Besides it, where S3 once demanded an MD5 and many servers still do.
  static void add_md5(S3Call& call);
  // Encryption, storage class, lock: of a put and of the beginning of an upload in parts.
  void add_object_headers(S3Call& call, const S3PutOptions& options) const;
  // A customer's key comes with every request that touches content.
  void add_customer_key(S3Call& call) const;

  [[nodiscard]] const S3Options& options() const { return options_; }
  [[nodiscard]] const std::string& server() const { return server_; }
  // When the answer was given, by the server's clock; ours if it doesn't tell.
  [[nodiscard]] base::Time time_of(const HttpResponse& answer) const;

 private:
  [[nodiscard]] std::string region() const;
  bool follow(const HttpResponse& answer, const std::string& used);
  [[nodiscard]] std::string host_in(const std::string& region) const;
  base::Result<HttpResponse> send_once(const S3Call& call, const std::string& region,
                                       const S3Credentials& credentials);

  HttpClient& http_;
  S3CredentialsSource& credentials_;
  const base::Clock& clock_;
  const S3Options options_;
  std::string scheme_;        // "https://"
  std::string server_;        // "host:port" of the endpoint; of AWS: without the region
  std::string customer_key_;  // base64
  std::string customer_key_md5_;
  mutable std::mutex mutex_;  // guards region_
  std::string region_;
};

}  // namespace holdfast::wire
