// A git repository on disk for tests, worked on with the real git.
#pragma once

#include <string>

#include "support/scratch.hpp"

namespace holdfast::source::test {

class GitRepository {
 public:
  enum class Bare { no, yes };
  // Made at `path`, on the branch main.
  explicit GitRepository(std::string path, Bare bare = Bare::no);

  [[nodiscard]] const std::string& path() const { return path_; }
  // What `git ARGUMENTS` prints; fails the test unless it ends with 0. `arguments` is for a shell.
  std::string git(const std::string& arguments) const;
  // A commit that changes a file; its id.
  std::string commit(const std::string& content, const std::string& file = "file") const;
  [[nodiscard]] std::string refs() const { return git("show-ref"); }

 private:
  std::string path_;
};

}  // namespace holdfast::source::test
