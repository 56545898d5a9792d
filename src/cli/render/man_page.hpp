// Manual pages in roff, rendered from the declarations.
#pragma once

#include <string>

#include "declaration.hpp"

namespace holdfast::cli {

// holdfast(1): what the program is, its commands, exit codes, environment.
[[nodiscard]] std::string program_man_page();
[[nodiscard]] std::string command_man_page(const Command& command);
// "holdfast-snapshot-list.1"
[[nodiscard]] std::string man_page_file(const Command& command);

}  // namespace holdfast::cli
