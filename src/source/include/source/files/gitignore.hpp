// Patterns in the syntax of .gitignore, for excludes and includes: negation, anchoring, `**`,
// directories only, character classes, escapes. Names are raw bytes. What matches is what `git
// check-ignore` says.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::source {

enum class PathKind { directory, other };

// What is asked about. `path` is relative to the place to which the rules belong: components joined
// by '/', without one at the start. `inner` is a second place, given as an offset into `path`, from
// which anchored patterns match too.
struct IgnoreSubject {
  std::string_view path;
  PathKind kind = PathKind::other;
  std::size_t inner = 0;
};

// One pattern, compiled. Matching takes at most (length of path) * (length of pattern) steps.
class GitignorePattern {
 public:
  // `line`: without its end of line; neither empty nor a comment.
  explicit GitignorePattern(std::string_view line);
  [[nodiscard]] bool matches(const IgnoreSubject& subject) const;
  [[nodiscard]] bool negated() const noexcept { return negated_; }

 private:
  // skip: to the next step or past the two after it, which makes the `**/` between directories
  // optional.
  enum class StepKind : std::uint8_t { byte, any, set, star, star_all, skip };
  struct Step {
    StepKind kind;
    unsigned char byte = 0;  // byte
    std::uint32_t set = 0;   // set: index into sets_
  };
  enum class Shape { literal, suffix, steps, nothing };

  void compile(std::string_view glob);
  // The length of the stars at `at`, whose steps it adds.
  std::size_t compile_stars(std::string_view glob, std::size_t at);
  // The length of the class at `at`, 0 if it is malformed.
  std::size_t compile_set(std::string_view glob, std::size_t at);
  [[nodiscard]] bool matches_text(std::string_view text) const;
  [[nodiscard]] bool run_steps(std::string_view text) const;
  [[nodiscard]] bool accepts(const Step& step, unsigned char c) const;

  bool negated_ = false;
  bool directories_only_ = false;
  bool name_only_ = false;  // no slash: matches the last component, wherever it is
  Shape shape_ = Shape::nothing;
  std::string literal_;  // shapes literal and suffix
  std::vector<Step> steps_;
  std::vector<std::bitset<256>> sets_;
};

// The patterns of one file or one command line; the last one that matches decides. Immutable while
// it is shared.
class GitignoreRules {
 public:
  enum class Verdict { none, ignored, kept };

  // One line as it stands in a file: trailing spaces, comments and empty lines are dropped.
  void add_line(std::string_view line);
  void add_text(std::string_view text);
  [[nodiscard]] bool empty() const noexcept { return patterns_.empty(); }
  // About this path alone: that what lies in an ignored directory is ignored is the caller's walk.
  [[nodiscard]] Verdict match(const IgnoreSubject& subject) const;

 private:
  std::vector<GitignorePattern> patterns_;
};

}  // namespace holdfast::source
