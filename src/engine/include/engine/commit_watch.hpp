// Watching a git repository for commits: a short text to compare with the one of a moment ago.
#pragma once

#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

// Differs when HEAD or a ref that the component wants has changed. Cheap for a local repository;
// for a remote one it is one request. invalid_argument: it isn't of git, or its address makes no
// sense; not_found, unavailable: the repository can't be asked.
base::Result<std::string> commit_state(const Workplace& workplace,
                                       const strategy::Component& component, std::stop_token stop);

}  // namespace holdfast::engine
