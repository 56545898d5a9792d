// The reference in Markdown, and the declarations for programs: docs/reference/cli.md, json.md, and
// commands.json.
#pragma once

#include <string>

namespace holdfast::cli {

[[nodiscard]] std::string cli_reference();
[[nodiscard]] std::string json_reference();
// Each command with its exit codes and JSON fields, as JSON: what tests check output against.
[[nodiscard]] std::string commands_json();

}  // namespace holdfast::cli
