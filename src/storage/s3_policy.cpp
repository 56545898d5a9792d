// Writing policies. Bucket names and prefixes hold no character that JSON would escape but quotes
// and backslashes.
#include "storage/s3_policy.hpp"

#include <initializer_list>
#include <string_view>

namespace holdfast::storage {

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string statement(std::initializer_list<std::string_view> actions,
                      const std::string& resource) {
  std::string text = "    {\n      \"Effect\": \"Allow\",\n      \"Action\": [";
  const char* separator = "";
  for (const auto action : actions) {
    text += separator;
    text += quoted(action);
    separator = ", ";
  }
  return text + "],\n      \"Resource\": " + quoted(resource) + "\n    }";
}

}  // namespace

std::string s3_policy(const S3Url& url, S3Role role) {
  const std::string bucket = "arn:aws:s3:::" + url.bucket;
  const std::string objects = bucket + "/" + (url.prefix.empty() ? "" : url.prefix + "/") + "*";
  std::string text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n";
  text += statement({"s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketVersioning",
                     "s3:GetBucketObjectLockConfiguration"},
                    bucket);
  text += ",\n";
  text += statement({"s3:PutObject", "s3:AbortMultipartUpload", "s3:GetObject",
                     "s3:GetObjectVersion", "s3:GetObjectRetention"},
                    objects);
  if (role == S3Role::maintainer) {
    text += ",\n";
    text +=
        statement({"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectRetention"}, objects);
  }
  return text + "\n  ]\n}\n";
}

}  // namespace holdfast::storage
