// Mirrors of real repositories: every ref, whatever its name; changes, removals, damage; pushing,
// and how far a place is behind.
#include "source/git/mirror.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "codec/hash.hpp"
#include "support/git_repository.hpp"

namespace holdfast::source::test {
namespace {

using base::ErrorCode;
using testing::HasSubstr;

class GitMirrorTest : public testing::Test {
 protected:
  base::Result<GitRefreshReport> try_refresh(std::vector<std::string> patterns = {}) {
    const auto mirror = GitMirror::open(scratch / "state/mirror", {}, {}).value();
    return mirror->refresh({.from = {.kind = GitAddress::Kind::path, .text = repository.path()},
                            .patterns = std::move(patterns)},
                           {});
  }
  GitRefreshReport refresh(std::vector<std::string> patterns = {}) {
    auto report = try_refresh(std::move(patterns));
    EXPECT_TRUE(report.ok()) << report.error().to_string();
    return std::move(report).value();
  }
  base::Result<GitPushReport> push(const std::string& to) {
    const auto mirror = GitMirror::open(scratch / "state/mirror", {}, {}).value();
    return mirror->push({.kind = GitAddress::Kind::path, .text = to}, {});
  }
  std::string mirrored(const std::string& arguments) const {
    std::string output;
    EXPECT_TRUE(
        shell("git -C '" + (scratch / "state/mirror") + "' " + arguments + " 2>&1", &output))
        << output;
    while (output.ends_with('\n')) output.pop_back();
    return output;
  }

  const Scratch scratch;
  const GitRepository repository{scratch / "code"};
};

TEST_F(GitMirrorTest, TakesEveryRef) {
  const auto id = repository.commit("one");
  repository.git("tag light");
  repository.git("tag -a heavy -m words");
  repository.git("branch 'with/slash'");
  repository.git("branch 'quote\"and$dollar;semi'");
  repository.git("branch \"$(printf 'caf\\303\\251')\"");
  repository.git("branch \"$(printf 'not-utf8-\\377')\"");
  repository.git("branch tmp_work");
  repository.git("update-ref refs/strange/place HEAD");
  repository.git("update-ref refs/heads/-dash HEAD");
  write_file(repository.path() + "/file", "stashed");
  repository.git("stash --quiet");
  const auto report = refresh();
  EXPECT_EQ(report.head_id, id);
  EXPECT_EQ(report.head_ref, "refs/heads/main");
  EXPECT_EQ(report.change, GitRefreshReport::Refs::changed);
  EXPECT_TRUE(report.warnings.empty());
  EXPECT_EQ(mirrored("show-ref"), repository.refs());
  EXPECT_EQ(mirrored("symbolic-ref HEAD"), "refs/heads/main");
  mirrored("fsck --strict");
  EXPECT_TRUE(shell("git clone --quiet '" + (scratch / "state/mirror") + "' '" +
                    (scratch / "clone") + "'"));
  EXPECT_EQ(read_file(scratch / "clone/file"), "one");
}

TEST_F(GitMirrorTest, NothingNewChangesNothing) {
  repository.commit("one");
  refresh();
  std::string before;
  shell("cd '" + (scratch / "state/mirror") + "' && find . -type f | xargs stat -c '%n %Y %i'",
        &before);
  EXPECT_EQ(refresh().change, GitRefreshReport::Refs::unchanged);
  std::string after;
  shell("cd '" + (scratch / "state/mirror") + "' && find . -type f | xargs stat -c '%n %Y %i'",
        &after);
  EXPECT_EQ(after, before);
}

TEST_F(GitMirrorTest, FollowsRewritingAndRemoval) {
  repository.commit("one");
  repository.git("branch gone");
  refresh();
  repository.git("branch -D gone");
  repository.git("branch gone/deeper");
  repository.git("commit --quiet --amend -m rewritten");
  repository.git("checkout --quiet -b other");
  const auto report = refresh();
  EXPECT_EQ(report.change, GitRefreshReport::Refs::changed);
  EXPECT_EQ(report.head_ref, "refs/heads/other");
  EXPECT_EQ(mirrored("show-ref"), repository.refs());
}

TEST_F(GitMirrorTest, ADetachedHeadComesToo) {
  repository.commit("one");
  repository.git("checkout --quiet --detach");
  const auto id = repository.commit("on no branch");
  const auto report = refresh();
  EXPECT_EQ(report.head_id, id);
  EXPECT_EQ(report.head_ref, "");
  EXPECT_EQ(mirrored("cat-file -t " + id), "commit");
  EXPECT_EQ(refresh().change, GitRefreshReport::Refs::unchanged);
  repository.git("checkout --quiet main");
  EXPECT_EQ(refresh().head_ref, "refs/heads/main");
}

TEST_F(GitMirrorTest, AnEmptyRepositoryIsAWarning) {
  const auto report = refresh();
  EXPECT_EQ(report.refs, 0U);
  ASSERT_EQ(report.warnings.size(), 1U);
  EXPECT_THAT(report.warnings[0], HasSubstr("no refs"));
  repository.commit("one");
  EXPECT_EQ(refresh().refs, 1U);
}

TEST_F(GitMirrorTest, OnlyWhatPatternsWant) {
  repository.commit("one");
  repository.git("tag v1");
  repository.git("tag w1");
  repository.git("branch other");
  EXPECT_EQ(refresh().refs, 4U);
  EXPECT_EQ(refresh({"main", "v*"}).refs, 2U);
  EXPECT_THAT(mirrored("show-ref"), testing::Not(HasSubstr("w1")));
  const auto none = try_refresh({"nothing"});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), ErrorCode::not_found);
}

