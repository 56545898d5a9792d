// S3's XML: what the server answers, and the bodies that we send. Pure; the parsers take any bytes.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "wire/s3.hpp"

namespace holdfast::wire {

struct S3ErrorAnswer {
  std::string code;  // "NoSuchKey"; empty if the text is no error of S3
  std::string message;
  std::string request_id;
  std::string region;
};

// Where a parser fails, the error is `unavailable`: whoever answered does not speak S3 now.
[[nodiscard]] S3ErrorAnswer parse_error(std::string_view xml);
[[nodiscard]] base::Result<S3Page> parse_list(std::string_view xml);
[[nodiscard]] base::Result<S3Page> parse_versions(std::string_view xml);
[[nodiscard]] base::Result<std::string> parse_upload_id(std::string_view xml);
// Whether a completed upload is told; a 200 may carry an error.
[[nodiscard]] base::Result<void> parse_complete(std::string_view xml);
struct S3Deletions {
  // An empty code: deleted.
  std::map<std::string, S3ErrorAnswer> by_key;
  std::map<std::pair<std::string, std::string>, S3ErrorAnswer> by_version;  // with their keys
};
[[nodiscard]] base::Result<S3Deletions> parse_deletions(std::string_view xml);
[[nodiscard]] base::Result<bool> parse_versioning(std::string_view xml);
struct S3LockAnswer {
  bool enabled = false;
  std::optional<base::Duration> default_lock;
  std::optional<S3Lock::Mode> default_lock_mode;
};
[[nodiscard]] base::Result<S3LockAnswer> parse_lock_configuration(std::string_view xml);

[[nodiscard]] std::string complete_body(std::span<const S3Part> parts);
[[nodiscard]] std::string deletion_body(std::span<const std::string> keys);
[[nodiscard]] std::string deletion_body(std::span<const S3ObjectVersion> objects);
[[nodiscard]] std::string default_lock_body(S3Lock::Mode mode, base::Duration lock);
[[nodiscard]] std::string retention_body(const S3Lock& lock);

[[nodiscard]] std::string_view lock_mode_name(S3Lock::Mode mode);

}  // namespace holdfast::wire
