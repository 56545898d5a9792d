// AWS Signature Version 4: turns a request into the header that proves who sent it. Pure: no clock,
// no network. (AWS Identity and Access Management user guide, "Create a signed AWS API request".)
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace holdfast::wire {

// The body's place in the signature where something else vouches for the body.
constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

struct SigningScope {
  std::string region;
  std::string service = "s3";
  base::Time at;
};

struct SignedRequest {
  std::string method;
  std::string path;                                        // percent-encoded once, begins with '/'
  std::vector<std::pair<std::string, std::string>> query;  // decoded; any order
  // What is signed: lower-case names, any order; "host" is among them.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string payload_hash;  // SHA-256 of the body in hexadecimal, or unsigned_payload
};

// Percent-encoding as the signature wants it: all but A-Z a-z 0-9 - _ . ~ is escaped.
enum class Slash { keep, escape };
[[nodiscard]] std::string uri_encode(std::string_view text, Slash slash);
// "a=b&c=d", sorted and encoded: what is signed, and what goes into the URL.
[[nodiscard]] std::string canonical_query(
    const std::vector<std::pair<std::string, std::string>>& query);
[[nodiscard]] std::string canonical_request(const SignedRequest& request);
// "20130524T000000Z": the value of x-amz-date, which must be among the headers.
[[nodiscard]] std::string amazon_time(base::Time at);
// The value of the Authorization header.
[[nodiscard]] std::string authorization(const SignedRequest& request, const SigningScope& scope,
                                        std::string_view access_key, base::ByteView secret_key);

}  // namespace holdfast::wire
