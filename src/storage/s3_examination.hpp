// Proving what credentials can't do to a bucket with object lock, by trying it on a probe.
#pragma once

#include <vector>

#include "storage/examination.hpp"
#include "storage/s3.hpp"

namespace holdfast::storage {

[[nodiscard]] std::vector<Check> examine_s3(const S3Url& url, const S3Surroundings& around,
                                            base::Random& random);

// How to set the default retention that the URL's lock needs.
[[nodiscard]] std::string s3_default_lock_advice(const S3Url& url);

}  // namespace holdfast::storage
