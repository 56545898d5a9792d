// Generated patterns and trees, judged by us and by `git check-ignore`.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.hpp"
#include "source/files/gitignore.hpp"
#include "support/scratch.hpp"

namespace holdfast::source {
namespace {

using test::Scratch;

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t bound) { return random_.below(bound); }

  std::string name() {
    static const std::vector<std::string> parts{"a",  "b", "ab", ".x", "a b",      "[", "]", "-",
                                                "\\", "*", "!",  "#",  "\xc3\xa9", "1", "A"};
    std::string text;
    for (std::size_t i = 0; i <= below(3); ++i) text += parts[below(parts.size())];
    return text;
  }
  std::string pattern() {
    static const std::vector<std::string> parts{
        "a",           "b",          "ab",   "*",     "**",        "?",        "/",    "/",
        "[ab]",        "[!a]",       "[^b]", "[a-z]", "]",         "[]a]",     "[a-]", "[",
        "[[:alpha:]]", "[[:digit:]", "\\",   "\\*",   "\\[",       ".x",       " ",    "\\ ",
        "**/",         "/**",        "/**/", "[\\]]", "[[:bad:]]", "\xc3\xa9", "#",    "!",
        "-",           "[b-a]",      "*",    "a**/"};
    std::string text = below(6) == 0 ? "!" : below(4) == 0 ? "/" : "";
    for (std::size_t i = 0; i <= below(5); ++i) text += parts[below(parts.size())];
    if (below(5) == 0) text += "/";
    if (below(10) == 0) text += "  ";
    return text;
  }

 private:
  base::SeededRandom random_;
};

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// What git ignores of `paths`, as it names them; the tree exists in `repository`.
std::vector<std::string> ignored_by_git(const std::string& repository,
                                        const std::vector<std::string>& paths) {
  std::string input;
  for (const auto& path : paths) input += path + '\0';
  test::write_file(repository + "/.git/input", input);
  std::string output;
  test::shell(
      "cd " + quoted(repository) + " && git check-ignore --no-index -z --stdin < .git/input",
      &output);
  std::vector<std::string> names;
  while (!output.empty()) {
    const auto end = std::min(output.find('\0'), output.size());
    names.push_back(output.substr(0, end));
    output.erase(0, end + 1);
  }
  return names;
}

// What we ignore: a path is, if it is itself or lies in an ignored directory.
bool ignored_by_us(const GitignoreRules& rules, const std::string& path, bool is_directory) {
  for (auto slash = path.find('/');; slash = path.find('/', slash + 1)) {
    const bool last = slash == std::string::npos;
    const auto kind = !last || is_directory ? PathKind::directory : PathKind::other;
    const auto part = std::string_view(path).substr(0, slash);
    if (rules.match({.path = part, .kind = kind}) == GitignoreRules::Verdict::ignored) return true;
    if (last) return false;
  }
}

TEST(GitignoreConformance, AgreesWithGit) {
  if (!test::shell("git --version")) GTEST_SKIP() << "git is not installed";
  std::size_t compared = 0;
  std::size_t matched = 0;
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    Generator generator(seed);
    const Scratch scratch;
    ASSERT_TRUE(test::shell("git init -q " + scratch.path()));
    std::vector<std::pair<std::string, bool>> tree;
    for (int i = 0; i < 40; ++i) {
      std::string path = generator.name();
      for (std::size_t depth = generator.below(3); depth > 0; --depth) {
        const bool known =
            std::ranges::any_of(tree, [&](const auto& each) { return each.first == path; });
        if (!test::exists(scratch / path)) test::make_directory(scratch / path);
        if (!known && test::exists(scratch / path)) tree.emplace_back(path, true);
        path += "/" + generator.name();
      }
      const auto parent =
          path.substr(0, path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
      if (test::exists(scratch / path) ||
          (!parent.empty() && !test::exists((scratch / parent) + "/.")))
        continue;
      test::write_file(scratch / path, "");
      tree.emplace_back(path, false);
    }
    for (int round = 0; round < 25; ++round) {
      std::string text;
      for (std::size_t i = 0; i <= generator.below(3); ++i) text += generator.pattern() + "\n";
      test::write_file(scratch / ".gitignore", text);
      std::vector<std::string> paths;
      std::vector<std::string> ours;
      GitignoreRules rules;
      rules.add_text(text);
      for (const auto& [path, is_directory] : tree) {
        if (!test::exists(scratch / path)) continue;
        const bool directory = is_directory && test::exists((scratch / path) + "/.");
        paths.push_back(path);
        if (ignored_by_us(rules, path, directory)) ours.push_back(path);
      }
      const auto theirs = ignored_by_git(scratch.path(), paths);
      EXPECT_EQ(ours, theirs) << "seed " << seed << ", patterns:\n" << text;
      compared += paths.size();
      matched += theirs.size();
    }
  }
  // Otherwise the generator makes nothing worth comparing.
  EXPECT_GT(matched, compared / 50);
}

}  // namespace
}  // namespace holdfast::source