TEST_F(GitMirrorTest, AShallowSourceIsRefused) {
  repository.commit("one");
  repository.commit("two");
  EXPECT_TRUE(shell("git clone --quiet --depth 1 'file://" + repository.path() + "' '" +
                    (scratch / "shallow") + "'"));
  const auto mirror = GitMirror::open(scratch / "state/mirror", {}, {}).value();
  const auto got =
      mirror->refresh({.from = {.kind = GitAddress::Kind::path, .text = scratch / "shallow"}}, {});
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), ErrorCode::unsupported);
  EXPECT_THAT(got.error().hint(), HasSubstr("unshallow"));
}

TEST_F(GitMirrorTest, ACorruptSourceIsDamageAndWhatWasStays) {
  repository.commit("one");
  refresh();
  const auto before = mirrored("show-ref");
  repository.commit("two");
  const auto blob = repository.git("rev-parse HEAD:file");
  const auto object =
      repository.path() + "/.git/objects/" + blob.substr(0, 2) + "/" + blob.substr(2);
  EXPECT_TRUE(shell("rm -f '" + object + "'"));
  const auto got = try_refresh();
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), ErrorCode::damaged) << got.error().to_string();
  EXPECT_EQ(mirrored("show-ref"), before);
  mirrored("fsck");
}

TEST_F(GitMirrorTest, WhatAKilledRunLeftIsCleanedAway) {
  repository.commit("one");
  refresh();
  write_file(scratch / "state/mirror/packed-refs.lock", "");
  write_file(scratch / "state/mirror/refs/heads/main.lock", "");
  write_file(scratch / "state/mirror/HEAD.lock", "");
  write_file(scratch / "state/mirror/objects/pack/tmp_pack_abc", "half");
  repository.commit("two");
  repository.git("checkout --quiet -b other");
  EXPECT_EQ(refresh().refs, 2U);
  EXPECT_FALSE(exists(scratch / "state/mirror/objects/pack/tmp_pack_abc"));
}

TEST_F(GitMirrorTest, ABrokenMirrorIsMadeAnew) {
  repository.commit("one");
  refresh();
  EXPECT_TRUE(shell("rm -rf '" + (scratch / "state/mirror/objects/pack") + "'"));
  repository.commit("two");
  EXPECT_EQ(refresh().refs, 1U);
  mirrored("fsck");
}

TEST_F(GitMirrorTest, OfAnotherRepositoryNothingStays) {
  const auto id = repository.commit("one");
  refresh();
  const GitRepository other(scratch / "other");
  other.commit("another");
  const auto mirror = GitMirror::open(scratch / "state/mirror", {}, {}).value();
  EXPECT_TRUE(
      mirror->refresh({.from = {.kind = GitAddress::Kind::path, .text = other.path()}}, {}).ok());
  EXPECT_EQ(mirrored("show-ref"), other.refs());
  EXPECT_FALSE(shell("git -C '" + (scratch / "state/mirror") + "' cat-file -e " + id));
}

