// Pages of names and versions of an S3Storage: ascending and without repetition, whatever the
// server's pages are like.
#pragma once

#include <string>

#include "storage/storage.hpp"
#include "wire/s3.hpp"

namespace holdfast::storage {

// `prefix` of keys: ends in '/' unless it is empty.
base::Result<ListPage> list_s3_page(wire::S3Client& client, const std::string& prefix,
                                    const ListOptions& options);
base::Result<ListPage> list_s3_version_page(wire::S3Client& client, const std::string& prefix,
                                            const ListOptions& options);

}  // namespace holdfast::storage
