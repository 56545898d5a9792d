// Layout of help: headings at the margin, entries indented, text wrapped at 80 columns.
#include "render/help.hpp"

#include <fmt/format.h>

#include "declarations.hpp"

namespace holdfast::cli {

namespace {

constexpr std::size_t entry_indent = 2;
constexpr std::size_t text_indent = 6;

std::string options_section(const std::string& title, const std::vector<Option>& options) {
  if (options.empty()) return "";
  auto text = "\n" + title + ":\n";
  for (const auto& option : options) {
    text +=
        wrapped(option_heading(option), entry_indent) + wrapped(option_text(option), text_indent);
  }
  return text;
}

std::string command_table(std::string_view family) {
  std::string text;
  for (const auto* command : commands()) {
    const bool mine = family.empty() || command->name.starts_with(std::string(family) + " ");
    if (command->visibility == Visibility::shown && mine) {
      text += fmt::format("  {:<26}{}\n", command->name, command->summary);
    }
  }
  return text;
}

std::string argument_heading(const Argument& argument) {
  switch (argument.count) {
    case Count::one: return argument.name;
    case Count::optional: return "[" + argument.name + "]";
    case Count::at_least_one: return argument.name + "...";
    case Count::any: return "[" + argument.name + "...]";
  }
  return argument.name;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  while (!text.empty()) {
    const auto newline = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, newline);
    text.remove_prefix(std::min(newline + 1, text.size()));
    if (line.empty()) out += '\n';
    while (!line.empty()) {
      const auto room = width - indent;
      auto cut = line.size();
      if (cut > room) {
        cut = line.rfind(' ', room);
        if (cut == std::string_view::npos) cut = std::min(line.find(' '), line.size());
      }
      out += std::string(indent, ' ');
      out += line.substr(0, cut);
      out += '\n';
      line.remove_prefix(std::min(cut + 1, line.size()));
    }
  }
  return out;
}

std::string option_heading(const Option& option) {
  const auto value = option.is_flag() ? "" : " " + option.value;
  auto heading = "--" + option.name + value;
  if (!option.synonym.empty()) heading += ", --" + option.synonym + value;
  if (option.name == "help") heading += ", -h";
  return heading;
}

std::string option_text(const Option& option) {
  auto text = option.text;
  if (!option.choices.empty()) text += fmt::format(" One of: {}.", fmt::join(option.choices, ", "));
  if (!option.fallback.empty()) text += fmt::format(" Default: {}.", option.fallback);
  if (!option.variable.empty())
    text += fmt::format(" Without it, {} from the environment.", option.variable);
  if (option.repeat == Repeat::yes) text += " May be repeated.";
  return text;
}

std::string exit_text(const Exit& exit) {
  const auto& own = exit.text;
  return fmt::format("{}  {}", static_cast<int>(exit.code),
                     own.empty() ? exit_code_text(exit.code) : own);
}

std::string usage_line(const Command& command) {
  auto text = fmt::format("{} {}", program_name, command.name);
  for (const auto& argument : command.arguments) text += " " + argument_heading(argument);
  return text + " [OPTION...]";
}

std::string command_help(const Command& command) {
  auto text = fmt::format("{} {}: {}\n\n", program_name, command.name, command.summary);
  text += fmt::format("Usage: {}\n\n", usage_line(command));
  text += wrapped(command.description, 0);
  if (!command.arguments.empty()) {
    text += "\nArguments:\n";
    for (const auto& argument : command.arguments) {
      text += wrapped(argument_heading(argument), entry_indent);
      auto words = argument.text;
      if (!argument.choices.empty())
        words += fmt::format(" One of: {}.", fmt::join(argument.choices, ", "));
      text += wrapped(words, text_indent);
    }
  }
  text += options_section("Options", command.options);
  for (const auto* group : command.groups) text += options_section(group->title, group->options);
  text += options_section(program_options().title, program_options().options);
  text += "\nExit codes:\n";
  for (const auto& exit : command.exits) text += wrapped(exit_text(exit), entry_indent);
  text += "\nExamples:\n";
  for (const auto& example : command.examples) {
    text += fmt::format("  $ {}\n", example.command) + wrapped(example.text, text_indent);
  }
  return text;
}

std::string family_help(std::string_view family) {
  std::string summary;
  for (const auto& each : command_families()) {
    if (each.name == family) summary = each.summary;
  }
  return fmt::format(
      "{0} {1}: {2}\n\nUsage: {0} {1} COMMAND [OPTION...]\n\nCommands:\n{3}\n"
      "{0} {1} COMMAND --help says more.\n",
      program_name, family, summary, command_table(family));
}

std::string program_help() {
  auto text = fmt::format("{0}: {1}\n\nUsage: {0} COMMAND [OPTION...]\n\nCommands:\n{2}",
                          program_name, program_summary, command_table(""));
  text += options_section("Options of every command", program_options().options);
  text += "\nExit codes:\n";
  for (const auto code : {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::warnings,
                          ExitCode::damage, ExitCode::objective_missed, ExitCode::unverified}) {
    text += wrapped(exit_text({code, ""}), entry_indent);
  }
  text += "\nExamples:\n";
  text +=
      "  $ export HOLDFAST_REPOSITORY=/srv/backup\n  $ holdfast init\n  $ holdfast backup /etc "
      "/home\n"
      "  $ holdfast restore latest --into /mnt/restored\n";
  text += fmt::format("\n{} COMMAND --help says more.\n", program_name);
  return text;
}

}  // namespace holdfast::cli
