// The requests, one function each: what is asked, and what the answer means.
#include "wire/s3.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "http_date.hpp"
#include "s3_answers.hpp"
#include "s3_errors.hpp"
#include "s3_sender.hpp"

namespace holdfast::wire {

namespace {

using base::Error;
using base::ErrorCode;

// A server assembles a large object without sending a byte.
constexpr base::Duration complete_timeout = base::minutes(5);

std::string range_header(std::uint64_t offset, std::uint64_t size) {
  return "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + size - 1);
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// "bytes 0-9/1234": the object's size.
std::optional<std::uint64_t> total_of(std::string_view content_range) {
  const auto slash = content_range.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return number_of(content_range.substr(slash + 1));
}

// The name of a version, where versions are kept.
std::string version_of(const HttpResponse& answer) {
  const std::string_view version = answer.header("x-amz-version-id");
  return version == "null" ? std::string() : std::string(version);
}

// For the server's log.
std::string request_of(const HttpResponse& answer) {
  const std::string_view id = answer.header("x-amz-request-id");
  return id.empty() ? std::string() : " (request " + base::printable(id.substr(0, 100)) + ")";
}

void add_condition(S3Call& call, const S3PutOptions& options) {
  if (options.condition == S3PutOptions::Condition::always) return;
  call.headers.emplace_back("if-none-match", "*");
}

void add_version(S3Call& call, const std::string& version) {
  if (!version.empty()) call.query.emplace_back("versionId", version);
}

void add_bypass(S3Call& call, S3Bypass bypass) {
  if (bypass == S3Bypass::yes) {
    call.headers.emplace_back("x-amz-bypass-governance-retention", "true");
  }
}

Error strange_answer(const S3Call& call, const std::string& what) {
  return Error(ErrorCode::unavailable,
               std::string(call.operation) + " '" + base::printable(call.key) + "': " + what)
      .with_hint("is there an S3 server at the endpoint, and no proxy that answers for it?")
      .with_retry(base::Retry::may_help);
}

// The key leads to a delete marker. Who only refuses the method doesn't say so.
bool is_delete_marker(const HttpResponse& answer) {
  return answer.status == 405 && answer.header("x-amz-delete-marker") == "true";
}

// What was asked for is no version's name. Other requests that a server finds bad say nothing about
// what it has.
bool is_no_version(const HttpResponse& answer) {
  if (answer.status != 400) return false;
  const std::string code = parse_error(base::as_text(answer.body)).code;
  return code == "InvalidArgument" || code == "InvalidVersionId" || code == "NoSuchVersion";
}

// A delete marker has no content, and what is no version's name is none of this object's.
Error error_of_version(Error error, const S3Call& call, const HttpResponse& answer) {
  const bool names_version =
      std::any_of(call.query.begin(), call.query.end(),
                  [](const auto& pair) { return pair.first == "versionId"; });
  if (is_delete_marker(answer) || (names_version && is_no_version(answer))) {
    return {ErrorCode::not_found, error.message()};
  }
  return error;
}

// What these credentials may not ask for, others may.
bool is_denied(const HttpResponse& answer) {
  return parse_error(base::as_text(answer.body)).code == "AccessDenied";
}

// Of an answer to a second sending: the first may have been the one that took the key, or completed
// the upload. The caller must look.
Error unknown_after(const HttpResponse& answer, Error error) {
  const bool settled =
      error.code() != ErrorCode::already_exists && error.code() != ErrorCode::not_found;
  if (!answer.sent_again || settled) return error;
  return Error(ErrorCode::unavailable, error.message()).with_retry(base::Retry::may_help);
}

Error ends_early(const S3Call& call, std::uint64_t offset, std::uint64_t size) {
  return {ErrorCode::damaged, "'" + base::printable(call.key) + "' ends before the end of " +
                                  std::to_string(size) + " bytes at " + std::to_string(offset)};
}

}  // namespace

S3Client::S3Client(HttpClient& http, S3CredentialsSource& credentials, const base::Clock& clock,
                   S3Options options)
    : sender_(std::make_unique<Sender>(http, credentials, clock, std::move(options))) {}

S3Client::~S3Client() = default;

std::string S3Client::describe() const {
  return sender_->options().bucket + " at " + sender_->server();
}

base::Result<S3Stored> S3Client::put(const std::string& key, base::ByteView body,
                                     const S3PutOptions& options) {
  S3Call call{
      .operation = "put",
      .permission = options.lock ? "s3:PutObject and s3:PutObjectRetention" : "s3:PutObject",
      .method = "PUT",
      .key = key,
      .body = body};
  add_condition(call, options);
  Sender::add_checksum(call);
  sender_->add_object_headers(call, options);
  const HttpResponse answer = TRY(sender_->send(call));
  if (answer.is_success()) {
    return S3Stored{.version = version_of(answer), .server_time = sender_->time_of(answer)};
  }
  return unknown_after(answer, sender_->error_of(call, answer));
}

base::Result<std::string> S3Client::create_multipart(const std::string& key,
                                                     const S3PutOptions& options) {
  S3Call call{
      .operation = "begin the upload of",
      .permission = options.lock ? "s3:PutObject and s3:PutObjectRetention" : "s3:PutObject",
      .method = "POST",
      .key = key,
      .query = {{"uploads", ""}},
      .headers = {{"x-amz-checksum-algorithm", "CRC32C"}}};
  sender_->add_object_headers(call, options);
  const HttpResponse answer = TRY(sender_->expect_success(call));
  return parse_upload_id(base::as_text(answer.body));
}

base::Result<S3Part> S3Client::upload_part(const std::string& key, const std::string& upload,
                                           unsigned number, base::ByteView body) {
  S3Call call{.operation = "upload a part of",
              .permission = "s3:PutObject",
              .method = "PUT",
              .key = key,
              .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}},
              .body = body};
  Sender::add_checksum(call);
  sender_->add_customer_key(call);
  const HttpResponse answer = TRY(sender_->expect_success(call));
  S3Part part{.number = number,
              .etag = std::string(answer.header("etag")),
              .checksum = Sender::checksum_of(body)};
  if (part.etag.empty()) return strange_answer(call, "the answer has no ETag");
  return part;
}

