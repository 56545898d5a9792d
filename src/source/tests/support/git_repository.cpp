// Commands of git in a directory, and git daemon.
#include "support/git_repository.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

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

GitServer::GitServer(const std::string& directory) {
  // One that another program took meanwhile is tried again with the next.
  const auto first = 20'000 + ::getpid() % 20'000;
  for (port_ = first; port_ < first + 50; ++port_) {
    child_ = io::ChildStream::start(
                 {.arguments = {"git", "daemon", "--reuseaddr", "--listen=127.0.0.1",
                                "--port=" + std::to_string(port_), "--export-all",
                                "--enable=receive-pack", "--base-path=" + directory, directory}},
                 {})
                 .value();
    for (int i = 0; i < 100; ++i) {
      if (shell("git ls-remote " + url("answers.git") + " >/dev/null 2>&1")) return;
      ::usleep(50'000);
    }
  }
  ADD_FAILURE() << "git daemon doesn't answer";
}

GitServer::~GitServer() = default;

std::string GitServer::url(const std::string& name) const {
  return "git://127.0.0.1:" + std::to_string(port_) + "/" + name;
}

}  // namespace holdfast::source::test
