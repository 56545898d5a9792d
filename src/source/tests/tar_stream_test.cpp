// Tar archives in pieces of any length, and those that are refused.
#include "postgres/tar_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "support/tar_writer.hpp"

namespace holdfast::source {
namespace {

using base::ErrorCode;
using test::sealed;
using test::tar_header;
using test::tar_member;

class Collected final : public TarReceiver {
 public:
  base::Result<void> begin_member(const TarMember& member) override {
    members.push_back(member);
    contents.emplace_back();
    open = true;
    return {};
  }
  base::Result<void> content(base::ByteView bytes) override {
    contents.back() += base::as_text(bytes);
    return {};
  }
  base::Result<void> end_member() override {
    EXPECT_TRUE(open);
    EXPECT_EQ(contents.back().size(), members.back().size);
    open = false;
    return {};
  }
  std::vector<TarMember> members;
  std::vector<std::string> contents;
  bool open = false;
};

base::Result<void> read(const std::string& archive, std::size_t piece, Collected& into) {
  TarStream stream(into);
  for (std::size_t at = 0; at < archive.size(); at += piece) {
    TRY(stream.feed(base::as_bytes(std::string_view(archive).substr(at, piece))));
  }
  return stream.finish();
}

ErrorCode code_of(const std::string& archive) {
  Collected into;
  const auto done = read(archive, 1'000, into);
  return done.ok() ? ErrorCode::internal : done.error().code();
}

TEST(TarStream, MembersComeWhateverThePieces) {
  const std::string large(1'500, 'x');
  const auto archive =
      tar_member({.path = "base", .kind = '5'}) + tar_member({.path = "base/1", .content = "one"}) +
      tar_member({.path = "empty"}) + tar_member({.path = "large", .content = large}) +
      tar_member({.path = "exact", .content = std::string(512, 'e')}) +
      tar_member({.path = "pg_tblspc/16384", .kind = '2', .link = "/srv/fast"});
  for (const std::size_t piece : {1U, 7U, 511U, 512U, 513U, 100'000U}) {
    for (const std::size_t zeros : {0U, 512U, 1024U}) {
      Collected into;
      ASSERT_TRUE(read(archive + std::string(zeros, '\0'), piece, into).ok()) << piece;
      ASSERT_EQ(into.members.size(), 6U);
      EXPECT_EQ(into.members[0].kind, TarMember::Kind::directory);
      EXPECT_EQ(into.members[0].mode, 0700U);
      EXPECT_EQ(into.members[1].path, "base/1");
      EXPECT_EQ(into.members[1].uid, 102U);
      EXPECT_EQ(into.members[1].gid, 106U);
      EXPECT_EQ(into.members[1].user, "postgres");
      EXPECT_EQ(into.members[1].mtime_seconds, 1'610'612'736);
      EXPECT_EQ(into.contents[1], "one");
      EXPECT_EQ(into.contents[3], large);
      EXPECT_EQ(into.members[5].kind, TarMember::Kind::symlink);
      EXPECT_EQ(into.members[5].link, "/srv/fast");
      EXPECT_FALSE(into.open);
    }
  }
}

TEST(TarStream, LargeSizesAreBinary) {
  auto header = tar_header({.path = "huge"});
  for (int i = 0; i < 12; ++i) header[124 + i] = '\0';
  header[124] = static_cast<char>(0x80);
  header[131] = 2;  // 2 << 32
  Collected into;
  TarStream stream(into);
  ASSERT_TRUE(stream.feed(base::as_bytes(sealed(header))).ok());
  ASSERT_EQ(into.members.size(), 1U);
  EXPECT_EQ(into.members[0].size, std::uint64_t{2} << 32);
  EXPECT_EQ(stream.finish().error().code(), ErrorCode::damaged);  // it never came
}

TEST(TarStream, PathsCantLeaveTheirPlace) {
  EXPECT_EQ(code_of(tar_member({.path = "/etc/passwd"})), ErrorCode::damaged);
  EXPECT_EQ(code_of(tar_member({.path = "a/../../b"})), ErrorCode::damaged);
  Collected into;
  ASSERT_TRUE(
      read(tar_member({.path = "./", .kind = '5'}) + tar_member({.path = "./a//b/"}), 512, into)
          .ok());
  ASSERT_EQ(into.members.size(), 1U);
  EXPECT_EQ(into.members[0].path, "a/b");
}

TEST(TarStream, DamageIsSeen) {
  const auto good = tar_member({.path = "a", .content = "content"});
  EXPECT_EQ(code_of(good.substr(0, 300)), ErrorCode::damaged);
  EXPECT_EQ(code_of(good.substr(0, 515)), ErrorCode::damaged);
  EXPECT_EQ(code_of(good.substr(0, 600)), ErrorCode::damaged);
  auto flipped = good;
  flipped[0] = 'b';
  EXPECT_EQ(code_of(flipped), ErrorCode::damaged);
  auto wrong_number = tar_header({.path = "a"});
  wrong_number[130] = '9';
  EXPECT_EQ(code_of(sealed(wrong_number)), ErrorCode::damaged);
  auto no_magic = tar_header({.path = "a"});
  no_magic[257] = 'x';
  EXPECT_EQ(code_of(sealed(no_magic)), ErrorCode::damaged);
  EXPECT_EQ(code_of(std::string(1024, '\0') + good), ErrorCode::damaged);
}

TEST(TarStream, OtherKindsAreRefused) {
  for (const char kind : {'1', '3', '6', 'x', 'L'}) {
    EXPECT_EQ(code_of(tar_member({.path = "a", .kind = kind})), ErrorCode::unsupported) << kind;
  }
}

}  // namespace
}  // namespace holdfast::source