base::Result<S3Stored> S3Client::complete_multipart(const std::string& key,
                                                    const std::string& upload,
                                                    std::span<const S3Part> parts,
                                                    const S3PutOptions& options) {
  const std::string body = complete_body(parts);
  S3Call call{.operation = "complete the upload of",
              .permission = "s3:PutObject",
              .method = "POST",
              .key = key,
              .query = {{"uploadId", upload}},
              .headers = {{"content-type", "application/xml"}},
              .body = base::as_bytes(body),
              .stall_timeout = complete_timeout};
  add_condition(call, options);
  sender_->add_customer_key(call);
  const HttpResponse answer = TRY(sender_->send(call));
  if (!answer.is_success()) return unknown_after(answer, sender_->error_of(call, answer));
  const std::string_view text = base::as_text(answer.body);
  if (const S3ErrorAnswer told = parse_error(text); !told.code.empty()) {
    return unknown_after(answer, error_of_code(sender_->question_of(call), told.code, told.message,
                                               told.request_id));
  }
  TRY(parse_complete(text));
  return S3Stored{.version = version_of(answer), .server_time = sender_->time_of(answer)};
}

base::Result<void> S3Client::abort_multipart(const std::string& key, const std::string& upload) {
  const S3Call call{.operation = "abort the upload of",
                    .permission = "s3:AbortMultipartUpload",
                    .method = "DELETE",
                    .key = key,
                    .query = {{"uploadId", upload}}};
  TRY(sender_->expect_success(call));
  return {};
}

base::Result<void> S3Client::read(const std::string& key, std::uint64_t offset,
                                  base::MutableByteView out, const std::string& version) {
  S3Call call{.operation = "read",
              .permission = version.empty() ? "s3:GetObject" : "s3:GetObjectVersion",
              .key = key,
              .headers = {{"range", range_header(offset, out.size())}},
              .into = out};
  add_version(call, version);
  sender_->add_customer_key(call);
  const HttpResponse answer = TRY(sender_->send(call));
  if (answer.status == 416) return ends_early(call, offset, out.size());
  if (!answer.is_success()) return error_of_version(sender_->error_of(call, answer), call, answer);
  const std::string first = "bytes " + std::to_string(offset) + "-";
  const bool whole = answer.status == 200 && offset == 0 && !answer.body_cut;
  if (!whole && (answer.status != 206 || !answer.header("content-range").starts_with(first))) {
    return strange_answer(call, "the server sends another range than was asked for");
  }
  if (answer.into_size == out.size() && !answer.body_cut) return {};
  const auto total = total_of(answer.header("content-range"));
  if (whole || (total && *total < offset + out.size())) return ends_early(call, offset, out.size());
  return strange_answer(call, "the server sends another range than was asked for");
}

base::Result<base::Bytes> S3Client::get(const std::string& key, std::uint64_t size_max,
                                        const std::string& version) {
  S3Call call{.operation = "get",
              .permission = version.empty() ? "s3:GetObject" : "s3:GetObjectVersion",
              .key = key,
              .body_size_max = size_max};
  add_version(call, version);
  sender_->add_customer_key(call);
  HttpResponse answer = TRY(sender_->send(call));
  if (answer.is_success()) {
    if (!answer.body_cut) return std::move(answer.body);
    return Error(ErrorCode::damaged, "'" + base::printable(key) + "' has more than the " +
                                         std::to_string(size_max) + " bytes that were expected");
  }
  return error_of_version(sender_->error_of(call, answer), call, answer);
}

