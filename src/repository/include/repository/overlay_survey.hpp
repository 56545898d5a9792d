// The survey of overlays: on storage with versions, which objects somebody laid newer versions or
// delete markers over, and what lies there that is no object of a repository. All of it is looked
// through (storage/immutable.hpp); that it is there tells of a visitor.
#pragma once

#include <vector>

#include "repository/repository.hpp"

namespace holdfast::repository {

// The first 1,000, by name; empty where there are no versions.
base::Result<std::vector<IgnoredObject>> survey_overlays(const Repository& repository);

}  // namespace holdfast::repository
