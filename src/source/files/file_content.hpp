// Copies an open file's content into an EntrySink: data as it is read, holes as holes.
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.hpp"
#include "file_status.hpp"
#include "repository/entry_sink.hpp"

namespace holdfast::source {

struct ContentCopy {
  std::uint64_t size = 0;  // of the content, holes included
  std::uint64_t bytes_read = 0;
  int error = 0;  // errno of a failed read; then the content was not ended
};

// Between begin_content and end_content of `sink`, both of which are the caller's. Reads at most
// status.size bytes: what is appended meanwhile belongs to the next snapshot. `tell` hears of every
// piece that was read; its error ends the copy. An error is the sink's or `tell`'s.
base::Result<ContentCopy> copy_content(
    int fd, const FileStatus& status, repository::EntrySink& sink,
    const std::function<base::Result<void>(std::uint64_t bytes)>& tell);

}  // namespace holdfast::source
