// Random trees, randomly changed: what is captured, whole or incrementally, comes back equal.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "base/random.hpp"
#include "support/scratch.hpp"
#include "support/snapshots.hpp"

namespace holdfast::source {
namespace {

using test::Scratch;
using test::Snapshot;

// Makes and changes a tree; everything follows from the seed.
class RandomTree {
 public:
  RandomTree(std::string root, std::uint64_t seed) : root_(std::move(root)), random_(seed) {
    directories_.push_back(root_);
  }

  void grow(int count) {
    for (int i = 0; i < count; ++i) add();
  }

  void change(int count) {
    for (int i = 0; i < count; ++i) {
      if (files_.empty() || below(4) == 0) {
        add();
        continue;
      }
      const auto at = below(files_.size());
      const auto path = files_[at];
      switch (below(7)) {
        case 0: test::write_file(path, content()); break;
        case 1: ::chmod(path.c_str(), static_cast<mode_t>(below(01000))); break;
        case 2: ::setxattr(path.c_str(), "user.changed", "x", below(2), 0); break;
        case 3:
          test::set_mtime(path,
                          static_cast<std::int64_t>(below(2'000'000'000) * 1'000'000'000 + 7));
          break;
        case 4: overwrite(path); break;
        case 5: rename(at); break;
        default:
          ::unlink(path.c_str());
          files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

  std::string name() {
    std::string text;
    for (std::uint64_t i = 0; i <= below(6); ++i) {
      char c = 0;
      while (c == 0 || c == '/') c = static_cast<char>(below(3) == 0 ? below(256) : 'a' + below(4));
      text += c;
    }
    return text == "." || text == ".." ? "dots" : text;
  }
  std::string content() {
    static const std::vector<std::uint64_t> sizes{0,      1, 100, 4096, 32 * 1024, 32 * 1024 + 1,
                                                  200'000};
    return test::noise(below(sizes[below(sizes.size())] + 1), below(1000));
  }
  const std::string& directory() { return directories_[below(directories_.size())]; }

  void add() {
    const auto path = directory() + "/" + name();
    if (test::exists(path)) return;
    switch (below(9)) {
      case 0:
      case 1:
        ::mkdir(path.c_str(), static_cast<mode_t>(0700 + below(0100)));
        directories_.push_back(path);
        return;
      case 2: EXPECT_EQ(::symlink(name().c_str(), path.c_str()), 0); return;
      case 3: EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0); return;
      case 4:
        if (!files_.empty() && ::link(files_[below(files_.size())].c_str(), path.c_str()) == 0)
          files_.push_back(path);
        return;
      case 5: sparse(path); break;
      default: test::write_file(path, content());
    }
    files_.push_back(path);
  }
  void sparse(const std::string& path) {
    test::write_file(path, "");
    const auto size = below(3'000'000);
    EXPECT_EQ(::truncate(path.c_str(), static_cast<off_t>(size)), 0);
    for (std::uint64_t i = 0; i < below(4) && size > 0; ++i) write_at(path, below(size));
  }
  void write_at(const std::string& path, std::uint64_t offset) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    const auto bytes = test::noise(1 + below(10'000), below(1000));
    EXPECT_GT(::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)), 0);
    ::close(fd);
  }
  void overwrite(const std::string& path) {
    struct stat status;
    if (::stat(path.c_str(), &status) == 0)
      write_at(path, below(static_cast<std::uint64_t>(status.st_size) + 1));
  }
  void rename(std::size_t at) {
    const auto to = directory() + "/" + name();
    if (test::exists(to) || ::rename(files_[at].c_str(), to.c_str()) != 0) return;
    files_[at] = to;
  }

  std::string root_;
  base::SeededRandom random_;
  std::vector<std::string> directories_;
  std::vector<std::string> files_;
};

std::vector<std::string> restored_differences(const Snapshot& snapshot, const Scratch& original,
                                              const std::string& target) {
  test::restore(snapshot, original.path(), target);
  return test::differences(original.path(), target);
}

class CaptureRestoreProperty : public testing::TestWithParam<std::uint64_t> {};

TEST_P(CaptureRestoreProperty, WhatIsCapturedComesBack) {
  const Scratch original(Scratch::On::memory);
  const Scratch targets(Scratch::On::memory);
  RandomTree tree(original.path(), GetParam());
  tree.grow(120);
  auto snapshot = test::capture(original.path());
  EXPECT_EQ(restored_differences(snapshot, original, targets / "kept"), std::vector<std::string>());
  for (int round = 0; round < 4; ++round) {
    tree.change(25);
    const auto next = test::capture(original.path(), &snapshot);
    const auto full = test::capture(original.path());
    // Attributes and tokens are those of a full capture; contents are where they were.
    ASSERT_EQ(next.entries.size(), full.entries.size());
    for (std::size_t i = 0; i < next.entries.size(); ++i) {
      auto entry = next.entries[i];
      entry.content = full.entries[i].content;
      // Others work in the directories above.
      const bool above = entry.key.size() < original.path().size() - 1;
      EXPECT_TRUE(above || entry == full.entries[i]) << base::printable(base::as_text(entry.key));
    }
    snapshot = next;
    EXPECT_EQ(restored_differences(snapshot, original, targets / ("new" + std::to_string(round))),
              std::vector<std::string>());
    // Over what an earlier restore left: right but for what the snapshot doesn't have.
    auto over = restored_differences(snapshot, original, targets / "kept");
    std::erase_if(over,
                  [](const std::string& each) { return each.ends_with("was not there before"); });
    // A name that was a hard link may still share its inode with one that is gone from the
    // snapshot.
    std::erase_if(over,
                  [](const std::string& each) { return each.ends_with("has too many links"); });
    EXPECT_EQ(over, std::vector<std::string>());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CaptureRestoreProperty, testing::Range<std::uint64_t>(1, 31));

}  // namespace
}  // namespace holdfast::source
