// Git repositories on disk for tests, worked on with the real git, and a server of them.
#pragma once

#include <memory>
#include <string>

#include "io/child_stream.hpp"
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

// Serves the repositories below a directory on loopback, by git:// and for pushing too, while it
// lives.
class GitServer {
 public:
  explicit GitServer(const std::string& directory);
  ~GitServer();
  GitServer(const GitServer&) = delete;
  GitServer& operator=(const GitServer&) = delete;
  [[nodiscard]] std::string url(const std::string& name) const;

 private:
  std::unique_ptr<io::ChildStream> child_;
  int port_ = 0;
};

}  // namespace holdfast::source::test
