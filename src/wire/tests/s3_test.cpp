// The S3 client against a scripted server: what it asks, and what it makes of every answer.
#include "wire/s3.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "base64.hpp"
#include "md5.hpp"
#include "support/scripted_server.hpp"

namespace holdfast::wire {

namespace {

using base::ErrorCode;
using Then = ScriptedAnswer::Then;

constexpr std::string_view date = "Date: Sat, 21 Nov 2026 08:00:00 GMT\r\n";

class FixedClock final : public base::Clock {
 public:
  [[nodiscard]] base::Time now() const override {
    return base::parse_utc("2026-11-21T08:00:00Z").value() + ahead;
  }
  [[nodiscard]] base::Duration monotonic() const override { return {}; }
  base::Duration ahead;
};

std::string error_xml(const std::string& code, const std::string& more = {}) {
  return "<?xml version=\"1.0\"?><Error><Code>" + code +
         "</Code><Message>told so</Message><RequestId>R1</RequestId>" + more + "</Error>";
}

// A server that gives the same answer to all, or what a script says.
class World {
 public:
  explicit World(ScriptedServer::Script script, S3Options options = {})
      : server_(std::move(script)) {
    options.bucket = "bucket";
    options.endpoint = server_.url();
    client_ = std::make_unique<S3Client>(http_, credentials_, clock, std::move(options));
  }
  explicit World(const std::string& answer)
      : World([answer](const ReceivedRequest&) { return ScriptedAnswer{answer}; }) {}

  S3Client& client() { return *client_; }
  ScriptedServer& server() { return server_; }
  ReceivedRequest last() { return server_.received().back(); }

  FixedClock clock;

 private:
  ScriptedServer server_;
  io::ThreadExecutor executor_;
  HttpClient http_{executor_, {.proxy = "", .stall_timeout = base::seconds(2)}};
  S3CredentialsSource credentials_{
      http_,
      executor_,
      clock,
      {.environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "AWS_ACCESS_KEY_ID") return "AKID";
        if (name == "AWS_SECRET_ACCESS_KEY") return "hunter2";
        return std::nullopt;
      }}};
  std::unique_ptr<S3Client> client_;
};

template <typename T>
base::Error failure_of(const base::Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? base::Error(ErrorCode::internal, "it worked") : result.error();
}

