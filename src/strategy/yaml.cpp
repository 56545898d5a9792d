// From text to nodes by yaml-cpp's events: its own tree swallows keys that stand twice. The only
// file that sees yaml-cpp.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "node.hpp"

namespace holdfast::strategy {

namespace {

constexpr std::size_t text_size_max = 1'000'000;
constexpr std::size_t depth_max = 40;
constexpr std::size_t nodes_max = 100'000;

// Where each line begins: positions that yaml-cpp gives are brought back into the file.
class Lines {
 public:
  explicit Lines(std::string_view text) {
    while (true) {
      const auto end = text.find('\n');
      lines_.push_back(text.substr(0, end));
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
    }
  }

  [[nodiscard]] Position position(std::uint32_t file, const YAML::Mark& mark) const {
    const auto line = std::clamp<std::int64_t>(mark.line, 0, std::ssize(lines_) - 1);
    const auto width = std::ssize(lines_[static_cast<std::size_t>(line)]);
    const auto column = std::clamp<std::int64_t>(mark.column, 0, width);
    return {file, static_cast<std::uint32_t>(line + 1), static_cast<std::uint32_t>(column + 1)};
  }

  [[nodiscard]] std::string_view line(std::uint32_t number) const {
    return number >= 1 && number <= lines_.size() ? lines_[number - 1] : std::string_view();
  }

 private:
  std::vector<std::string_view> lines_;
};

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const auto& item : node.items) count += count_nodes(item);
  for (const auto& member : node.members) count += count_nodes(member.value);
  return count;
}

// Builds the tree. A map's keys and values arrive alternately.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const Lines& lines, std::uint32_t file, Diagnostics& diagnostics)
      : lines_(lines), file_(file), diagnostics_(diagnostics) {}

  [[nodiscard]] Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (skipping()) return;
    Node node;
    node.position = at(mark);
    place(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (skipping()) return;
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      diagnostics_.error(at(mark), "an alias stands inside what it names");
      Node node;
      node.position = at(mark);
      return place(std::move(node), 0);
    }
    nodes_ += count_nodes(found->second);
    if (!within_limit(at(mark))) return;
    place(found->second, 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (skipping()) return;
    Node node;
    node.position = at(mark);
    node.kind = Node::Kind::scalar;
    node.quoting = tag == "!" ? Node::Quoting::quoted : Node::Quoting::plain;
    node.text = value;
    if (node.quoting == Node::Quoting::plain && (value == "~" || value == "null")) {
      node.kind = Node::Kind::null;
    }
    place(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, Node::Kind::list, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, Node::Kind::map, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    Node node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    Position key_position;
  };

  [[nodiscard]] Position at(const YAML::Mark& mark) const { return lines_.position(file_, mark); }
  [[nodiscard]] bool skipping() const noexcept { return skipped_ > 0 || full_; }

  bool within_limit(Position position) {
    if (nodes_ <= nodes_max || full_) return !full_;
    full_ = true;
    diagnostics_.error(position, "too much in one file",
                       fmt::format("at most {} values are read, aliases included", nodes_max));
    return false;
  }

  void open(const YAML::Mark& mark, Node::Kind kind, YAML::anchor_t anchor) {
    if (full_) return;
    if (skipped_ == 0 && levels_.size() >= depth_max) {
      diagnostics_.error(at(mark), fmt::format("nested deeper than {} levels", depth_max));
      Node node;
      node.position = at(mark);
      place(std::move(node), 0);
      ++skipped_;
      return;
    }
    if (skipped_ > 0) {
      ++skipped_;
      return;
    }
    Level level;
    level.node.kind = kind;
    level.node.position = at(mark);
    level.anchor = anchor;
    levels_.push_back(std::move(level));
  }

  void close() {
    if (full_) return;
    if (skipped_ > 0) {
      --skipped_;
      return;
    }
    if (levels_.empty()) return;
    auto level = std::move(levels_.back());
    levels_.pop_back();
    place(std::move(level.node), level.anchor);
  }

  void place(Node node, YAML::anchor_t anchor) {
    ++nodes_;
    if (!within_limit(node.position)) return;
    if (anchor != 0) anchors_[anchor] = node;
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& level = levels_.back();
    if (level.node.is_list()) {
      level.node.items.push_back(std::move(node));
    } else if (level.has_key) {
      level.has_key = false;
      level.node.members.push_back({std::move(level.key), level.key_position, std::move(node)});
    } else {
      take_key(level, node);
    }
  }

  void take_key(Level& level, const Node& node) {
    level.has_key = true;
    level.key = node.text;
    level.key_position = node.position;
    if (!node.is_scalar()) {
      diagnostics_.error(node.position, "a key is a word", "quote it if it holds { [ or ?");
      level.key = fmt::format("?{}:{}", node.position.line, node.position.column);
      return;
    }
    for (const auto& member : level.node.members) {
      if (member.key != node.text) continue;
      diagnostics_.error(
          node.position,
          fmt::format("'{}' stands twice: first in line {}", node.text, member.position.line),
          "a fact is written once; remove one of the two", node.text);
      level.key = fmt::format("?{}:{}", node.position.line, node.position.column);
    }
  }

  const Lines& lines_;
  const std::uint32_t file_;
  Diagnostics& diagnostics_;
  Node root_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t skipped_ = 0;  // levels below the one that is too deep
  std::size_t nodes_ = 0;
  bool full_ = false;
};

