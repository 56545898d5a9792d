// What of a snapshot is restored: the part at one path, and in it what include patterns name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "source/files/gitignore.hpp"
#include "source/files/restore.hpp"

namespace holdfast::source {

// Immutable.
class RestoreSelection {
 public:
  static base::Result<RestoreSelection> make(const FilesRestoreOptions& options);

  [[nodiscard]] const base::Bytes& base_key() const noexcept { return base_key_; }
  // Whether the entry of this path (relative to "/") is wanted, given that of its directory.
  [[nodiscard]] bool wants(std::string_view path, PathKind kind, bool directory_is_wanted) const;
  // The same of an entry out of order: asks for the directories above it too.
  [[nodiscard]] bool wants_file(std::string_view path) const;
  [[nodiscard]] bool wants_everything() const noexcept { return rules_.empty(); }

 private:
  base::Bytes base_key_;
  std::size_t base_size_ = 0;  // of the path up to what lies in it
  GitignoreRules rules_;
};

}  // namespace holdfast::source