TEST(S3Client, PutCarriesConditionChecksumAndSignature) {
  World world(http_answer("200 OK", "", "x-amz-version-id: v1\r\n" + std::string(date)));
  const auto stored = world.client().put("p/key ü", base::as_bytes("123456789"), {});
  ASSERT_TRUE(stored.ok()) << stored.error().to_string();
  EXPECT_EQ(stored.value().version, "v1");
  EXPECT_EQ(stored.value().server_time, world.clock.now());
  const ReceivedRequest put = world.last();
  EXPECT_EQ(put.line(), "PUT /bucket/p/key%20%C3%BC HTTP/1.1");
  EXPECT_EQ(put.header("if-none-match"), "*");
  EXPECT_EQ(put.header("x-amz-checksum-crc32c"), "4waSgw==");  // the check value of RFC 3720
  EXPECT_TRUE(
      put.header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKID/20261121/"));
  EXPECT_EQ(put.header("x-amz-content-sha256").size(), 64U) << "small bodies are signed over http";
  EXPECT_EQ(put.body, "123456789");
  EXPECT_EQ(put.head.find("hunter2"), std::string::npos);
  ASSERT_TRUE(world.client().put("big", base::Bytes(100'000), {}).ok());
  EXPECT_EQ(world.last().header("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
}

TEST(S3Client, PutCarriesLockEncryptionAndClass) {
  S3Options options;
  options.storage_class = "STANDARD_IA";
  options.encryption.kind = S3Encryption::Kind::kms;
  options.encryption.kms_key = "key-1";
  World world([](const ReceivedRequest&) { return ScriptedAnswer{http_answer("200 OK", "")}; },
              std::move(options));
  S3PutOptions put;
  put.lock = S3Lock{.mode = S3Lock::Mode::governance, .until = world.clock.now()};
  ASSERT_TRUE(world.client().put("k", base::as_bytes("x"), put).ok());
  EXPECT_EQ(world.last().header("x-amz-object-lock-mode"), "GOVERNANCE");
  EXPECT_EQ(world.last().header("x-amz-object-lock-retain-until-date"), "2026-11-21T08:00:00Z");
  EXPECT_EQ(world.last().header("x-amz-server-side-encryption"), "aws:kms");
  EXPECT_EQ(world.last().header("x-amz-server-side-encryption-aws-kms-key-id"), "key-1");
  EXPECT_EQ(world.last().header("x-amz-storage-class"), "STANDARD_IA");
}

TEST(S3Client, MultipartCarriesEncryptionAndClassWhereItBegins) {
  S3Options options;
  options.storage_class = "STANDARD_IA";
  options.encryption.kind = S3Encryption::Kind::s3;
  World world(
      [](const ReceivedRequest&) {
        return ScriptedAnswer{http_answer(
            "200 OK",
            "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
            "ETag: \"e\"\r\n")};
      },
      std::move(options));
  const auto upload = world.client().create_multipart("k", {});
  ASSERT_TRUE(upload.ok()) << upload.error().to_string();
  EXPECT_EQ(world.last().header("x-amz-server-side-encryption"), "AES256");
  EXPECT_EQ(world.last().header("x-amz-server-side-encryption-aws-kms-key-id"), "");
  EXPECT_EQ(world.last().header("x-amz-storage-class"), "STANDARD_IA");
  ASSERT_TRUE(world.client().upload_part("k", upload.value(), 1, base::as_bytes("x")).ok());
  EXPECT_EQ(world.last().header("x-amz-server-side-encryption"), "") << "parts are no place for it";
  EXPECT_EQ(world.last().header("x-amz-storage-class"), "");
}

TEST(S3Client, CustomersKeyComesWithReadsAndWrites) {
  S3Options options;
  options.encryption.kind = S3Encryption::Kind::customer;
  options.encryption.customer_key = base::SecretBytes(base::as_bytes(std::string(32, 'k')));
  World world([](const ReceivedRequest&) { return ScriptedAnswer{http_answer("200 OK", "")}; },
              std::move(options));
  ASSERT_TRUE(world.client().put("k", base::as_bytes("x"), {}).ok());
  const std::string prefix = "x-amz-server-side-encryption-customer-";
  EXPECT_EQ(world.last().header(prefix + "algorithm"), "AES256");
  EXPECT_EQ(world.last().header(prefix + "key"), "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=");
  EXPECT_EQ(world.last().header(prefix + "key-md5").size(), 24U);
  ASSERT_TRUE(world.client().get("k", 10, "").ok());
  EXPECT_EQ(world.last().header(prefix + "algorithm"), "AES256");
}

struct Refusal {
  std::string status;
  std::string code;
  ErrorCode expected;
  base::Retry retry;
  std::string hint;
};

TEST(S3Client, EveryRefusalHasItsMeaning) {
  const auto never = base::Retry::never;
  const auto may_help = base::Retry::may_help;
  const std::vector<Refusal> refusals = {
      {"404 Not Found", "NoSuchKey", ErrorCode::not_found, never, ""},
      {"404 Not Found", "", ErrorCode::unavailable, may_help, "proxy"},
      {"404 Not Found", "NoSuchBucket", ErrorCode::unavailable, never, "make the bucket"},
      {"412 Precondition Failed", "PreconditionFailed", ErrorCode::already_exists, never, ""},
      {"409 Conflict", "ConditionalRequestConflict", ErrorCode::unavailable, may_help, ""},
      {"503 Slow Down", "SlowDown", ErrorCode::unavailable, may_help, ""},
      {"500 Internal", "InternalError", ErrorCode::unavailable, may_help, ""},
      {"502 Bad Gateway", "", ErrorCode::unavailable, may_help, ""},
      {"429 Too Many", "", ErrorCode::unavailable, may_help, ""},
      {"400 Bad Request", "BadDigest", ErrorCode::unavailable, may_help, "changed"},
      {"403 Forbidden", "AccessDenied", ErrorCode::permission_denied, never, "s3:PutObject"},
      {"403 Forbidden", "", ErrorCode::permission_denied, never, "s3:PutObject"},
      {"403 Forbidden", "InvalidAccessKeyId", ErrorCode::permission_denied, never, "access key"},
      {"403 Forbidden", "SignatureDoesNotMatch", ErrorCode::permission_denied, never, "secret"},
      {"507 Insufficient", "XMinioStorageFull", ErrorCode::no_space, never, "space"},
      {"501 Not Implemented", "NotImplemented", ErrorCode::unsupported, never, ""},
      {"400 Bad Request", "MissingContentMD5", ErrorCode::unsupported, never, "update"},
      {"400 Bad Request", "InvalidStorageClass", ErrorCode::invalid_argument, never, "storage"},
      {"418 Teapot", "", ErrorCode::io, never, ""}};
  for (const Refusal& one : refusals) {
    World world(http_answer(one.status, one.code.empty() ? "" : error_xml(one.code)));
    const base::Error error = failure_of(world.client().put("the-key", base::as_bytes("x"), {}));
    EXPECT_EQ(base::error_code_name(error.code()), base::error_code_name(one.expected)) << one.code;
    EXPECT_EQ(error.retry(), one.retry) << one.status << one.code;
    EXPECT_NE(error.hint().find(one.hint), std::string::npos) << error.hint();
    EXPECT_NE(error.message().find("the-key"), std::string::npos) << error.message();
    EXPECT_NE(error.message().find("bucket"), std::string::npos) << error.message();
    EXPECT_TRUE(one.code.empty() || error.message().find("R1") != std::string::npos);
  }
}

TEST(S3Client, ASkewedClockIsNamedWithItsSkew) {
  World world(http_answer("403 Forbidden", error_xml("RequestTimeTooSkewed"), std::string(date)));
  world.clock.ahead = base::hours(-2);
  const base::Error error = failure_of(world.client().list({}));
  EXPECT_EQ(error.code(), ErrorCode::permission_denied);
  EXPECT_NE(error.hint().find("2h 00m behind the server's"), std::string::npos) << error.hint();
}

TEST(S3Client, FollowsTheRegionOnce) {
  for (const bool by_header : {false, true}) {
    World world([&](const ReceivedRequest& request) {
      if (request.header("authorization").find("/eu-central-1/") != std::string::npos) {
        return ScriptedAnswer{http_answer("200 OK", "")};
      }
      return ScriptedAnswer{
          by_header ? http_answer("301 Moved", "", "x-amz-bucket-region: eu-central-1\r\n")
                    : http_answer("400 Bad Request", error_xml("AuthorizationHeaderMalformed",
                                                               "<Region>eu-central-1</Region>"))};
    });
    EXPECT_TRUE(world.client().put("a", base::as_bytes("x"), {}).ok());
    EXPECT_TRUE(world.client().put("b", base::as_bytes("x"), {}).ok());
    EXPECT_EQ(world.server().received().size(), 3U) << "the second put knows the region";
  }
  World circles(http_answer("301 Moved", "", "x-amz-bucket-region: mars-1\r\n"));
  const base::Error error = failure_of(circles.client().put("a", base::as_bytes("x"), {}));
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_NE(error.hint().find("region"), std::string::npos);
  EXPECT_EQ(circles.server().received().size(), 2U);
}

TEST(S3Client, BrokenAnswersAreOutages) {
  const std::string half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<ListBucket";
  for (const auto& [bytes, then] : std::vector<std::pair<std::string, Then>>{
           {half, Then::close},
           {half, Then::reset},
           {"", Then::reset},
           {"", Then::close},
           {http_answer("200 OK", "<html>Log in</html>"), Then::keep},
           {http_answer("200 OK", "\x01\x02 not xml"), Then::keep},
           {http_answer("200 OK",
                        "<ListBucketResult><Contents><Key>a</Key></Contents>"
                        "</ListBucketResult>"),
            Then::keep}}) {
    World world([&](const ReceivedRequest&) { return ScriptedAnswer{bytes, then}; });
    const base::Error error = failure_of(world.client().list({}));
    EXPECT_EQ(error.code(), ErrorCode::unavailable) << error.to_string();
    EXPECT_EQ(error.retry(), base::Retry::may_help) << error.to_string();
  }
}

TEST(S3Client, ReadsExactlyTheRange) {
  World world([](const ReceivedRequest& request) {
    const bool right = request.header("range") == "bytes=5-8";
    return ScriptedAnswer{http_answer(right ? "206 Partial" : "416 Range", right ? "5678" : "",
                                      "Content-Range: bytes 5-8/10\r\n")};
  });
  base::Bytes out(4);
  ASSERT_TRUE(world.client().read("k", 5, out).ok());
  EXPECT_EQ(base::as_text(out), "5678");
  EXPECT_EQ(failure_of(world.client().read("k", 50, out)).code(), ErrorCode::damaged);
}

TEST(S3Client, WrongRangesAreNoContent) {
  base::Bytes out(4);
  // The whole object instead of a range; another range; less than asked, of an object that ends.
  World whole(http_answer("200 OK", "0123456789"));
  EXPECT_EQ(failure_of(whole.client().read("k", 5, out)).code(), ErrorCode::unavailable);
  World other(http_answer("206 Partial", "4567", "Content-Range: bytes 4-7/10\r\n"));
  EXPECT_EQ(failure_of(other.client().read("k", 5, out)).code(), ErrorCode::unavailable);
  World end(http_answer("206 Partial", "89", "Content-Range: bytes 8-9/10\r\n"));
  EXPECT_EQ(failure_of(end.client().read("k", 8, out)).code(), ErrorCode::damaged);
  World less(http_answer("206 Partial", "56", "Content-Range: bytes 5-6/10\r\n"));
  EXPECT_EQ(failure_of(less.client().read("k", 5, out)).code(), ErrorCode::unavailable);
}

TEST(S3Client, GetsWholeObjectsAndVersions) {
  World world(http_answer("200 OK", "0123456789"));
  EXPECT_EQ(base::as_text(world.client().get("k", 10, "v 1").value()), "0123456789");
  EXPECT_EQ(world.last().line(), "GET /bucket/k?versionId=v%201 HTTP/1.1");
  EXPECT_EQ(failure_of(world.client().get("k", 9, "")).code(), ErrorCode::damaged);
  World absent(http_answer("404 Not Found", error_xml("NoSuchKey")));
  EXPECT_EQ(failure_of(absent.client().get("k", 0, "")).code(), ErrorCode::not_found)
      << "the error's own text may be longer than the content";
  World marker(http_answer("405 Method Not Allowed", error_xml("MethodNotAllowed"),
                           "x-amz-delete-marker: true\r\n"));
  EXPECT_EQ(failure_of(marker.client().get("k", 9, "v")).code(), ErrorCode::not_found);
  EXPECT_EQ(failure_of(marker.client().put_retention("k", {})).code(), ErrorCode::not_found);
  EXPECT_EQ(marker.last().header("content-md5"),
            to_base64(md5(base::as_bytes(marker.last().body))));
  World invalid(http_answer("400 Bad Request", error_xml("InvalidArgument")));
  EXPECT_EQ(failure_of(invalid.client().get("k", 9, "v")).code(), ErrorCode::not_found);
  EXPECT_EQ(failure_of(invalid.client().get("k", 9, "")).code(), ErrorCode::invalid_argument);
}

TEST(S3Client, ARefusalIsNoAbsenceOfAVersion) {
  for (const auto& [status, code, expected] :
       std::vector<std::tuple<std::string, std::string, ErrorCode>>{
           {"400 Bad Request", "RequestTimeout", ErrorCode::unavailable},
           {"400 Bad Request", "ExpiredToken", ErrorCode::permission_denied},
           {"400 Bad Request", "AuthorizationHeaderMalformed", ErrorCode::permission_denied},
           {"400 Bad Request", "", ErrorCode::invalid_argument},
           {"405 Method Not Allowed", "MethodNotAllowed", ErrorCode::io},
           {"405 Method Not Allowed", "", ErrorCode::io}}) {
    World world(http_answer(status, code.empty() ? "" : error_xml(code)));
    EXPECT_EQ(base::error_code_name(failure_of(world.client().get("k", 9, "v")).code()),
              base::error_code_name(expected))
        << status << " " << code;
  }
  World method(http_answer("405 Method Not Allowed", error_xml("MethodNotAllowed")));
  EXPECT_EQ(failure_of(method.client().put_retention("k", {})).code(), ErrorCode::io);
}

TEST(S3Client, HeadTellsAMissingObjectFromAMissingBucket) {
  World object([](const ReceivedRequest& request) {
    const bool is_bucket = request.line().starts_with("HEAD /bucket HTTP");
    return ScriptedAnswer{http_answer(is_bucket ? "200 OK" : "404 Not Found", "")};
  });
  EXPECT_EQ(failure_of(object.client().head("k")).code(), ErrorCode::not_found);
  World bucket(http_answer("404 Not Found", ""));
  EXPECT_EQ(failure_of(bucket.client().head("k")).code(), ErrorCode::unavailable);
  World there(
      "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nx-amz-version-id: null\r\n"
      "Last-Modified: Sat, 21 Nov 2026 07:00:00 GMT\r\n"
      "x-amz-object-lock-mode: GOVERNANCE\r\n"
      "x-amz-object-lock-retain-until-date: 2026-12-21T07:00:00Z\r\n\r\n");
  const auto found = there.client().head("k");
  ASSERT_TRUE(found.ok()) << found.error().to_string();
  EXPECT_EQ(found.value().size, 12U);
  EXPECT_EQ(found.value().version, "");
  EXPECT_EQ(base::format_utc(found.value().modified), "2026-11-21T07:00:00Z");
  ASSERT_TRUE(found.value().lock);
  EXPECT_EQ(found.value().lock->mode, S3Lock::Mode::governance);
}

TEST(S3Client, EveryKeyOfABatchHasItsOutcome) {
  World world(http_answer("200 OK",
                          "<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key>"
                          "<Code>AccessDenied</Code><Message>locked</Message></Error>"
                          "<Error><Key>c</Key><Code>NoSuchKey</Code></Error></DeleteResult>"));
  const std::vector<std::string> keys = {"a", "b", "c", "d<&>"};
  const auto removed = world.client().remove(keys);
  ASSERT_TRUE(removed.ok()) << removed.error().to_string();
  ASSERT_EQ(removed.value().size(), 4U);
  EXPECT_FALSE(removed.value()[0]);
  ASSERT_TRUE(removed.value()[1]);
  EXPECT_EQ(removed.value()[1]->code(), ErrorCode::permission_denied);
  EXPECT_NE(removed.value()[1]->hint().find("s3:DeleteObject"), std::string::npos);
  EXPECT_FALSE(removed.value()[2]);
  ASSERT_TRUE(removed.value()[3]) << "what the answer does not mention is not known to be gone";
  EXPECT_EQ(removed.value()[3]->retry(), base::Retry::may_help);
  EXPECT_NE(world.last().body.find("d&lt;&amp;&gt;"), std::string::npos);
  EXPECT_EQ(world.last().header("content-md5"), to_base64(md5(base::as_bytes(world.last().body))))
      << "some servers delete nothing without it";
  EXPECT_FALSE(world.last().header("x-amz-checksum-crc32c").empty());
}

TEST(S3Client, EveryVersionOfABatchHasItsOutcome) {
  World world(http_answer(
      "200 OK",
      "<DeleteResult><Deleted><Key>a</Key><VersionId>1</VersionId></Deleted><Error><Key>a</Key>"
      "<VersionId>2</VersionId><Code>AccessDenied</Code></Error><Error><Key>a</Key>"
      "<VersionId>3</VersionId><Code>NoSuchVersion</Code></Error></DeleteResult>"));
  const std::vector<S3ObjectVersion> versions = {{"a", "1"}, {"a", "2"}, {"a", "3"}, {"b", "1"}};
  const auto removed = world.client().remove_versions(versions);
  ASSERT_TRUE(removed.ok()) << removed.error().to_string();
  ASSERT_EQ(removed.value().size(), 4U);
  EXPECT_FALSE(removed.value()[0]);
  ASSERT_TRUE(removed.value()[1]);
  EXPECT_EQ(removed.value()[1]->code(), ErrorCode::permission_denied);
  EXPECT_NE(removed.value()[1]->hint().find("s3:DeleteObjectVersion"), std::string::npos);
  EXPECT_FALSE(removed.value()[2]) << "absence counts as gone";
  EXPECT_TRUE(removed.value()[3]);
  EXPECT_NE(world.last().body.find("<VersionId>2</VersionId>"), std::string::npos);
  EXPECT_EQ(world.last().header("x-amz-bypass-governance-retention"), "");
  ASSERT_TRUE(world.client().remove_versions(versions, S3Bypass::yes).ok());
  EXPECT_EQ(world.last().header("x-amz-bypass-governance-retention"), "true");
}

TEST(S3Client, SetsTheDefaultLock) {
  World world(http_answer("200 OK", ""));
  ASSERT_TRUE(world.client().put_default_lock(S3Lock::Mode::governance, base::days(14)).ok());
  EXPECT_NE(world.last().body.find("<Mode>GOVERNANCE</Mode><Days>14</Days>"), std::string::npos);
}

TEST(S3Client, UploadsInParts) {
  World world([](const ReceivedRequest& request) {
    if (request.line().find("?uploads") != std::string::npos) {
      return ScriptedAnswer{
          http_answer("200 OK",
                      "<InitiateMultipartUploadResult><UploadId>u&amp;1</UploadId>"
                      "</InitiateMultipartUploadResult>")};
    }
    if (request.line().starts_with("PUT")) {
      return ScriptedAnswer{http_answer("200 OK", "", "ETag: \"e\"\r\n")};
    }
    return ScriptedAnswer{http_answer("200 OK", "<CompleteMultipartUploadResult/>")};
  });
  const auto id = world.client().create_multipart("k", {});
  ASSERT_TRUE(id.ok()) << id.error().to_string();
  EXPECT_EQ(id.value(), "u&1");
  const auto part = world.client().upload_part("k", id.value(), 3, base::as_bytes("123456789"));
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(world.last().line(), "PUT /bucket/k?partNumber=3&uploadId=u%261 HTTP/1.1");
  EXPECT_EQ(part.value().checksum, "4waSgw==");
  const std::vector<S3Part> parts = {part.value()};
  ASSERT_TRUE(world.client().complete_multipart("k", id.value(), parts, {}).ok());
  EXPECT_EQ(world.last().header("if-none-match"), "*");
  EXPECT_NE(world.last().body.find("<PartNumber>3</PartNumber>"), std::string::npos);
  EXPECT_NE(world.last().body.find("<ChecksumCRC32C>4waSgw=="), std::string::npos);
}

TEST(S3Client, ACompletionMayFailWithStatus200) {
  World world(http_answer("200 OK", error_xml("InternalError")));
  const base::Error error = failure_of(world.client().complete_multipart("k", "u", {}, {}));
  EXPECT_EQ(error.code(), ErrorCode::unavailable);
  EXPECT_EQ(error.retry(), base::Retry::may_help);
  World odd(http_answer("200 OK", ""));
  EXPECT_EQ(failure_of(odd.client().complete_multipart("k", "u", {}, {})).code(),
            ErrorCode::unavailable);
}

TEST(S3Client, ATakenKeyIsUnknownAfterASecondSending) {
  std::atomic<int> number = 0;
  World world([&](const ReceivedRequest&) {
    const int now = ++number;
    if (now == 1) return ScriptedAnswer{http_answer("200 OK", "")};
    if (now == 2) return ScriptedAnswer{"", Then::close};
    return ScriptedAnswer{http_answer("412 Precondition Failed", error_xml("PreconditionFailed"))};
  });
  ASSERT_TRUE(world.client().put("a", base::as_bytes("x"), {}).ok());
  const base::Error error = failure_of(world.client().put("b", base::as_bytes("x"), {}));
  EXPECT_EQ(error.code(), ErrorCode::unavailable) << error.to_string();
}

TEST(S3Client, ACompletionIsUnknownAfterASecondSending) {
  for (const auto& [status, code] : std::vector<std::pair<std::string, std::string>>{
           {"404 Not Found", "NoSuchUpload"},
           {"412 Precondition Failed", "PreconditionFailed"},
           {"200 OK", "NoSuchUpload"}}) {
    std::atomic<int> number = 0;
    World world([&](const ReceivedRequest&) {
      const int now = ++number;
      if (now == 1) return ScriptedAnswer{http_answer("200 OK", "")};
      if (now == 2) return ScriptedAnswer{"", Then::close};
      return ScriptedAnswer{http_answer(status, error_xml(code))};
    });
    ASSERT_TRUE(world.client().put("a", base::as_bytes("x"), {}).ok());
    const base::Error error = failure_of(world.client().complete_multipart("b", "u", {}, {}));
    EXPECT_EQ(error.code(), ErrorCode::unavailable) << error.to_string();
    EXPECT_EQ(error.retry(), base::Retry::may_help);
  }
}

TEST(S3Client, LearnsWhatTheBucketCan) {
  World world([](const ReceivedRequest& request) {
    if (request.line().find("versioning") != std::string::npos) {
      return ScriptedAnswer{http_answer(
          "200 OK", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
          std::string(date))};
    }
    return ScriptedAnswer{http_answer(
        "200 OK",
        "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>"
        "<DefaultRetention><Mode>COMPLIANCE</Mode><Days>30</Days></DefaultRetention></Rule>"
        "</ObjectLockConfiguration>")};
  });
  const auto state = world.client().bucket_state();
  ASSERT_TRUE(state.ok()) << state.error().to_string();
  EXPECT_EQ(state.value().versioned, true);
  EXPECT_EQ(state.value().lockable, true);
  EXPECT_EQ(state.value().default_lock, base::days(30));
  EXPECT_EQ(state.value().default_lock_mode, S3Lock::Mode::compliance);
  World suspended([](const ReceivedRequest& request) {
    const bool versions = request.line().find("versioning") != std::string::npos;
    return ScriptedAnswer{
        versions ? http_answer("200 OK",
                               "<VersioningConfiguration><Status>Suspended</Status>"
                               "</VersioningConfiguration>")
                 : http_answer("404 Not Found", error_xml("ObjectLockConfigurationNotFoundError"))};
  });
  EXPECT_EQ(suspended.client().bucket_state().value().versioned, true)
      << "it has the versions from before";
  World denied(http_answer("403 Forbidden", error_xml("AccessDenied")));
  const auto unknown = denied.client().bucket_state();
  ASSERT_TRUE(unknown.ok());
  EXPECT_FALSE(unknown.value().versioned);
  EXPECT_FALSE(unknown.value().lockable);
  World wrong(http_answer("403 Forbidden", error_xml("SignatureDoesNotMatch")));
  EXPECT_EQ(failure_of(wrong.client().bucket_state()).code(), ErrorCode::permission_denied);
  World none([](const ReceivedRequest& request) {
    const bool versions = request.line().find("versioning") != std::string::npos;
    return ScriptedAnswer{
        versions ? http_answer("200 OK", "<VersioningConfiguration/>")
                 : http_answer("404 Not Found", error_xml("ObjectLockConfigurationNotFoundError"))};
  });
  EXPECT_EQ(none.client().bucket_state().value().versioned, false);
  EXPECT_EQ(none.client().bucket_state().value().lockable, false);
}

TEST(S3Client, ListsKeysOfAnyBytes) {
  World world(http_answer(
      "200 OK",
      "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
      "<NextContinuationToken>t+1</NextContinuationToken><Contents><Key>p%2Fa+b%0A</Key>"
      "<LastModified>2026-11-21T07:00:00.500Z</LastModified><Size>5</Size></Contents>"
      "</ListBucketResult>"));
  const auto page =
      world.client().list({.prefix = "p/", .start_after = "p/a", .token = "t", .page_size = 7});
  ASSERT_TRUE(page.ok()) << page.error().to_string();
  ASSERT_EQ(page.value().entries.size(), 1U);
  EXPECT_EQ(page.value().entries[0].key, "p/a b\n");
  EXPECT_EQ(page.value().entries[0].size, 5U);
  EXPECT_EQ(base::format_utc(page.value().entries[0].modified), "2026-11-21T07:00:00Z");
  EXPECT_TRUE(page.value().truncated);
  EXPECT_EQ(page.value().next_token, "t+1");
  EXPECT_EQ(world.last().line(),
            "GET /bucket?continuation-token=t&encoding-type=url&list-type=2&max-keys=7&"
            "prefix=p%2F&start-after=p%2Fa HTTP/1.1");
}

}  // namespace

}  // namespace holdfast::wire
