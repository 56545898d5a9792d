// The difference of two trees, in order of keys; equal nodes are skipped without reading them.
#pragma once

#include <functional>

#include "repository/tree_cursor.hpp"

namespace holdfast::repository {

// Calls `differ(before, after)` for each key whose entries differ; the absent side is nullptr.
base::Result<void> diff_trees(
    NodeSource& source, const TreeRoot& before, const TreeRoot& after,
    const std::function<base::Result<void>(const Entry* before, const Entry* after)>& differ);

}  // namespace holdfast::repository
