// Commands of git in a directory.
#include "support/git_repository.hpp"

#include <gtest/gtest.h>

namespace holdfast::source::test {

GitRepository::GitRepository(std::string path, Bare bare) : path_(std::move(path)) {
  make_directory(path_);
  git(bare == Bare::yes ? "init --quiet --bare --initial-branch=main"
                        : "init --quiet --initial-branch=main");
}

std::string GitRepository::git(const std::string& arguments) const {
  std::string output;
  const bool done = shell("git -C '" + path_ +
                              "' -c user.name=Test -c user.email=test@example.org "
                              "-c commit.gpgsign=false -c protocol.file.allow=always " +
                              arguments + " 2>&1",
                          &output);
  EXPECT_TRUE(done) << "git " << arguments << ": " << output;
  while (output.ends_with('\n')) output.pop_back();
  return output;
}

std::string GitRepository::commit(const std::string& content, const std::string& file) const {
  write_file(path_ + "/" + file, content);
  git("add -A");
  git("commit --quiet -m '" + content + "'");
  return git("rev-parse HEAD");
}

}  // namespace holdfast::source::test
