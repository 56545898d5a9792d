// Parsing for tests: a text, variables and files in; the diagnostics as lines out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "strategy/parser.hpp"

namespace holdfast::strategy {

struct World {
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> files;  // by path
  std::string environment;                   // empty: as the file says
};

[[nodiscard]] Parsed parse_text(const std::string& text, const World& world = {});

// "error 3:5 message", in order; with hints after " | ".
[[nodiscard]] std::vector<std::string> lines_of(const Parsed& parsed);
[[nodiscard]] std::vector<std::string> lines_of(const Parsed& parsed, Severity severity);

// The text of a file; ends the test run if it can't be read.
[[nodiscard]] std::string text_at(const std::string& path);

#ifdef HOLDFAST_TESTS_DIR
// A file of the checkout.
[[nodiscard]] inline std::string file_text(const std::string& path_below_root) {
  return text_at(std::string(HOLDFAST_TESTS_DIR) + "/../../../" + path_below_root);
}
#endif

// A strategy with one component of files and one location, to which tests add.
[[nodiscard]] std::string small_strategy(const std::string& plan, const std::string& more = {});

}  // namespace holdfast::strategy
