// Copying snapshots between two locations, by the names that a user types.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "engine/progress.hpp"
#include "repository/copy.hpp"

namespace holdfast::engine {

struct CopyReport {
  struct One {
    repository::ObjectHash original{};
    repository::ObjectHash copy{};
    bool was_there = false;  // it had been copied before
  };
  std::vector<One> snapshots;  // in the order in which they were asked for
  repository::CopyTotals totals;
  bool as_ciphertext = false;  // the repositories share a domain
  double duration_seconds = 0;
};

// Copies the snapshots that `names` choose (ids, beginnings of ids, "latest"), one after the other;
// each that is done counts, whatever becomes of the next. All names are looked up before anything
// is copied. Errors: repository::copy_snapshot's; not_found and invalid_argument for names.
base::Result<CopyReport> copy_snapshots(repository::Repository& from, repository::Repository& to,
                                        const std::vector<std::string>& names,
                                        const ProgressCall& progress, std::stop_token stop);

}  // namespace holdfast::engine
