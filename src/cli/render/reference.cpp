// Markdown and JSON renderings of the declarations.
#include "render/reference.hpp"

#include <fmt/format.h>

#include <sstream>

#include "declarations.hpp"
#include "json_writer.hpp"
#include "render/help.hpp"

namespace holdfast::cli {

namespace {

constexpr std::string_view rendered_note =
    "<!-- Rendered from the declarations in src/cli; tests compare. To change it, change them. "
    "-->\n";

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string anchor(std::string name) {
  for (auto& c : name) {
    if (c == ' ') c = '-';
  }
  return name;
}

std::string options_table(const std::string& title, const std::vector<Option>& options) {
  if (options.empty()) return "";
  auto text = fmt::format("\n| {} | |\n|---|---|\n", title);
  for (const auto& option : options) {
    text += fmt::format("| `{}` | {} |\n", option_heading(option), cell(option_text(option)));
  }
  return text;
}

std::string exit_rows(const std::vector<Exit>& exits) {
  std::string text = "\n| exit code | means |\n|---|---|\n";
  for (const auto& exit : exits) {
    text += fmt::format("| {} | {} |\n", static_cast<int>(exit.code),
                        cell(exit.text.empty() ? exit_code_text(exit.code) : exit.text));
  }
  return text;
}

std::string command_section(const Command& command) {
  auto text = fmt::format("\n## {}\n\n`{}`\n\n{}\n", command.name, usage_line(command),
                          command.description);
  if (!command.arguments.empty()) text += "\n| Arguments | |\n|---|---|\n";
  for (const auto& argument : command.arguments) {
    auto words = argument.text;
    if (!argument.choices.empty())
      words += fmt::format(" One of: {}.", fmt::join(argument.choices, ", "));
    text += fmt::format("| `{}` | {} |\n", argument.name, cell(words));
  }
  text += options_table("Options", command.options);
  for (const auto* group : command.groups) text += options_table(group->title, group->options);
  text += exit_rows(command.exits) + "\n";
  for (const auto& example : command.examples) {
    text += fmt::format("```sh\n{}\n```\n{}\n\n", example.command, example.text);
  }
  return text +
         fmt::format("With `--json`: [{0}](json.md#{1}).\n", command.name, anchor(command.name));
}

std::string field_table(const std::vector<Field>& fields) {
  std::string text = "\n| member | type | |\n|---|---|---|\n";
  for (const auto& field : fields) {
    const auto* presence = field.presence == Presence::sometimes ? ", may be absent" : "";
    text += fmt::format("| `{}` | {}{} | {} |\n", field.path, field_type_name(field.type), presence,
                        cell(field.text));
  }
  return text;
}

void write_fields(JsonWriter& json, std::string_view name, const std::vector<Field>& fields) {
  json.begin_array(name);
  for (const auto& field : fields) {
    json.begin_object();
    json.text("path", field.path);
    json.text("type", field_type_name(field.type));
    json.boolean("always", field.presence == Presence::always);
    json.end();
  }
  json.end();
}

}  // namespace

std::string cli_reference() {
  std::string text = "# The command line\n\n";
  text += rendered_note;
  text += fmt::format(
      "\nHoldfast: {}. What each command prints with `--json` is in [json.md](json.md).\n\n| "
      "command | does |\n|---|---|\n",
      program_summary);
  for (const auto* command : commands()) {
    if (command->visibility == Visibility::hidden) continue;
    text +=
        fmt::format("| [{}](#{}) | {} |\n", command->name, anchor(command->name), command->summary);
  }
  text += options_table("Options of every command", program_options().options);
  std::vector<Exit> exits;
  for (const auto code : {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::warnings,
                          ExitCode::damage, ExitCode::objective_missed, ExitCode::unverified}) {
    exits.push_back({code, ""});
  }
  text += exit_rows(exits);
  for (const auto* command : commands()) {
    if (command->visibility == Visibility::shown) text += command_section(*command);
  }
  return text;
}

std::string json_reference() {
  std::string text = "# What --json prints\n\n";
  text += rendered_note;
  text +=
      "\nEvery command prints one object on standard output, on one line, and nothing else there. "
      "Members are only ever "
      "added. An array is never null, and is empty when there is nothing; a member that may be "
      "absent is left out. "
      "Sizes are bytes. Times are UTC after RFC 3339, with nanoseconds where they are known.\n\n"
      "A name that is not UTF-8 is shown with its wrong bytes as `\\xNN`, and a second member with "
      "the ending `_bytes` "
      "has all of its bytes in hexadecimal.\n\n"
      "## Errors\n\nA command that fails adds this to the object:\n";
  text += field_table(error_fields());
  for (const auto* command : commands()) {
    if (command->visibility == Visibility::shown) {
      text += fmt::format("\n## {}\n", command->name) + field_table(command->json);
    }
  }
  return text;
}

std::string commands_json() {
  std::ostringstream out;
  JsonWriter json(out);
  json.begin_object();
  json.begin_array("commands");
  for (const auto* command : commands()) {
    json.begin_object();
    json.text("name", command->name);
    json.begin_array("exits");
    for (const auto& exit : command->exits) json.integer(static_cast<std::uint64_t>(exit.code));
    json.end();
    write_fields(json, "fields", command->json);
    json.end();
  }
  json.end();
  write_fields(json, "error_fields", error_fields());
  json.finish();
  return out.str();
}

}  // namespace holdfast::cli
