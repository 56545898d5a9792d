// Components of the kind git: refreshed, captured, pushed to mirrors, and restored.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "component_capture.hpp"
#include "engine/restore.hpp"

namespace holdfast::engine {

// Besides those of the request: the commit of HEAD, and the branch that HEAD names.
inline constexpr std::string_view commit_tag = "commit";
inline constexpr std::string_view branch_tag = "branch";

base::Result<BackupReport> capture_git_component(const Workplace& workplace,
                                                 const CaptureRequest& request,
                                                 repository::Repository& repository,
                                                 const ProgressCall& progress,
                                                 std::stop_token stop);

// Brings our copy of the repository up to date without a snapshot of it: what push_to_mirror
// pushes. Warnings.
base::Result<std::vector<std::string>> refresh_git_component(const Workplace& workplace,
                                                             const strategy::Component& component,
                                                             const std::string& run,
                                                             const ProgressCall& progress,
                                                             std::stop_token stop);

struct MirrorPush {
  const strategy::Component& component;
  const strategy::Location& location;
  std::string run;  // whose log gets what git says; empty: none
};
struct MirrorPushReport {
  std::string commit;  // of HEAD; zeros: there is none yet
  std::uint64_t refs_changed = 0;
  std::vector<std::string> warnings;
};
// Pushes our copy, as it was refreshed or captured last. unavailable and not_found: the location is
// down.
base::Result<MirrorPushReport> push_to_mirror(const Workplace& workplace, const MirrorPush& what,
                                              const ProgressCall& progress, std::stop_token stop);

struct GitRestore {
  const strategy::Component& component;
  std::string snapshot;  // hexadecimal
  std::string archive;   // a tag, branch or commit: only its tree, as a tar; empty: all
  source::FilesRestoreOptions files;
};
// Makes `files.target` a bare repository with all refs, which git clone takes; or puts one tar
// archive, COMPONENT-NAME.tar, into it.
base::Result<RestoreReport> restore_git_component(const Workplace& workplace,
                                                  const GitRestore& what,
                                                  repository::Repository& repository,
                                                  const ProgressCall& progress,
                                                  std::stop_token stop);
// The repository's own folder in the one into which a user wants it: INTO/COMPONENT.git.
[[nodiscard]] std::string git_restore_target(const strategy::Component& component,
                                             const std::string& into);

}  // namespace holdfast::engine
