// Help as text: what `--help` prints, for the program, a family of commands, and one command.
#pragma once

#include <string>
#include <string_view>

#include "declaration.hpp"

namespace holdfast::cli {

[[nodiscard]] std::string program_help();
[[nodiscard]] std::string family_help(std::string_view family);
[[nodiscard]] std::string command_help(const Command& command);

// "holdfast restore SNAPSHOT[:PATH] [OPTION...]"
[[nodiscard]] std::string usage_line(const Command& command);
// "--to URL, --from URL", "--json"
[[nodiscard]] std::string option_heading(const Option& option);
// The option's text with its choices, fallback, variable.
[[nodiscard]] std::string option_text(const Option& option);
// The exit codes of a command: number and meaning.
[[nodiscard]] std::string exit_text(const Exit& exit);

// `text` in lines of at most `width` columns, each beginning with `indent` spaces; keeps empty
// lines.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent,
                                  std::size_t width = 80);

}  // namespace holdfast::cli
