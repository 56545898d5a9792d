// LocalRoot: the directory that a LocalStorage lives in, held open, and what an errno of a call
// below it means.
#pragma once

#include <dirent.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/result.hpp"
#include "io/file.hpp"

namespace holdfast::storage {

// Where uploads grow, below the root.
constexpr char upload_directory[] = "tmp";

// The place of `name`'s last slash: "a/b" of "a/b/c", "." of "c".
[[nodiscard]] std::string directory_of(std::string_view name);
// Whether the name is one of the storage's own, below tmp/.
[[nodiscard]] bool is_reserved(std::string_view name);

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// Thread-safe.
class LocalRoot {
 public:
  // `path` is absolute and names an existing directory.
  static base::Result<std::unique_ptr<LocalRoot>> open(std::string path);
  LocalRoot(std::string path, io::Fd directory);

  [[nodiscard]] int fd() const noexcept { return directory_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  // unavailable unless the path still leads to the directory that was opened.
  [[nodiscard]] base::Result<void> verify() const;
  // What went wrong with `name` ("" for the root) while `doing` ("read", "list", ...). Absence is
  // answered only after verify().
  [[nodiscard]] base::Error failure(int errno_value, std::string_view doing,
                                    std::string_view name) const;

  // An object is where a directory of `name` should be.
  [[nodiscard]] base::Error below_object(std::string_view name) const;

  // For readdir; `directory` is below the root, "." the root itself.
  [[nodiscard]] base::Result<Directory> open_directory(const std::string& directory) const;
  // Makes the directories above `name` and lets them survive a power cut.
  base::Result<void> make_parents(std::string_view name);
  // Lets additions to and removals from a directory below the root survive a power cut.
  base::Result<void> sync(const std::string& directory) const;
  // Somebody removed directories: look again at the next make_parents.
  void forget_directories();

 private:
  const std::string path_;
  const io::Fd directory_;
  std::mutex mutex_;
  std::unordered_set<std::string>
      durable_;  // directories whose entry in their parent is known to be on disk
};

}  // namespace holdfast::storage
