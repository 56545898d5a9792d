// Calls of the git program: its environment, its limits, its errors.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/child_stream.hpp"
#include "source/git/refs.hpp"

namespace holdfast::source {

struct GitCall {
  std::vector<std::string> arguments;  // after "git"
  // The repository in which it works; empty: none.
  std::string directory = {};
  std::string input = {};  // its standard input
  // followed: its progress and its words go to the surroundings.
  enum class Words { quiet, followed } words = Words::quiet;
};

struct GitAnswer {
  std::string output;
  int status = 0;
  std::string complaint;  // what it said is wrong, on one line, printable
};

// Whatever the status. Errors: not_found (git isn't installed), cancelled, unavailable (stalled).
base::Result<GitAnswer> ask_git(const GitCall& call, const GitSurroundings& surroundings,
                                const std::stop_token& stop);
// Its output; io with its complaint unless the status is 0.
base::Result<std::string> run_git(const GitCall& call, const GitSurroundings& surroundings,
                                  const std::stop_token& stop);
// Its command, for who streams the output. `complaints` gets lines; both live as long as the child.
io::ChildStreamCommand git_command(const GitCall& call, const GitSurroundings& surroundings,
                                   std::vector<std::string>& complaints);
[[nodiscard]] std::string git_complaint(const std::vector<std::string>& lines);

// Lets git read a local repository that belongs to somebody else: reading runs nothing of it.
// Options of fetch and ls-remote, none for a URL.
[[nodiscard]] std::vector<std::string> git_reading_options(const GitAddress& address);

}  // namespace holdfast::source
