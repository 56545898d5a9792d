// The rules of .gitignore, one by one.
#include "source/files/gitignore.hpp"

#include <gtest/gtest.h>

namespace holdfast::source {
namespace {

using Verdict = GitignoreRules::Verdict;

Verdict verdict(std::string_view text, std::string_view path, PathKind kind = PathKind::other,
                std::size_t inner = 0) {
  GitignoreRules rules;
  rules.add_text(text);
  return rules.match({.path = path, .kind = kind, .inner = inner});
}

bool ignored(std::string_view text, std::string_view path, PathKind kind = PathKind::other) {
  return verdict(text, path, kind) == Verdict::ignored;
}

TEST(Gitignore, APatternWithoutSlashMatchesTheNameAnywhere) {
  EXPECT_TRUE(ignored("foo", "foo"));
  EXPECT_TRUE(ignored("foo", "a/b/foo"));
  EXPECT_FALSE(ignored("foo", "foobar"));
  EXPECT_FALSE(ignored("foo", "foo/bar"));
  EXPECT_TRUE(ignored("*.o", "a/x.o"));
  EXPECT_TRUE(ignored("*.o", ".o"));
  EXPECT_FALSE(ignored("*.o", "x.oo"));
}

TEST(Gitignore, APatternWithASlashIsAnchored) {
  EXPECT_TRUE(ignored("/foo", "foo"));
  EXPECT_FALSE(ignored("/foo", "a/foo"));
  EXPECT_TRUE(ignored("a/b", "a/b"));
  EXPECT_FALSE(ignored("a/b", "x/a/b"));
  EXPECT_FALSE(ignored("a/*", "a/b/c"));
  EXPECT_FALSE(ignored("a?b", "a/b"));
  EXPECT_FALSE(ignored("/a[/]b", "a/b"));
}

TEST(Gitignore, ATrailingSlashMeansDirectoriesOnly) {
  EXPECT_TRUE(ignored("foo/", "a/foo", PathKind::directory));
  EXPECT_FALSE(ignored("foo/", "a/foo"));
  EXPECT_TRUE(ignored("a/foo/", "a/foo", PathKind::directory));
}

TEST(Gitignore, TwoStarsCrossDirectories) {
  EXPECT_TRUE(ignored("**/foo", "foo"));
  EXPECT_TRUE(ignored("**/foo", "a/b/foo"));
  EXPECT_TRUE(ignored("a/**/b", "a/b"));
  EXPECT_TRUE(ignored("a/**/b", "a/x/y/b"));
  EXPECT_FALSE(ignored("a/**/b", "ab"));
  EXPECT_TRUE(ignored("a/**", "a/x/y"));
  EXPECT_FALSE(ignored("a/**", "a"));
  EXPECT_FALSE(ignored("?a**/b", "xa/x/b"));
  EXPECT_TRUE(ignored("?a**/b", "xaxx/b"));
  EXPECT_TRUE(ignored("a**/b", "a/x/b"));  // git's own reading of stars after a literal beginning
}

TEST(Gitignore, ClassesEscapesAndNegatedClasses) {
  EXPECT_TRUE(ignored("[a-c]x", "bx"));
  EXPECT_FALSE(ignored("[!a-c]x", "bx"));
  EXPECT_TRUE(ignored("[^a-c]x", "dx"));
  EXPECT_TRUE(ignored("[]-]x", "]x"));
  EXPECT_TRUE(ignored("[]-]x", "-x"));
  EXPECT_TRUE(ignored("[[:digit:]]x", "7x"));
  EXPECT_FALSE(ignored("[[:nonsense:]]x", "7x"));
  EXPECT_FALSE(ignored("[abc", "a"));
  EXPECT_TRUE(ignored("\\*x", "*x"));
  EXPECT_FALSE(ignored("\\*x", "ax"));
  EXPECT_FALSE(ignored("x\\", "x"));
  EXPECT_TRUE(ignored("[\\]]", "]"));
}

TEST(Gitignore, TheLastMatchDecidesAndNegationKeeps) {
  EXPECT_EQ(verdict("*.o\n!keep.o\n", "keep.o"), Verdict::kept);
  EXPECT_EQ(verdict("!keep.o\n*.o\n", "keep.o"), Verdict::ignored);
  EXPECT_EQ(verdict("*.o\n", "x.c"), Verdict::none);
  EXPECT_TRUE(ignored("\\!x", "!x"));
}

TEST(Gitignore, CommentsSpacesAndLineEnds) {
  EXPECT_FALSE(ignored("#foo", "#foo"));
  EXPECT_TRUE(ignored("\\#foo", "#foo"));
  EXPECT_TRUE(ignored("foo   \n", "foo"));
  EXPECT_TRUE(ignored("foo\\ ", "foo "));
  EXPECT_TRUE(ignored("foo\r\nbar", "foo"));
  EXPECT_TRUE(
      ignored("\xef\xbb\xbf"
              "foo",
              "foo"));
  EXPECT_EQ(verdict("\n\n   \n/\n", "x"), Verdict::none);
}

TEST(Gitignore, BytesThatAreNoTextAreOrdinary) {
  EXPECT_TRUE(ignored("\xff*\x80",
                      "\xff"
                      "abc\x80"));
  EXPECT_TRUE(ignored("a[\x80-\xff]", "a\xc3"));
  EXPECT_TRUE(ignored("a?b", "a\nb"));
}

TEST(Gitignore, AnAnchoredPatternAlsoMatchesFromTheInnerPlace) {
  EXPECT_EQ(verdict("/cache", "home/u/cache", PathKind::directory, 7), Verdict::ignored);
  EXPECT_EQ(verdict("/home/u/cache", "home/u/cache", PathKind::directory, 7), Verdict::ignored);
  EXPECT_EQ(verdict("/u/cache", "home/u/cache", PathKind::directory, 7), Verdict::none);
}

TEST(Gitignore, ManyStarsTakeNoExponentialTime) {
  std::string pattern = "/";
  for (int i = 0; i < 60; ++i) pattern += "*a";
  pattern += "b";
  EXPECT_FALSE(ignored(pattern, std::string(4000, 'a')));
}

}  // namespace
}  // namespace holdfast::source