base::Result<S3Object> S3Client::head(const std::string& key, const std::string& version) {
  S3Call call{.operation = "look up",
              .permission = version.empty() ? "s3:GetObject and s3:ListBucket"
                                            : "s3:GetObjectVersion and s3:ListBucket",
              .method = "HEAD",
              .key = key};
  add_version(call, version);
  sender_->add_customer_key(call);
  const HttpResponse answer = TRY(sender_->send(call));
  if (!answer.is_success()) {
    // An answer to HEAD has no body that would tell a missing object from a missing bucket.
    // Nor one that would tell what it finds bad about a version.
    if (answer.status == 400 && !version.empty()) {
      const auto asked = get(key, 0, version);
      if (!asked.ok() && asked.error().code() == ErrorCode::not_found) return asked.error();
    }
    if (answer.status != 404) {
      return error_of_version(sender_->error_of(call, answer), call, answer);
    }
    TRY(check_bucket());
    return Error(ErrorCode::not_found, "there is no '" + base::printable(key) + "' in bucket " +
                                           describe() + request_of(answer));
  }
  const auto size = number_of(answer.header("content-length"));
  const auto modified = parse_http_date(answer.header("last-modified"));
  if (!size || !modified) return strange_answer(call, "size or time is missing");
  S3Object object{.size = *size, .modified = *modified, .version = version_of(answer)};
  if (const auto until = parse_iso_date(answer.header("x-amz-object-lock-retain-until-date"))) {
    const bool governance = answer.header("x-amz-object-lock-mode") == "GOVERNANCE";
    object.lock = S3Lock{.mode = governance ? S3Lock::Mode::governance : S3Lock::Mode::compliance,
                         .until = *until};
  }
  return object;
}

base::Result<S3Page> S3Client::list(const S3ListOptions& options) {
  S3Call call{.operation = "list",
              .permission = "s3:ListBucket",
              .query = {{"list-type", "2"},
                        {"encoding-type", "url"},
                        {"max-keys", std::to_string(options.page_size)},
                        {"prefix", options.prefix}}};
  if (!options.start_after.empty()) call.query.emplace_back("start-after", options.start_after);
  if (!options.token.empty()) call.query.emplace_back("continuation-token", options.token);
  const HttpResponse answer = TRY(sender_->expect_success(call));
  return parse_list(base::as_text(answer.body)).with_context("bucket " + describe());
}

base::Result<S3Page> S3Client::list_versions(const S3ListOptions& options) {
  S3Call call{.operation = "list the versions",
              .permission = "s3:ListBucketVersions",
              .query = {{"versions", ""},
                        {"encoding-type", "url"},
                        {"max-keys", std::to_string(options.page_size)},
                        {"prefix", options.prefix}}};
  if (!options.key_marker.empty()) call.query.emplace_back("key-marker", options.key_marker);
  if (!options.version_marker.empty()) {
    call.query.emplace_back("version-id-marker", options.version_marker);
  }
  const HttpResponse answer = TRY(sender_->expect_success(call));
  return parse_versions(base::as_text(answer.body)).with_context("bucket " + describe());
}

base::Result<std::vector<S3RemoveOutcome>> S3Client::remove(std::span<const std::string> keys) {
  std::vector<S3RemoveOutcome> outcomes(keys.size());
  if (keys.empty()) return outcomes;
  const std::string body = deletion_body(keys);
  S3Call call{.operation = "delete",
              .permission = "s3:DeleteObject",
              .method = "POST",
              .query = {{"delete", ""}},
              .headers = {{"content-type", "application/xml"}},
              .body = base::as_bytes(body)};
  Sender::add_checksum(call);
  Sender::add_md5(call);
  const HttpResponse answer = TRY(sender_->expect_success(call));
  const auto deletions = TRY(parse_deletions(base::as_text(answer.body)));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    call.key = keys[i];
    const auto found = deletions.by_key.find(keys[i]);
    if (found == deletions.by_key.end()) {
      outcomes[i] = strange_answer(call, "the answer does not mention it");
    } else if (found->second.code == "NoSuchKey") {
      continue;
    } else if (!found->second.code.empty()) {
      outcomes[i] = error_of_code(sender_->question_of(call), found->second.code,
                                  found->second.message, answer.header("x-amz-request-id"));
    }
  }
  return outcomes;
}

