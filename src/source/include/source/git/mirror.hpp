// GitMirror: a bare repository of ours that follows another one, ref by ref. It is what snapshots
// of a git repository are taken of, and what is pushed to other places.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "io/file.hpp"
#include "source/git/refs.hpp"

namespace holdfast::source {

struct GitRefreshOptions {
  GitAddress from;
  std::vector<std::string> patterns;  // as of list_git_refs
  // Large files of Git LFS: copied from a local repository; of a remote one fetched, if git-lfs is
  // installed here.
  enum class LargeFiles { take, leave } large_files = LargeFiles::take;
};

struct GitRefreshReport {
  std::uint64_t refs = 0;
  enum class Refs { unchanged, changed } change = Refs::unchanged;
  std::string head_ref;  // as of GitRefs
  std::string head_id;
  std::uint64_t large_files_added = 0;
  std::vector<std::string> warnings;
};

struct GitPushReport {
  std::string head_id;
  std::uint64_t refs_changed = 0;  // that were changed there, made or removed
};

// How far another place is behind.
struct GitLag {
  std::uint64_t refs = 0;  // that differ, are missing there, or are there and no longer here
  // The oldest commit that isn't there; nothing if all are, or if it can't be told here.
  std::optional<base::Time> oldest;
};

// Used by one task; another that opens the same one waits, in this process and in others.
class GitMirror {
 public:
  // `directory`: absolute; made, with those above it, when refs come. What a killed run left
  // behind is cleaned away.
  static base::Result<std::unique_ptr<GitMirror>> open(std::string directory,
                                                       GitSurroundings surroundings,
                                                       std::stop_token stop);

  // Makes its refs those of another repository. Errors: those of list_git_refs; unsupported: that
  // one is shallow; damaged: it lacks objects. What it was stays then.
  base::Result<GitRefreshReport> refresh(const GitRefreshOptions& options, std::stop_token stop);

  // Makes the refs at `to` these here, and removes others there. What belongs to one clone only
  // (remotes, stash, bisect, worktree, pull and merge requests of a forge) isn't pushed and stays.
  // Errors: those of list_git_refs; io: refused there.
  base::Result<GitPushReport> push(const GitAddress& to, std::stop_token stop);

  // Its own refs; none before the first refresh.
  base::Result<GitRefs> refs(std::stop_token stop) const;
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

 private:
  GitMirror(std::string directory, GitSurroundings surroundings)
      : directory_(std::move(directory)), surroundings_(std::move(surroundings)) {}
  base::Result<void> lock(const std::stop_token& stop);
  base::Result<void> make(const GitRefs& like, const std::stop_token& stop);
  [[nodiscard]] bool exists() const;
  base::Result<void> take_refs(const GitRefreshOptions& options, const GitRefs& theirs,
                               const std::stop_token& stop);
  base::Result<void> fetch(const GitAddress& from, const std::string& refspecs,
                           const std::stop_token& stop);
  base::Result<void> check_taken(const GitRefreshOptions& options, const GitRefs& theirs,
                                 const std::stop_token& stop) const;
  base::Result<void> drop_others(const std::vector<std::string>& patterns,
                                 const std::stop_token& stop);
  base::Result<void> take_head(const GitRefreshOptions& options, const GitRefs& theirs,
                               const std::stop_token& stop);
  base::Result<bool> is_whole(const std::stop_token& stop) const;
  base::Result<void> take_large_files(const GitRefreshOptions& options, GitRefreshReport& report,
                                      const std::stop_token& stop);

  std::string directory_;
  GitSurroundings surroundings_;
  io::Fd lock_;
};

// How far `theirs` is behind `ours`, of what push() pushes. `objects`: a local repository in which
// the commits of ours are looked up; empty: nowhere.
base::Result<GitLag> git_lag(const GitRefs& ours, const GitRefs& theirs, const std::string& objects,
                             const GitSurroundings& surroundings, std::stop_token stop);

}  // namespace holdfast::source
