// Declares the commands about the program itself: help, completion, docs.
#include "commands/handlers.hpp"
#include "declarations.hpp"

namespace holdfast::cli {

namespace {

Command declare_help() {
  return {
      .name = "help",
      .summary = "show help for a command",
      .description = "Shows the same as COMMAND --help.",
      .arguments = {{.name = "COMMAND",
                     .count = Count::any,
                     .text = "A command's one or two words."}},
      .exits = {{ExitCode::done, ""}, {ExitCode::usage, "there is no such command"}},
      .examples = {{"holdfast help snapshot list", "What does snapshot list do?"}},
      .json = {{"help", FieldType::string, "The text."}},
      .run = &run_help,
  };
}

Command declare_completion() {
  return {
      .name = "completion",
      .summary = "print the completion script of a shell",
      .description =
          "Prints a script that makes the shell complete commands, options and their values.",
      .arguments = {{.name = "SHELL", .text = "Which shell.", .choices = {"bash", "zsh", "fish"}}},
      .exits = {{ExitCode::done, ""}, {ExitCode::usage, ""}},
      .examples =
          {{"holdfast completion bash > /etc/bash_completion.d/holdfast", "For all users of bash."},
           {"holdfast completion zsh > /usr/local/share/zsh/site-functions/_holdfast", "For zsh."},
           {"holdfast completion fish > ~/.config/fish/completions/holdfast.fish", "For fish."}},
      .json = {{"script", FieldType::string, "The script."}},
      .run = &run_completion,
  };
}

Command declare_docs() {
  return {
      .name = "docs",
      .summary = "write man pages, completions and the reference",
      .description =
          "Writes what is rendered from the program's declarations: man/, completions/, reference/ "
          "and commands.json.",
      .options = {{.name = "into",
                   .value = "DIR",
                   .text = "Where they go; made if it does not exist. Required.",
                   .completion = Completion::directory}},
      .exits = {{ExitCode::done, ""}, {ExitCode::failed, ""}, {ExitCode::usage, ""}},
      .examples = {{"holdfast docs --into build/docs", "As ./dev docs does."}},
      .json = {{"files", FieldType::array, "What was written: strings."}},
      .run = &run_docs,
      .visibility = Visibility::hidden,
  };
}

}  // namespace

std::vector<const Command*> program_commands() {
  static const std::vector<Command> table{declare_help(), declare_completion(), declare_docs()};
  std::vector<const Command*> found;
  for (const auto& command : table) found.push_back(&command);
  return found;
}

}  // namespace holdfast::cli
