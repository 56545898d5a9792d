// The files of a folder on disk, however deep; and removing such a folder with all that it holds.
// Links are never followed.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace holdfast::engine {

// `path`: relative to the folder, without a slash at its start; raw bytes.
using FileVisit =
    std::function<base::Result<void>(const std::string& path, const struct stat& status)>;
// Calls `visit` for each regular file. not_found if there is no such folder. A folder in it that
// can't be read is an error: what wasn't seen wasn't counted.
base::Result<void> each_file(const std::string& folder, const FileVisit& visit,
                             const std::stop_token& stop);

// Removes a folder, also what lies in folders that forbid it to their owner. Absence is success.
base::Result<void> remove_tree(const std::string& folder);

// Names directly in a folder, sorted; none if it isn't there.
base::Result<std::vector<std::string>> names_in(const std::string& folder);

}  // namespace holdfast::engine
