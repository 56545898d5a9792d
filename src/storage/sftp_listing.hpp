// One page of names of an SftpStorage, in ascending bytewise order of whole names. Directories are
// read many at once, so that a listing of hundreds of shards costs a few round trips; no directory
// outside the prefix is read.
#pragma once

#include "sftp_place.hpp"
#include "storage/storage.hpp"

namespace holdfast::storage {

// What lies directly in each of `directories` (below the root, "" the root itself), in their order;
// nothing for one that isn't there. Symbolic links are followed.
[[nodiscard]] base::Result<std::vector<std::vector<SftpName>>> read_sftp_directories(
    SftpPlace& place, SftpConnection& connection, const std::vector<std::string>& directories);

[[nodiscard]] base::Result<ListPage> list_sftp_page(SftpPlace& place, SftpConnection& connection,
                                                    const ListOptions& options);

}  // namespace holdfast::storage
