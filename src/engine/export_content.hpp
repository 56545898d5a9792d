// A snapshot's content as one stream of bytes: a single file as it is, a tree as a tar.
#pragma once

#include <stop_token>
#include <string>

#include "repository/snapshot_list.hpp"
#include "tar_writer.hpp"

namespace holdfast::engine {

// zstd where `name` ends with .zst (and the content is a tree). `out` is called by this task only.
base::Result<void> write_content(repository::Repository& repository,
                                 const repository::SnapshotRecord& snapshot,
                                 const std::string& name, const ByteSink& out,
                                 const std::stop_token& stop);

}  // namespace holdfast::engine
