// Compiles a pattern to a short list of steps and runs them over a path as a set of states
// (Thompson, "Regular Expression Search Algorithm", 1968), so that no pattern takes exponential
// time.
#include "source/files/gitignore.hpp"

#include <algorithm>
#include <optional>

namespace holdfast::source {

namespace {

bool is_special(char c) { return c == '*' || c == '?' || c == '[' || c == '\\'; }

// Spaces at the end don't count unless a backslash stands before them.
std::string_view without_trailing_spaces(std::string_view line) {
  std::size_t end = line.size();
  bool in_spaces = false;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == ' ') {
      if (!in_spaces) end = at;
      in_spaces = true;
      continue;
    }
    in_spaces = false;
    if (line[at] != '\\') continue;
    if (++at == line.size()) return line;
  }
  return in_spaces ? line.substr(0, end) : line;
}

// The members of a [:class:] as the C locale has them.
std::optional<std::bitset<256>> named_class(std::string_view name) {
  const auto is_digit = [](int c) { return c >= '0' && c <= '9'; };
  const auto is_upper = [](int c) { return c >= 'A' && c <= 'Z'; };
  const auto is_lower = [](int c) { return c >= 'a' && c <= 'z'; };
  const auto is_graph = [](int c) { return c > 0x20 && c < 0x7f; };
  std::bitset<256> set;
  for (int c = 0; c < 256; ++c) {
    const bool letter = is_upper(c) || is_lower(c);
    bool member = false;
    if (name == "alnum")
      member = letter || is_digit(c);
    else if (name == "alpha")
      member = letter;
    else if (name == "blank")
      member = c == ' ' || c == '\t';
    else if (name == "cntrl")
      member = c < 0x20 || c == 0x7f;
    else if (name == "digit")
      member = is_digit(c);
    else if (name == "graph")
      member = is_graph(c);
    else if (name == "lower")
      member = is_lower(c);
    else if (name == "print")
      member = is_graph(c) || c == ' ';
    else if (name == "punct")
      member = is_graph(c) && !letter && !is_digit(c);
    else if (name == "space")
      member = c == ' ' || (c >= '\t' && c <= '\r');
    else if (name == "upper")
      member = is_upper(c);
    else if (name == "xdigit")
      member = is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    else
      return std::nullopt;
    set[static_cast<std::size_t>(c)] = member;
  }
  return set;
}

}  // namespace

GitignorePattern::GitignorePattern(std::string_view line) {
  if (line.starts_with('!')) {
    negated_ = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    directories_only_ = true;
    line.remove_suffix(1);
  }
  name_only_ = line.find('/') == std::string_view::npos;
  if (line.starts_with('/')) line.remove_prefix(1);
  compile(line);
}

void GitignorePattern::compile(std::string_view glob) {
  const auto simple = [](std::string_view text) { return std::ranges::none_of(text, is_special); };
  if (simple(glob)) {
    shape_ = glob.empty() ? Shape::nothing : Shape::literal;
    literal_ = glob;
    return;
  }
  if (name_only_ && glob[0] == '*' && simple(glob.substr(1))) {
    shape_ = Shape::suffix;
    literal_ = glob.substr(1);
    return;
  }
  for (std::size_t at = 0; at < glob.size();) {
    const char c = glob[at];
    if (c == '*') {
      at += compile_stars(glob, at);
    } else if (c == '?') {
      steps_.push_back({.kind = StepKind::any});
      ++at;
    } else if (c == '[') {
      const auto length = compile_set(glob, at);
      if (length == 0) return;
      at += length;
    } else {
      if (c == '\\' && ++at == glob.size()) return;
      steps_.push_back({.kind = StepKind::byte, .byte = static_cast<unsigned char>(glob[at])});
      ++at;
    }
  }
  shape_ = Shape::steps;
}

std::size_t GitignorePattern::compile_stars(std::string_view glob, std::size_t at) {
  const auto end = std::min(glob.find_first_not_of('*', at), glob.size());
  const auto rest = glob.substr(end);
  // git compares the literal beginning by itself, so that stars right after it count as standing at
  // the start.
  const auto literal_end = std::min(glob.find_first_of("*?[\\"), glob.size());
  const bool at_start = at == 0 || (!name_only_ && at == literal_end) || glob[at - 1] == '/';
  const bool alone = at_start && (rest.empty() || rest[0] == '/' || rest.starts_with("\\/"));
  if (end - at < 2 || !alone) {
    steps_.push_back({.kind = StepKind::star});
    return end - at;
  }
  if (!rest.starts_with('/')) {
    steps_.push_back({.kind = StepKind::star_all});
    return end - at;
  }
  steps_.push_back({.kind = StepKind::skip});
  steps_.push_back({.kind = StepKind::star_all});
  steps_.push_back({.kind = StepKind::byte, .byte = '/'});
  return end - at + 1;
}