// The part of a line up to a comment, with what stands in quotes blanked.
std::string unquoted(std::string_view line) {
  std::string left;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
      left += ' ';
    } else if (c == '"' || c == '\'') {
      quote = c;
      left += ' ';
    } else if (c == '#' && (i == 0 || line[i - 1] == ' ')) {
      break;
    } else {
      left += c;
    }
  }
  return left;
}

// People forget quotes round these more than anything else.
std::string advice_for(std::string_view line, std::string_view message) {
  const auto left = unquoted(line);
  if (left.find("${") != std::string::npos) {
    return "quote it: \"${VARIABLE}\"; unquoted, { begins a map";
  }
  const auto brace = left.find('{');
  if (brace != std::string::npos) {
    const auto inside = left.substr(brace);
    if (inside.find('?') != std::string::npos) return "quote it: inside { } a ? begins a key";
    if (inside.find(": ") != inside.rfind(": ") || inside.find("::") != std::string::npos ||
        inside.find(':') != std::string::npos) {
      return "if a value holds : or , inside { }, quote it";
    }
  }
  if (line.find('\t') != std::string_view::npos) return "indent with spaces: YAML takes no tabs";
  if (message.find("illegal map value") != std::string_view::npos) {
    return "if the value holds \": \", quote it";
  }
  return "compare the indentation and the brackets with the lines above";
}

// A line that names a secret isn't repeated.
std::string shown(std::string_view line) {
  for (const std::string_view word : {"key", "pass", "secret", "token", "credential"}) {
    if (line.find(word) != std::string_view::npos) return {};
  }
  return std::string(line);
}

bool is_text(std::string_view text, std::uint32_t file, Diagnostics& diagnostics) {
  Position at{file, 1, 1};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n') {
      ++at.line;
      at.column = 1;
      continue;
    }
    if ((byte < 0x20 && byte != '\t' && byte != '\r') || byte == 0xFF || byte == 0xFE) {
      diagnostics.error(at, "not a text file: it holds a byte that no text has",
                        "save the file as UTF-8");
      return false;
    }
    ++at.column;
  }
  return true;
}

}  // namespace

Node parse_yaml(std::string_view text, std::uint32_t file, Diagnostics& diagnostics) {
  if (text.size() > text_size_max) {
    diagnostics.error({file, 1, 1}, fmt::format("larger than {} bytes", text_size_max),
                      "split it with include:");
    return {};
  }
  if (!is_text(text, file, diagnostics)) return {};
  const Lines lines(text);
  TreeBuilder builder(lines, file, diagnostics);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    TreeBuilder rest(lines, file, diagnostics);
    if (parser && parser.HandleNextDocument(rest)) {
      diagnostics.error({file, 1, 1}, "more than one document in a file",
                        "remove the line '---' in the middle, or use include:");
    }
  } catch (const YAML::Exception& exception) {
    const auto at = lines.position(file, exception.mark);
    // An error is often noticed a line later than it was made.
    auto advice = advice_for(lines.line(at.line), exception.msg);
    if (advice.starts_with("compare") && at.line > 1) {
      const auto before = advice_for(lines.line(at.line - 1), exception.msg);
      if (before.starts_with("quote it")) advice = before;
    }
    diagnostics.error(at, fmt::format("this is not YAML: {}", exception.msg), advice,
                      shown(lines.line(at.line)));
  } catch (const std::exception& exception) {
    diagnostics.error({file, 1, 1}, fmt::format("this is not YAML: {}", exception.what()));
  }
  return builder.take();
}

}  // namespace holdfast::strategy