base::Result<std::vector<S3RemoveOutcome>> S3Client::remove_versions(
    std::span<const S3ObjectVersion> objects, S3Bypass bypass) {
  std::vector<S3RemoveOutcome> outcomes(objects.size());
  if (objects.empty()) return outcomes;
  const std::string body = deletion_body(objects);
  S3Call call{.operation = "delete a version of",
              .permission = "s3:DeleteObjectVersion",
              .method = "POST",
              .query = {{"delete", ""}},
              .headers = {{"content-type", "application/xml"}},
              .body = base::as_bytes(body)};
  add_bypass(call, bypass);
  Sender::add_checksum(call);
  const HttpResponse answer = TRY(sender_->expect_success(call));
  const auto deletions = TRY(parse_deletions(base::as_text(answer.body)));
  for (std::size_t i = 0; i < objects.size(); ++i) {
    call.key = objects[i].key;
    const auto found = deletions.by_version.find({objects[i].key, objects[i].version});
    if (found == deletions.by_version.end()) {
      outcomes[i] = strange_answer(call, "the answer does not mention it");
    } else if (found->second.code == "NoSuchKey" || found->second.code == "NoSuchVersion") {
      continue;
    } else if (!found->second.code.empty()) {
      outcomes[i] = error_of_code(sender_->question_of(call), found->second.code,
                                  found->second.message, answer.header("x-amz-request-id"));
    }
  }
  return outcomes;
}

base::Result<void> S3Client::put_default_lock(S3Lock::Mode mode, base::Duration lock) {
  const std::string body = default_lock_body(mode, lock);
  S3Call call{.operation = "set the default lock",
              .permission = "s3:PutBucketObjectLockConfiguration",
              .method = "PUT",
              .query = {{"object-lock", ""}},
              .headers = {{"content-type", "application/xml"}},
              .body = base::as_bytes(body)};
  Sender::add_checksum(call);
  TRY(sender_->expect_success(call));
  return {};
}

base::Result<void> S3Client::put_retention(const std::string& key, const S3Lock& lock,
                                           const std::string& version, S3Bypass bypass) {
  const std::string body = retention_body(lock);
  S3Call call{.operation = "lock",
              .permission = "s3:PutObjectRetention",
              .method = "PUT",
              .key = key,
              .query = {{"retention", ""}},
              .headers = {{"content-type", "application/xml"}},
              .body = base::as_bytes(body)};
  add_version(call, version);
  add_bypass(call, bypass);
  Sender::add_checksum(call);
  Sender::add_md5(call);
  const HttpResponse answer = TRY(sender_->send(call));
  if (answer.is_success()) return {};
  Error error = sender_->error_of(call, answer);
  if (is_delete_marker(answer)) return Error(ErrorCode::not_found, error.message());
  return error;
}

base::Result<void> S3Client::check_bucket() {
  const S3Call call{.operation = "look up", .permission = "s3:ListBucket", .method = "HEAD"};
  const HttpResponse answer = TRY(sender_->send(call));
  if (answer.is_success()) return {};
  // Whoever may not ask for the bucket itself can still be told what is not in it.
  if (answer.status == 403) return {};
  if (answer.status == 404) {
    return Error(ErrorCode::unavailable, "there is no bucket " + describe())
        .with_hint("make the bucket, or correct its name or the endpoint");
  }
  return sender_->error_of(call, answer);
}

base::Result<S3BucketState> S3Client::bucket_state() {
  S3BucketState state;
  const S3Call versioning{.operation = "ask for the versioning",
                          .permission = "s3:GetBucketVersioning",
                          .query = {{"versioning", ""}}};
  const HttpResponse versions = TRY(sender_->send(versioning));
  state.server_time = sender_->time_of(versions);
  if (versions.is_success()) {
    state.versioned = TRY(parse_versioning(base::as_text(versions.body)));
  } else {
    Error error = sender_->error_of(versioning, versions);
    if (error.code() == ErrorCode::unsupported) {
      state.versioned = false;
    } else if (!is_denied(versions)) {
      return error;
    }
  }
  const S3Call locking{.operation = "ask for the object lock",
                       .permission = "s3:GetBucketObjectLockConfiguration",
                       .query = {{"object-lock", ""}}};
  const HttpResponse locks = TRY(sender_->send(locking));
  if (locks.is_success()) {
    const S3LockAnswer told = TRY(parse_lock_configuration(base::as_text(locks.body)));
    state.lockable = told.enabled;
    state.default_lock = told.default_lock;
    state.default_lock_mode = told.default_lock_mode;
  } else {
    Error error = sender_->error_of(locking, locks);
    // 404: ObjectLockConfigurationNotFoundError, by one name or another.
    if (locks.status == 404 || error.code() == ErrorCode::unsupported) {
      state.lockable = false;
    } else if (!is_denied(locks)) {
      return error;
    }
  }
  return state;
}

}  // namespace holdfast::wire