TEST_F(GitMirrorTest, OneAtATime) {
  repository.commit("one");
  const auto first = GitMirror::open(scratch / "state/mirror", {}, {}).value();
  std::stop_source stop;
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop.request_stop();
  });
  const auto second = GitMirror::open(scratch / "state/mirror", {}, stop.get_token());
  later.join();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::cancelled);
}

TEST_F(GitMirrorTest, LargeFilesComeToo) {
  const std::string content = "large";
  const auto id = base::to_hex(codec::sha256(base::as_bytes(content)));
  const auto place = id.substr(0, 2) + "/" + id.substr(2, 2) + "/";
  write_file(repository.path() + "/.gitattributes", "*.bin filter=lfs\n");
  repository.git("-c filter.lfs.clean=cat -c filter.lfs.required=false add -A");
  repository.commit("one");
  auto report = refresh();
  ASSERT_EQ(report.warnings.size(), 1U);
  EXPECT_THAT(report.warnings[0], HasSubstr("Git LFS"));
  make_directory(repository.path() + "/.git/lfs/objects/" + place);
  write_file(repository.path() + "/.git/lfs/objects/" + place + id, content);
  const std::string wrong(64, 'a');
  make_directory(repository.path() + "/.git/lfs/objects/aa/aa");
  write_file(repository.path() + "/.git/lfs/objects/aa/aa/" + wrong, "not its hash");
  report = refresh();
  EXPECT_EQ(report.large_files_added, 1U);
  ASSERT_EQ(report.warnings.size(), 1U);
  EXPECT_THAT(report.warnings[0], HasSubstr(wrong));
  EXPECT_EQ(read_file(scratch / ("state/mirror/lfs/objects/" + place + id)), content);
  EXPECT_FALSE(exists(scratch / ("state/mirror/lfs/objects/aa/aa/" + wrong)));
  EXPECT_EQ(refresh().large_files_added, 0U);
}

TEST_F(GitMirrorTest, PushesAllButWhatBelongsToOneClone) {
  const GitRepository forge(scratch / "forge.git", GitRepository::Bare::yes);
  repository.commit("one");
  repository.git("tag v1");
  repository.git("branch gone");
  repository.git("update-ref refs/remotes/origin/main HEAD");
  repository.git("update-ref refs/stash HEAD");
  repository.git("update-ref refs/notes/commits HEAD");
  repository.git("update-ref refs/single HEAD");
  refresh();
  auto report = push(forge.path()).value();
  EXPECT_EQ(report.refs_changed, 4U);
  EXPECT_EQ(report.head_id, repository.git("rev-parse HEAD"));
  EXPECT_THAT(forge.refs(), testing::Not(HasSubstr("remotes")));
  EXPECT_THAT(forge.refs(), testing::Not(HasSubstr("stash")));
  EXPECT_THAT(forge.refs(), HasSubstr("refs/notes/commits"));
  EXPECT_EQ(push(forge.path()).value().refs_changed, 0U);
  forge.git("update-ref refs/pull/1/head refs/heads/main");
  repository.git("branch -D gone");
  repository.git("update-ref -d refs/notes/commits");
  repository.git("commit --quiet --amend -m rewritten");
  refresh();
  report = push(forge.path()).value();
  EXPECT_EQ(report.refs_changed, 3U);
  EXPECT_THAT(forge.refs(), testing::Not(HasSubstr("gone")));
  EXPECT_THAT(forge.refs(), testing::Not(HasSubstr("notes")));
  EXPECT_THAT(forge.refs(), HasSubstr("refs/pull/1/head"));
  forge.git("fsck");
}

TEST_F(GitMirrorTest, APlaceThatIsDownOrRefusesSaysSo) {
  repository.commit("one");
  refresh();
  EXPECT_EQ(push(scratch / "nothing").error().code(), ErrorCode::not_found);
  const GitRepository forge(scratch / "forge.git", GitRepository::Bare::yes);
  write_file(forge.path() + "/hooks/pre-receive", "#!/bin/sh\necho not today\nexit 1\n");
  EXPECT_TRUE(shell("chmod +x '" + forge.path() + "/hooks/pre-receive'"));
  const auto refused = push(forge.path());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::io);
  EXPECT_THAT(refused.error().message(), HasSubstr("not today"));
}

