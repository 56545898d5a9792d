// The sessions that a repository shows: who is at work, by the storage's clock.
#pragma once

#include <string>
#include <vector>

#include "repository/repository.hpp"

namespace holdfast::repository {

struct SessionInfo {
  ShortId id{};
  base::Time registered;
  base::Time renewed;  // last
  std::vector<std::string> objects;
};

// Sessions signed by somebody on the roster; others are appended to `ignored`. One whose object is
// damaged is in both: its writer may be at work.
base::Result<std::vector<SessionInfo>> list_sessions(const Repository& repository,
                                                     std::vector<IgnoredObject>* ignored = nullptr);

// How much storage times of two objects may misorder: as the storage says, if it is consistent.
[[nodiscard]] base::Duration storage_skew(const storage::Storage& storage);

// Whether its writer may still commit at `now`.
[[nodiscard]] bool is_live(const SessionInfo& session, base::Time now, const Config& config,
                           base::Duration skew);

}  // namespace holdfast::repository
