// MetadataWriter: gives restored files their owner, mode, extended attributes, times and flags, in
// the order in which one doesn't undo another, with as few calls as possible.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "file_status.hpp"
#include "restore_tally.hpp"
#include "source/files/posix_attributes.hpp"

namespace holdfast::source {

// The attributes that a restored file gets; owners are this machine's numbers already.
struct TargetMetadata {
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t mtime = 0;
  std::uint64_t inode_flags = 0;
  std::vector<ExtendedAttribute> extended;
};

// Thread-safe.
class MetadataWriter {
 public:
  // fresh: just made, so it has no extended attributes that should go.
  enum class Origin { fresh, existing };

  // Reads who this process is and its umask.
  explicit MetadataWriter(RestoreTally& tally);
  // Whether files inherit access lists in the target, so that nothing made in it is as it was asked
  // for.
  void expect_inherited_lists() { inherits_lists_ = true; }

  // The mode with which to make a file so that it is right at once, or private until its owner is
  // set.
  [[nodiscard]] std::uint32_t creation_mode(const TargetMetadata& metadata,
                                            std::uint32_t group) const;
  // What a file made with that mode in a directory that gives `group` looks like.
  [[nodiscard]] FileStatus fresh_status(std::uint32_t mode, std::uint32_t group) const;
  // The group of what is made in a directory of this status.
  [[nodiscard]] std::uint32_t group_in(const FileStatus& directory) const;

  // `now`: how the file is. Flags that forbid changes are left out for regular files: hard links
  // could not be made any more.
  base::Result<void> apply(int fd, const FileStatus& now, const TargetMetadata& metadata,
                           Origin origin);
  // To what can't be opened.
  base::Result<void> apply_at(int directory, const char* name, const FileStatus& now,
                              const TargetMetadata& metadata, Origin origin);

 private:
  // The owner to ask for; -1 for what is right already or not ours to give.
  struct Owner {
    std::uint32_t uid;
    std::uint32_t gid;
    [[nodiscard]] bool any() const { return uid != UINT32_MAX || gid != UINT32_MAX; }
  };
  [[nodiscard]] Owner owner_to_set(const FileStatus& now, const TargetMetadata& metadata);
  base::Result<void> set_extended(const std::string& path, int fd, const TargetMetadata& metadata,
                                  Origin origin);

  RestoreTally& tally_;
  std::uint32_t uid_;
  std::uint32_t gid_;
  std::uint32_t umask_;
  std::atomic<bool> inherits_lists_ = false;
};

}  // namespace holdfast::source
