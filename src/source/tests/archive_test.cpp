// Archives of tags: whole, or not there.
#include "source/git/archive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/git_repository.hpp"

namespace holdfast::source::test {
namespace {

using base::ErrorCode;
using testing::HasSubstr;

TEST(GitArchive, HoldsTheTreeOfATag) {
  const Scratch scratch;
  const GitRepository repository(scratch / "code");
  repository.commit("one");
  repository.git("tag -a v1 -m words");
  repository.commit("two");
  repository.git("branch v1");  // the tag comes first
  const auto archive = [&](const std::string& name) {
    return archive_git_tree({.repository = repository.path(),
                             .name = name,
                             .prefix = "code-v1/",
                             .file = scratch / "v1.tar"},
                            {}, {});
  };
  const auto size = archive("v1");
  ASSERT_TRUE(size.ok()) << size.error().to_string();
  EXPECT_EQ(size.value(), read_file(scratch / "v1.tar").size());
  EXPECT_TRUE(shell("tar -C '" + scratch.path() + "' -xf '" + (scratch / "v1.tar") + "'"));
  EXPECT_EQ(read_file(scratch / "code-v1/file"), "one");
  for (const auto* name : {"v2", "--output=/tmp/harm", "v1 v2", ""}) {
    const auto got = archive(name);
    ASSERT_FALSE(got.ok()) << name;
    EXPECT_EQ(got.error().code(), ErrorCode::not_found) << name;
  }
  EXPECT_EQ(read_file(scratch / "v1.tar").size(), size.value());
  EXPECT_FALSE(exists(scratch / "v1.tar.part"));
}

}  // namespace
}  // namespace holdfast::source::test
