// Signature Version 4 against the examples that AWS publishes ("Authenticating Requests:
// Using the Authorization Header", Amazon S3 API reference).
#include "wire/sigv4.hpp"

#include <gtest/gtest.h>

namespace holdfast::wire {

namespace {

constexpr std::string_view access_key = "AKIAIOSFODNN7EXAMPLE";
constexpr std::string_view secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr std::string_view nothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

SigningScope scope() {
  return {.region = "us-east-1", .at = base::parse_utc("2013-05-24T00:00:00Z").value()};
}

std::string signature_of(const SignedRequest& request) {
  const std::string header =
      authorization(request, scope(), access_key, base::as_bytes(secret_key));
  return header.substr(header.rfind('=') + 1);
}

SignedRequest request(std::string method, std::string path) {
  SignedRequest one;
  one.method = std::move(method);
  one.path = std::move(path);
  one.headers = {{"host", "examplebucket.s3.amazonaws.com"},
                 {"x-amz-date", "20130524T000000Z"},
                 {"x-amz-content-sha256", std::string(nothing)}};
  one.payload_hash = nothing;
  return one;
}

TEST(SignatureV4, GetObject) {
  SignedRequest get = request("GET", "/test.txt");
  get.headers.emplace_back("range", "bytes=0-9");
  EXPECT_EQ(signature_of(get), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(authorization(get, scope(), access_key, base::as_bytes(secret_key)),
            "AWS4-HMAC-SHA256 "
            "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature="
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SignatureV4, PutObject) {
  SignedRequest put = request("PUT", "/test%24file.text");
  put.payload_hash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
  put.headers[2].second = put.payload_hash;
  put.headers.emplace_back("date", "Fri, 24 May 2013 00:00:00 GMT");
  put.headers.emplace_back("x-amz-storage-class", "REDUCED_REDUNDANCY");
  EXPECT_EQ(signature_of(put), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(SignatureV4, BucketLifecycle) {
  SignedRequest get = request("GET", "/");
  get.query = {{"lifecycle", ""}};
  EXPECT_EQ(signature_of(get), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(SignatureV4, ListObjects) {
  SignedRequest get = request("GET", "/");
  get.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(signature_of(get), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SignatureV4, CanonicalForm) {
  SignedRequest get = request("GET", "/");
  get.headers = {{"host", "h"}, {"x-b", "  a   b  "}, {"x-a", "1"}, {"x-a", "2"}};
  get.query = {{"b", "2 &"}, {"a", "\xc3\xa4"}, {"a", "/"}};
  EXPECT_EQ(canonical_request(get),
            "GET\n/\na=%2F&a=%C3%A4&b=2%20%26\nhost:h\nx-a:1,2\nx-b:a b\n\nhost;x-a;x-b\n" +
                std::string(nothing));
}

TEST(SignatureV4, Encoding) {
  EXPECT_EQ(uri_encode("az AZ/09-_.~+*", Slash::keep), "az%20AZ/09-_.~%2B%2A");
  EXPECT_EQ(uri_encode("a/b", Slash::escape), "a%2Fb");
  EXPECT_EQ(amazon_time(base::parse_utc("2026-11-21T07:06:40Z").value()), "20261121T070640Z");
}

TEST(SignatureV4, EveryPartCounts) {
  const std::string usual = signature_of(request("GET", "/a"));
  EXPECT_NE(usual, signature_of(request("PUT", "/a")));
  EXPECT_NE(usual, signature_of(request("GET", "/b")));
  SignedRequest other = request("GET", "/a");
  other.payload_hash = unsigned_payload;
  EXPECT_NE(usual, signature_of(other));
  const std::string header = authorization(request("GET", "/a"), {.region = "eu", .at = scope().at},
                                           access_key, base::as_bytes(secret_key));
  EXPECT_EQ(header.find(usual), std::string::npos);
}

}  // namespace

}  // namespace holdfast::wire