TEST_F(GitMirrorTest, RemoteRepositoriesAreFollowedAndPushedTo) {
  const GitRepository answers(scratch / "served/answers.git", GitRepository::Bare::yes);
  const GitRepository forge(scratch / "served/forge.git", GitRepository::Bare::yes);
  write_file(repository.path() + "/.gitattributes", "*.bin filter=lfs\n");
  repository.commit("one");
  repository.git("tag v1");
  EXPECT_TRUE(shell("git clone --quiet --mirror '" + repository.path() + "' '" +
                    (scratch / "served/code.git") + "'"));
  const GitServer server(scratch / "served");
  const auto mirror = GitMirror::open(scratch / "state/mirror", {}, {}).value();
  const auto follow = [&](const std::string& name) {
    return mirror->refresh({.from = {.kind = GitAddress::Kind::url, .text = server.url(name)}}, {});
  };
  const auto report = follow("code.git").value();
  EXPECT_EQ(report.refs, 2U);
  if (!shell("git lfs version >/dev/null 2>&1")) {
    ASSERT_EQ(report.warnings.size(), 1U);
    EXPECT_THAT(report.warnings[0], HasSubstr("install git-lfs"));
  }
  const GitAddress to{.kind = GitAddress::Kind::url, .text = server.url("forge.git")};
  EXPECT_EQ(mirror->push(to, {}).value().refs_changed, 2U);
  EXPECT_EQ(forge.refs(), repository.refs());
  const auto gone = follow("nothing.git");
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code(), ErrorCode::unavailable);
  EXPECT_EQ(mirrored("show-ref"), repository.refs());
}

TEST_F(GitMirrorTest, ARemoteShallowRepositoryIsRefused) {
  const GitRepository answers(scratch / "served/answers.git", GitRepository::Bare::yes);
  repository.commit("one");
  repository.commit("two");
  EXPECT_TRUE(shell("git clone --quiet --bare --depth 1 'file://" + repository.path() + "' '" +
                    (scratch / "served/shallow.git") + "'"));
  const GitServer server(scratch / "served");
  const auto mirror = GitMirror::open(scratch / "state/mirror", {}, {}).value();
  const auto got = mirror->refresh(
      {.from = {.kind = GitAddress::Kind::url, .text = server.url("shallow.git")}}, {});
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), ErrorCode::unsupported) << got.error().to_string();
}

TEST_F(GitMirrorTest, SomebodyElsesRepositoryIsRead) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  repository.commit("one");
  EXPECT_TRUE(shell("chown -R 12345:12345 '" + repository.path() + "'"));
  EXPECT_EQ(refresh().refs, 1U);
}

TEST_F(GitMirrorTest, LagIsRefsAndTheOldestCommit) {
  const GitRepository forge(scratch / "forge.git", GitRepository::Bare::yes);
  repository.commit("one");
  refresh();
  EXPECT_TRUE(push(forge.path()).ok());
  const auto lag = [&] {
    const auto list = [](const std::string& path) {
      return list_git_refs({.kind = GitAddress::Kind::path, .text = path}, {}, {}, {}).value();
    };
    return git_lag(list(repository.path()), list(forge.path()), repository.path(), {}, {}).value();
  };
  EXPECT_EQ(lag().refs, 0U);
  EXPECT_FALSE(lag().oldest);
  shell("sleep 0");
  write_file(repository.path() + "/file", "two");
  shell("cd '" + repository.path() +
        "' && GIT_COMMITTER_DATE='2001-02-03T04:05:06Z' git -c user.name=x -c user.email=x "
        "commit --quiet -am two");
  repository.commit("three");
  repository.git("tag v2");
  EXPECT_EQ(lag().refs, 2U);
  ASSERT_TRUE(lag().oldest);
  EXPECT_EQ(base::format_utc(*lag().oldest), "2001-02-03T04:05:06Z");
}

}  // namespace
}  // namespace holdfast::source::test
