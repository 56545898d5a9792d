// The table of commands: everything the program can be asked to do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "declaration.hpp"

namespace holdfast::cli {

constexpr std::string_view program_name = "holdfast";
[[nodiscard]] std::string program_version();
constexpr std::string_view program_summary =
    "encrypted, deduplicated backups that prove they can be restored";

// All commands in the order of help.
[[nodiscard]] const std::vector<const Command*>& commands();

// Nothing if there is none of this name.
[[nodiscard]] const Command* find_command(std::string_view name);

// The first words of commands of two words: "snapshot", "repository", "key".
struct CommandFamily {
  std::string name;
  std::string summary;
};
[[nodiscard]] const std::vector<CommandFamily>& command_families();

// Options of every command.
[[nodiscard]] const OptionGroup& program_options();
// Which repository.
[[nodiscard]] const OptionGroup& repository_options();
// Which strategy, in which environment.
[[nodiscard]] const OptionGroup& strategy_options();
// Where the catalog of a strategy lies.
[[nodiscard]] const OptionGroup& state_options();
// Parts of repository_options().
Option limit_upload_option();
Option limit_download_option();
// Where the passphrase comes from.
[[nodiscard]] const OptionGroup& key_options();
// Where a new passphrase comes from.
[[nodiscard]] const OptionGroup& new_key_options();

// Where the passphrase of the repository that is copied from comes from.
[[nodiscard]] const OptionGroup& from_key_options();

// The error object that --json prints when a command fails.
[[nodiscard]] const std::vector<Field>& error_fields();

// The members of a drill's object, each path with `prefix` before it.
[[nodiscard]] std::vector<Field> drill_fields(const std::string& prefix);

// The groups of declarations/, one function a file.
[[nodiscard]] std::vector<const Command*> backup_commands();
[[nodiscard]] std::vector<const Command*> snapshot_commands();
[[nodiscard]] std::vector<const Command*> restore_commands();
[[nodiscard]] std::vector<const Command*> repository_commands();
[[nodiscard]] std::vector<const Command*> copy_commands();
[[nodiscard]] std::vector<const Command*> doctor_commands();
[[nodiscard]] std::vector<const Command*> key_commands();
[[nodiscard]] std::vector<const Command*> import_commands();
[[nodiscard]] std::vector<const Command*> strategy_commands();
[[nodiscard]] std::vector<const Command*> strategy_render_commands();
[[nodiscard]] std::vector<const Command*> run_commands();
[[nodiscard]] std::vector<const Command*> daemon_commands();
[[nodiscard]] std::vector<const Command*> drill_commands();
[[nodiscard]] std::vector<const Command*> program_commands();

}  // namespace holdfast::cli
