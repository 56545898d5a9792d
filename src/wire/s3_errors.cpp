// One table of S3's error codes; a status decides where there is no code (HEAD has no body).
#include "s3_errors.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.hpp"
#include "base/units.hpp"
#include "http_date.hpp"
#include "s3_answers.hpp"

namespace holdfast::wire {

namespace {

using base::Error;
using base::ErrorCode;
using base::Retry;

struct Meaning {
  std::string_view code;
  ErrorCode error;
  Retry retry = Retry::never;
  std::string_view hint = {};
};

constexpr std::array meanings = {
    Meaning{"NoSuchKey", ErrorCode::not_found},
    Meaning{"NoSuchVersion", ErrorCode::not_found},
    Meaning{"NoSuchUpload", ErrorCode::not_found},
    Meaning{"NoSuchBucket", ErrorCode::unavailable, Retry::never,
            "make the bucket, or correct its name or the endpoint"},
    Meaning{"PreconditionFailed", ErrorCode::already_exists},
    Meaning{"ConditionalRequestConflict", ErrorCode::unavailable, Retry::may_help},
    Meaning{"OperationAborted", ErrorCode::unavailable, Retry::may_help},
    Meaning{"SlowDown", ErrorCode::unavailable, Retry::may_help},
    Meaning{"SlowDownRead", ErrorCode::unavailable, Retry::may_help},
    Meaning{"SlowDownWrite", ErrorCode::unavailable, Retry::may_help},
    Meaning{"ServiceUnavailable", ErrorCode::unavailable, Retry::may_help},
    Meaning{"InternalError", ErrorCode::unavailable, Retry::may_help},
    Meaning{"RequestTimeout", ErrorCode::unavailable, Retry::may_help},
    Meaning{"XMinioServerNotInitialized", ErrorCode::unavailable, Retry::may_help},
    Meaning{"BadDigest", ErrorCode::unavailable, Retry::may_help,
            "the bytes were changed on their way to the server"},
    Meaning{"XAmzContentChecksumMismatch", ErrorCode::unavailable, Retry::may_help,
            "the bytes were changed on their way to the server"},
    Meaning{"XAmzContentSHA256Mismatch", ErrorCode::unavailable, Retry::may_help,
            "the bytes were changed on their way to the server"},
    Meaning{"IncompleteBody", ErrorCode::unavailable, Retry::may_help},
    Meaning{"InvalidAccessKeyId", ErrorCode::permission_denied, Retry::never,
            "the server does not know this access key: is it another server's, or deleted?"},
    Meaning{"XAdminUserNotFound", ErrorCode::permission_denied, Retry::never,
            "the server does not know this access key: is it another server's, or deleted?"},
    Meaning{"SignatureDoesNotMatch", ErrorCode::permission_denied, Retry::never,
            "the secret key is wrong for this access key"},
    Meaning{"InvalidToken", ErrorCode::permission_denied, Retry::never,
            "the session token is wrong; unset AWS_SESSION_TOKEN for lasting keys"},
    Meaning{"ExpiredToken", ErrorCode::permission_denied, Retry::never,
            "the credentials have expired; get new ones"},
    Meaning{"AccountProblem", ErrorCode::permission_denied, Retry::never, "ask the provider"},
    Meaning{"QuotaExceeded", ErrorCode::no_space, Retry::never, "raise the bucket's quota"},
    Meaning{"XMinioAdminBucketQuotaExceeded", ErrorCode::no_space, Retry::never,
            "raise the bucket's quota"},
    Meaning{"XMinioStorageFull", ErrorCode::no_space, Retry::never,
            "the server's disks are full: add space"},
    Meaning{"MissingContentMD5", ErrorCode::unsupported, Retry::never,
            "the server wants an MD5 and takes no CRC-32C instead: look for an update of it"},
    Meaning{"NotImplemented", ErrorCode::unsupported, Retry::never,
            "the server does not know this request of S3"},
    Meaning{"InvalidStorageClass", ErrorCode::invalid_argument, Retry::never,
            "correct storage-class in the URL"},
    Meaning{"InvalidBucketName", ErrorCode::invalid_argument, Retry::never,
            "correct the bucket's name in the URL"},
    Meaning{"ObjectLockConfigurationNotFoundError", ErrorCode::unsupported, Retry::never,
            "the bucket has no object lock; it can only be chosen when a bucket is made"},
    Meaning{"InvalidBucketState", ErrorCode::unsupported, Retry::never,
            "the bucket has no object lock; it can only be chosen when a bucket is made"},
};

std::string subject(const S3Question& question, std::string_view code, std::string_view message,
                    std::string_view request_id) {
  std::string text = std::string(question.operation);
  if (!question.key.empty()) text += " '" + base::printable(question.key) + "'";
  text += " in bucket " + base::printable(question.bucket) + " at " + std::string(question.server) +
          ": " + base::printable(code);
  if (!message.empty()) text += ": " + base::printable(message.substr(0, 300));
  if (!request_id.empty()) text += " (request " + base::printable(request_id.substr(0, 100)) + ")";
  return text;
}

Error wrong_clock(const S3Question& question, std::string text, const HttpResponse* answer) {
  std::string hint = "set this machine's clock (NTP)";
  const auto theirs = answer == nullptr ? std::nullopt : parse_http_date(answer->header("date"));
  if (theirs) {
    base::Duration ahead = question.asked_at - *theirs;
    const bool is_behind = ahead.nanoseconds < 0;
    if (is_behind) ahead.nanoseconds = -ahead.nanoseconds;
    hint = "this machine's clock is " + base::format_duration(ahead) +
           (is_behind ? " behind" : " ahead of") + " the server's: " + hint;
  }
  return Error(ErrorCode::permission_denied, std::move(text)).with_hint(std::move(hint));
}

Error by_status(const S3Question& question, int status, std::string text) {
  // Absence is what S3 calls so. A 404 of anybody else is a door that leads nowhere.
  if (status == 404) {
    return Error(ErrorCode::unavailable, std::move(text))
        .with_hint("is there an S3 server at the endpoint, and no proxy that answers for it?")
        .with_retry(Retry::may_help);
  }
  if (status == 409 || status == 429 || status == 408 || (status >= 500 && status != 501)) {
    if (status == 507) return {ErrorCode::no_space, std::move(text)};
    return Error(ErrorCode::unavailable, std::move(text)).with_retry(Retry::may_help);
  }
  if (status == 412) return {ErrorCode::already_exists, std::move(text)};
  if (status == 501) return {ErrorCode::unsupported, std::move(text)};
  if (status == 401 || status == 403) {
    return Error(ErrorCode::permission_denied, std::move(text))
        .with_hint("the credentials need the permission " + std::string(question.permission));
  }
  if (status == 301 || status == 307 || status == 400) {
    return Error(ErrorCode::invalid_argument, std::move(text))
        .with_hint("is the region right? the request was for " + question.region +
                   "; give ?region=NAME in the URL");
  }
  return {ErrorCode::io, std::move(text)};
}

Error meaning_of(const S3Question& question, std::string_view code, std::string_view message,
                 std::string text, int status, const HttpResponse* answer) {
  if (code == "RequestTimeTooSkewed") return wrong_clock(question, std::move(text), answer);
  if (code == "AuthorizationHeaderMalformed") {
    return Error(ErrorCode::permission_denied, std::move(text))
        .with_hint("the request was signed for region " + question.region +
                   "; give the server's with ?region=NAME in the URL");
  }
  if (code == "AccessDenied" || code == "AllAccessDisabled") {
    std::string hint = "the credentials need the permission " + std::string(question.permission);
    if (message.find("kms") != std::string_view::npos) {
      hint += ", and kms:GenerateDataKey and kms:Decrypt on the key";
    }
    return Error(ErrorCode::permission_denied, std::move(text)).with_hint(std::move(hint));
  }
  if (code == "InvalidRequest" && message.find("ncryption") != std::string_view::npos) {
    return Error(ErrorCode::permission_denied, std::move(text))
        .with_hint(
            "it was stored under a customer's key: give sse=customer&sse-key-file=FILE in the URL");
  }
  const auto known = std::find_if(meanings.begin(), meanings.end(),
                                  [&](const Meaning& one) { return one.code == code; });
  if (known == meanings.end()) return by_status(question, status, std::move(text));
  Error error(known->error, std::move(text));
  error = std::move(error).with_retry(known->retry);
  return known->hint.empty() ? error : std::move(error).with_hint(std::string(known->hint));
}

}  // namespace

Error error_of_answer(const S3Question& question, const HttpResponse& answer) {
  S3ErrorAnswer told = parse_error(base::as_text(answer.body));
  if (told.request_id.empty()) told.request_id = answer.header("x-amz-request-id");
  const std::string code =
      told.code.empty() ? "HTTP status " + std::to_string(answer.status) : told.code;
  return meaning_of(question, told.code, told.message,
                    subject(question, code, told.message, told.request_id), answer.status, &answer);
}

Error error_of_code(const S3Question& question, std::string_view code, std::string_view message,
                    std::string_view request_id) {
  return meaning_of(question, code, message, subject(question, code, message, request_id), 0,
                    nullptr);
}

}  // namespace holdfast::wire
