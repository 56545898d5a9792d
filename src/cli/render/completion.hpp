// Completion scripts of the shells, rendered from the declarations.
#pragma once

#include <string>

namespace holdfast::cli {

[[nodiscard]] std::string bash_completion();
[[nodiscard]] std::string zsh_completion();
[[nodiscard]] std::string fish_completion();

}  // namespace holdfast::cli
