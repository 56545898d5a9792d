// Turning what a user types into what the engine takes: paths, labels, levels, names of snapshots.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "repository/snapshot.hpp"

namespace holdfast::cli {

// Absolute, without "." and "..". A word that begins with neither / nor . is refused: such words
// are kept for the components of a strategy. A path that holds ".." is resolved on the disk,
// because links make it mean something else than the text.
base::Result<std::string> parse_path(const std::string& word);

// "KEY=VALUE". The key is not empty.
base::Result<std::pair<std::string, std::string>> parse_tag(std::string_view text);
// Ascending by key; a key given twice is an error.
base::Result<repository::Tags> parse_tags(const std::vector<std::string>& texts);

// A whole number in [least, most].
base::Result<int> parse_number(std::string_view option, std::string_view text, int least, int most);

// "SNAPSHOT[:PATH]". The path, if any, begins with /.
struct SnapshotPath {
  std::string snapshot;
  std::string path;  // empty: all of it
};
base::Result<SnapshotPath> parse_snapshot_path(const std::string& text);

}  // namespace holdfast::cli
