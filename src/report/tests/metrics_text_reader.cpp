// One line at a time, one character at a time.
#include "metrics_text_reader.hpp"

#include <charconv>
#include <cmath>
#include <set>
#include <sstream>

namespace holdfast::report {

namespace {

bool is_name_character(char c, bool is_first) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return is_letter || (!is_first && c >= '0' && c <= '9');
}

class LineReader {
 public:
  explicit LineReader(const std::string& line) : line_(line) {}

  std::string name() {
    const auto start = at_;
    while (at_ < line_.size() && is_name_character(line_[at_], at_ == start)) ++at_;
    return line_.substr(start, at_ - start);
  }
  bool take(char wanted) {
    if (at_ >= line_.size() || line_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  // Up to the closing quote; nothing if it is missing or an escape is none.
  std::optional<std::string> quoted() {
    std::string text;
    for (; at_ < line_.size(); ++at_) {
      if (line_[at_] == '"') {
        ++at_;
        return text;
      }
      if (line_[at_] != '\\') {
        text += line_[at_];
        continue;
      }
      ++at_;
      if (at_ == line_.size()) return std::nullopt;
      if (line_[at_] == 'n')
        text += '\n';
      else if (line_[at_] == '\\' || line_[at_] == '"')
        text += line_[at_];
      else
        return std::nullopt;
    }
    return std::nullopt;
  }
  std::string rest() { return line_.substr(std::exchange(at_, line_.size())); }

 private:
  const std::string& line_;
  std::size_t at_ = 0;
};

std::optional<ReadSample> read_sample(const std::string& line) {
  LineReader reader(line);
  ReadSample sample;
  sample.name = reader.name();
  if (sample.name.empty()) return std::nullopt;
  if (reader.take('{')) {
    do {
      const auto label = reader.name();
      if (label.empty() || !reader.take('=') || !reader.take('"')) return std::nullopt;
      const auto value = reader.quoted();
      if (!value || !sample.labels.emplace(label, *value).second) return std::nullopt;
    } while (reader.take(','));
    if (!reader.take('}')) return std::nullopt;
  }
  if (!reader.take(' ')) return std::nullopt;
  const auto number = reader.rest();
  const auto read = std::from_chars(number.data(), number.data() + number.size(), sample.value);
  if (read.ec != std::errc() || read.ptr != number.data() + number.size()) return std::nullopt;
  if (!std::isfinite(sample.value)) return std::nullopt;
  return sample;
}

}  // namespace

ReadMetrics read_metrics(const std::string& text) {
  ReadMetrics read;
  std::set<std::string> left;
  std::string current;
  if (text.empty() || text.back() != '\n') read.mistakes.emplace_back("no line feed at the end");
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash;
    std::string what;
    std::string name;
    if (line.starts_with("# ")) {
      words >> hash >> what >> name;
      std::string rest;
      std::getline(words >> std::ws, rest);
      auto& known = what == "HELP" ? read.helps : read.types;
      if ((what != "HELP" && what != "TYPE") || !known.emplace(name, rest).second || rest.empty()) {
        read.mistakes.push_back(line);
      }
      continue;
    }
    const auto sample = read_sample(line);
    if (!sample || !read.helps.contains(sample->name) || !read.types.contains(sample->name) ||
        left.contains(sample->name) || read.value(sample->name, sample->labels)) {
      read.mistakes.push_back(line);
      continue;
    }
    if (current != sample->name) {
      left.insert(current);
      current = sample->name;
    }
    read.samples.push_back(*sample);
  }
  return read;
}

}  // namespace holdfast::report
