// The smallest IAM policies for a repository in a bucket, as JSON, in the words of AWS that MinIO,
// Ceph and versitygw know too. A writer may add and read, never delete or unlock; a maintainer may
// delete what is not locked and extend locks, never bypass or shorten one.
#pragma once

#include <string>

#include "storage/url.hpp"

namespace holdfast::storage {

enum class S3Role { writer, maintainer };

[[nodiscard]] std::string s3_policy(const S3Url& url, S3Role role);

}  // namespace holdfast::storage
