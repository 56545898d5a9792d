// Addresses of git repositories, listings of refs, and patterns.
#include "source/git/refs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "support/git_repository.hpp"

namespace holdfast::source::test {
namespace {

using base::ErrorCode;
using testing::HasSubstr;
using Kind = GitAddress::Kind;

GitAddress address(std::string_view text) { return parse_git_address(text, "/srv").value(); }

TEST(GitAddressOf, PathsAndUrls) {
  EXPECT_EQ(address(".").text, "/srv");
  EXPECT_EQ(address("code/").text, "/srv/code");
  EXPECT_EQ(address("-x").text, "/srv/-x");
  EXPECT_EQ(address("/a/b:c").text, "/a/b:c");
  EXPECT_EQ(address("file:///a/b").text, "/a/b");
  EXPECT_EQ(address("file:///a/b").kind, Kind::path);
  for (const auto* url : {"git@forge.example.org:shop/config.git", "ssh://git@h:22/x",
                          "https://forge.example.org/x.git", "host:path", "git://h/x"}) {
    EXPECT_EQ(address(url).kind, Kind::url) << url;
    EXPECT_EQ(address(url).text, url);
  }
}

TEST(GitAddressOf, WhatCouldDoHarmIsRefused) {
  for (const auto* text :
       {"", "-oProxyCommand=touch:x", "ext::sh -c touch", "ftp://h/x", "file://x",
        "ssh://-oProxyCommand=x/y", "https://user:secret@h/x", "a\nb", ":x", "https:///x"}) {
    const auto got = parse_git_address(text, "/srv");
    ASSERT_FALSE(got.ok()) << text;
    EXPECT_EQ(got.error().code(), ErrorCode::invalid_argument);
    EXPECT_THAT(got.error().to_string() + got.error().hint(), testing::Not(HasSubstr("secret")));
  }
}

TEST(GitListing, IsReadOrDamaged) {
  const std::string id(40, 'a');
  const auto refs =
      parse_git_refs("ref: refs/heads/main\tHEAD\n" + id + "\tHEAD\n" + id + "\trefs/tags/v1\n" +
                     id + "\trefs/tags/v1^{}\n" + id + "\trefs/heads/main\n" + id + "\tnot-a-ref\n")
          .value();
  EXPECT_EQ(refs.head_ref, "refs/heads/main");
  EXPECT_EQ(refs.head_id, id);
  ASSERT_EQ(refs.refs.size(), 2U);
  EXPECT_EQ(refs.refs[0].name, "refs/heads/main");
  EXPECT_TRUE(parse_git_refs("").value().refs.empty());
  EXPECT_TRUE(parse_git_refs(std::string(64, '0') + "\trefs/x\n").ok());
  for (const auto& text : {std::string("x"), std::string("abc\trefs/x\n"), id + " refs/x\n",
                           id + "\trefs/x", std::string(40, 'A') + "\trefs/x\n"}) {
    const auto got = parse_git_refs(text);
    ASSERT_FALSE(got.ok()) << text;
    EXPECT_EQ(got.error().code(), ErrorCode::damaged);
  }
  // What names itself HEAD's target and is no ref isn't taken.
  EXPECT_EQ(parse_git_refs("ref: --evil\tHEAD\n").value().head_ref, "");
}

TEST(GitPatterns, NameBranchesTagsOrWholeRefs) {
  EXPECT_TRUE(matches_git_patterns("refs/anything", {}));
  EXPECT_TRUE(matches_git_patterns("refs/heads/main", {"main"}));
  EXPECT_TRUE(matches_git_patterns("refs/tags/v1.2", {"main", "v*"}));
  EXPECT_FALSE(matches_git_patterns("refs/notes/v1", {"v*"}));
  EXPECT_TRUE(matches_git_patterns("refs/notes/v1", {"refs/notes/*"}));
  EXPECT_FALSE(matches_git_patterns("refs/heads/main2", {"main"}));
  EXPECT_FALSE(matches_git_patterns("refs/heads/ab", {"abc*abc"}));
}

class GitListingOf : public testing::Test {
 protected:
  base::Result<GitRefs> list(const std::string& text,
                             const std::vector<std::string>& patterns = {}) {
    return list_git_refs(address(text), patterns, {}, {});
  }
  const Scratch scratch;
  const GitRepository repository{scratch / "code"};
};

TEST_F(GitListingOf, AnEmptyRepository) {
  const auto refs = list(repository.path()).value();
  EXPECT_TRUE(refs.refs.empty());
  EXPECT_EQ(refs.head_id, "");
}

TEST_F(GitListingOf, FollowsEveryChange) {
  const auto id = repository.commit("one");
  auto refs = list(repository.path()).value();
  EXPECT_EQ(refs.head_id, id);
  EXPECT_EQ(refs.head_ref, "refs/heads/main");
  auto before = git_refs_fingerprint(refs);
  EXPECT_EQ(git_refs_fingerprint(list(repository.path()).value()), before);
  for (const auto* change : {"tag v1", "branch other", "checkout --quiet other",
                             "update-ref refs/strange/ref HEAD", "tag -d v1"}) {
    repository.git(change);
    const auto after = git_refs_fingerprint(list(repository.path()).value());
    EXPECT_NE(after, before) << change;
    before = after;
  }
  EXPECT_EQ(list(repository.path(), {"oth*"}).value().refs.size(), 1U);
}

TEST_F(GitListingOf, SaysWhatIsNotThere) {
  const auto got = list(scratch / "nothing");
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), ErrorCode::not_found);
  EXPECT_THAT(got.error().message(), HasSubstr("no git repository"));
  const auto away = list("ssh://127.0.0.1:1/x");
  ASSERT_FALSE(away.ok());
  EXPECT_EQ(away.error().code(), ErrorCode::unavailable);
  EXPECT_EQ(list(repository.path(), {"a*b*c"}).error().code(), ErrorCode::invalid_argument);
}

TEST_F(GitListingOf, ALeadingDashAndOtherNames) {
  const GitRepository strange(scratch / "-x $(touch harm); \"quoted");
  strange.commit("one");
  EXPECT_EQ(
      list_git_refs(parse_git_address(strange.path(), "/").value(), {}, {}, {}).value().refs.size(),
      1U);
  EXPECT_FALSE(exists("harm"));
}

TEST_F(GitListingOf, AHooksVariablesDoNotLeadAstray) {
  repository.commit("one");
  ::setenv("GIT_DIR", "/nowhere", 1);
  ::setenv("GIT_INDEX_FILE", "/nowhere/index", 1);
  const auto refs = list(repository.path());
  ::unsetenv("GIT_DIR");
  ::unsetenv("GIT_INDEX_FILE");
  EXPECT_EQ(refs.value().refs.size(), 1U);
}

}  // namespace
}  // namespace holdfast::source::test