std::size_t GitignorePattern::compile_set(std::string_view glob, std::size_t at) {
  const auto start = at++;
  const bool inverted = at < glob.size() && (glob[at] == '!' || glob[at] == '^');
  if (inverted) ++at;
  std::bitset<256> set;
  unsigned before = 0;  // the byte that a '-' would continue, 0 for none
  const auto first = at;
  for (;; ++at) {
    if (at >= glob.size()) return 0;
    auto c = static_cast<unsigned char>(glob[at]);
    if (c == ']' && at != first) break;
    if (c == '-' && before != 0 && at + 1 < glob.size() && glob[at + 1] != ']') {
      c = static_cast<unsigned char>(glob[++at]);
      if (c == '\\') {
        if (++at == glob.size()) return 0;
        c = static_cast<unsigned char>(glob[at]);
      }
      for (unsigned member = before; member <= c; ++member) set.set(member);
      before = 0;
      continue;
    }
    if (c == '[' && at + 1 < glob.size() && glob[at + 1] == ':') {
      const auto close = glob.find(']', at + 2);
      if (close == std::string_view::npos) return 0;
      if (close > at + 2 && glob[close - 1] == ':') {
        const auto members = named_class(glob.substr(at + 2, close - at - 3));
        if (!members) return 0;
        set |= *members;
        at = close;
        before = 0;
        continue;
      }
    } else if (c == '\\') {
      if (++at == glob.size()) return 0;
      c = static_cast<unsigned char>(glob[at]);
    }
    set.set(c);
    before = c;
  }
  if (inverted) set.flip();
  set.reset('/');
  steps_.push_back({.kind = StepKind::set, .set = static_cast<std::uint32_t>(sets_.size())});
  sets_.push_back(set);
  return at + 1 - start;
}

bool GitignorePattern::accepts(const Step& step, unsigned char c) const {
  switch (step.kind) {
    case StepKind::byte: return c == step.byte;
    case StepKind::any:
    case StepKind::star: return c != '/';
    case StepKind::set: return sets_[step.set][c];
    case StepKind::star_all: return true;
    case StepKind::skip: return false;
  }
  return false;
}

bool GitignorePattern::run_steps(std::string_view text) const {
  const auto count = steps_.size();
  // State i: the steps before i have matched what was read.
  std::vector<std::uint8_t> now(count + 1);
  std::vector<std::uint8_t> next(count + 1);
  const auto spread = [&](std::vector<std::uint8_t>& states) {
    for (std::size_t i = 0; i < count; ++i) {
      if (states[i] == 0) continue;
      const auto kind = steps_[i].kind;
      if (kind == StepKind::star || kind == StepKind::star_all || kind == StepKind::skip)
        states[i + 1] = 1;
      if (kind == StepKind::skip) states[i + 3] = 1;
    }
  };
  now[0] = 1;
  spread(now);
  for (const char c : text) {
    std::ranges::fill(next, 0);
    bool alive = false;
    for (std::size_t i = 0; i < count; ++i) {
      if (now[i] == 0 || !accepts(steps_[i], static_cast<unsigned char>(c))) continue;
      const auto kind = steps_[i].kind;
      next[kind == StepKind::star || kind == StepKind::star_all ? i : i + 1] = 1;
      alive = true;
    }
    if (!alive) return false;
    spread(next);
    now.swap(next);
  }
  return now[count] != 0;
}

bool GitignorePattern::matches_text(std::string_view text) const {
  switch (shape_) {
    case Shape::literal: return text == literal_;
    case Shape::suffix: return text.ends_with(literal_);
    case Shape::steps: return run_steps(text);
    case Shape::nothing: return false;
  }
  return false;
}

bool GitignorePattern::matches(const IgnoreSubject& subject) const {
  if (directories_only_ && subject.kind != PathKind::directory) return false;
  if (name_only_) {
    const auto slash = subject.path.rfind('/');
    return matches_text(slash == std::string_view::npos ? subject.path
                                                        : subject.path.substr(slash + 1));
  }
  if (matches_text(subject.path)) return true;
  return subject.inner > 0 && subject.inner <= subject.path.size() &&
         matches_text(subject.path.substr(subject.inner));
}

void GitignoreRules::add_line(std::string_view line) {
  if (line.starts_with('#')) return;
  line = without_trailing_spaces(line);
  if (!line.empty()) patterns_.emplace_back(line);
}

void GitignoreRules::add_text(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    if (end < text.size() && line.ends_with('\r')) line.remove_suffix(1);
    add_line(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

GitignoreRules::Verdict GitignoreRules::match(const IgnoreSubject& subject) const {
  for (auto pattern = patterns_.rbegin(); pattern != patterns_.rend(); ++pattern) {
    if (pattern->matches(subject)) return pattern->negated() ? Verdict::kept : Verdict::ignored;
  }
  return Verdict::none;
}

}  // namespace holdfast::source
