// roff with the man macros: .TH, .SH, .TP. Text is escaped, so that no word of ours is taken for a
// request.
#include "render/man_page.hpp"

#include <fmt/format.h>

#include "declarations.hpp"
#include "render/help.hpp"

namespace holdfast::cli {

namespace {

std::string escaped(std::string_view text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_begins = c == '\n';
  }
  return out;
}

std::string page_name(const Command& command) {
  auto name = std::string(program_name) + "-" + command.name;
  for (auto& c : name) {
    if (c == ' ') c = '-';
  }
  return name;
}

std::string title(const std::string& name) {
  std::string upper;
  for (const char c : name) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return fmt::format(".TH {} 1 \"\" \"{} {}\" \"Holdfast\"\n", escaped(upper), program_name,
                     program_version());
}

std::string section(std::string_view name) { return fmt::format(".SH {}\n", name); }

std::string entry(std::string_view heading, std::string_view text) {
  return fmt::format(".TP\n.B {}\n{}\n", escaped(heading), escaped(text));
}

std::string paragraphs(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find("\n\n"), text.size());
    out += ".PP\n" + escaped(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return out;
}

std::string options_section(const std::string& name, const std::vector<Option>& options) {
  if (options.empty()) return "";
  auto text = section(fmt::format("\"{}\"", name));
  for (const auto& option : options) text += entry(option_heading(option), option_text(option));
  return text;
}

std::string exit_entry(const Exit& exit) {
  return entry(std::to_string(static_cast<int>(exit.code)),
               exit.text.empty() ? exit_code_text(exit.code) : exit.text);
}

std::string environment_section() {
  auto text = section("ENVIRONMENT");
  text += entry("HOLDFAST_REPOSITORY", "The repository where no --to or --from is given.");
  text +=
      entry("BACKUP_ENCRYPTION_KEY",
            "The passphrase, or the text of an identity. Removed from the environment at once; no "
            "child process inherits it.");
  text += entry("HOLDFAST_NEW_KEY",
                "The new passphrase of key add and key change-password; treated likewise.");
  text += entry("HOLDFAST_FROM_KEY",
                "The passphrase of the repository that copy reads from; treated likewise.");
  return text + entry("HOLDFAST_CACHE_DIR",
                      "Where the local cache lies. Without it: holdfast/ in XDG_CACHE_HOME, else "
                      "in ~/.cache.");
}

}  // namespace

std::string man_page_file(const Command& command) { return page_name(command) + ".1"; }

std::string program_man_page() {
  auto text = title(std::string(program_name));
  text += section("NAME") + fmt::format("{} \\- {}\n", program_name, escaped(program_summary));
  text += section("SYNOPSIS") + fmt::format(".B {}\nCOMMAND [OPTION...]\n", program_name);
  text += section("COMMANDS");
  for (const auto* command : commands()) {
    if (command->visibility == Visibility::shown)
      text += entry(page_name(*command) + "(1)", command->summary);
  }
  text += options_section("OPTIONS OF EVERY COMMAND", program_options().options);
  text += section("\"EXIT STATUS\"");
  for (const auto code : {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::warnings,
                          ExitCode::damage, ExitCode::objective_missed, ExitCode::unverified}) {
    text += exit_entry({code, ""});
  }
  return text + environment_section();
}

std::string command_man_page(const Command& command) {
  auto text = title(page_name(command));
  text += section("NAME") +
          fmt::format("{} \\- {}\n", escaped(page_name(command)), escaped(command.summary));
  text += section("SYNOPSIS") + fmt::format(".B {}\n", escaped(usage_line(command)));
  text += section("DESCRIPTION") + paragraphs(command.description);
  if (!command.arguments.empty()) text += section("ARGUMENTS");
  for (const auto& argument : command.arguments) {
    auto words = argument.text;
    if (!argument.choices.empty())
      words += fmt::format(" One of: {}.", fmt::join(argument.choices, ", "));
    text += entry(argument.name, words);
  }
  text += options_section("OPTIONS", command.options);
  for (const auto* group : command.groups) text += options_section(group->title, group->options);
  text += options_section(program_options().title, program_options().options);
  text += section("\"EXIT STATUS\"");
  for (const auto& exit : command.exits) text += exit_entry(exit);
  text += section("EXAMPLES");
  for (const auto& example : command.examples) text += entry(example.command, example.text);
  return text + environment_section() + section("\"SEE ALSO\"") + ".BR holdfast (1)\n";
}

}  // namespace holdfast::cli
