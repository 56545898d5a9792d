// Export: a snapshot's content as a named plain file in a folder, with a manifest beside it, kept
// by the rules of the plan that took it.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "engine/workplace.hpp"
#include "repository/repository.hpp"

namespace holdfast::engine {

struct ExportReport {
  std::string path;  // absolute
  std::uint64_t size = 0;
  std::string sha256;                 // of the file as it lies, hexadecimal
  std::vector<std::string> expired;   // names of earlier ones that went
  std::vector<std::string> warnings;  // earlier ones that were changed by others and stay, …
};

// Writes what the plan's `export` asks for: a single file as it is, a tree as a tar (with zstd if
// the name ends so), encrypted if it says so. The file appears whole, under a name that nobody else
// has (already_exists), with mode 0600. `snapshot`: hexadecimal. unsupported: `to` is no folder.
// Earlier exports of the plan that its rules want no longer go, with evidence; what has no manifest
// of ours, or isn't what its manifest says, is never touched.
base::Result<ExportReport> export_snapshot(const Workplace& workplace,
                                           const strategy::Component& component,
                                           const strategy::Plan& plan,
                                           repository::Repository& repository,
                                           const std::string& snapshot, std::stop_token stop);

}  // namespace holdfast::engine
