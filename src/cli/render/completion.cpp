// For each shell: the words of commands first, then the options and values of the command that was
// chosen.
#include "render/completion.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "declarations.hpp"

namespace holdfast::cli {

namespace {

struct Word {
  std::string name;
  std::string summary;
};

bool in_family(const Command& command) { return command.name.find(' ') != std::string::npos; }

// The first words that can follow the program's name.
std::vector<Word> first_words() {
  std::vector<Word> words;
  for (const auto* command : commands()) {
    if (command->visibility == Visibility::shown && !in_family(*command))
      words.push_back({command->name, command->summary});
  }
  for (const auto& family : command_families()) words.push_back({family.name, family.summary});
  return words;
}

std::vector<Word> second_words(const std::string& family) {
  std::vector<Word> words;
  for (const auto* command : commands()) {
    if (command->name.starts_with(family + " ")) {
      words.push_back({command->name.substr(family.size() + 1), command->summary});
    }
  }
  return words;
}

std::string joined(const std::vector<Word>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word.name;
  return text;
}

std::vector<std::string> names_of(const Option& option) {
  std::vector<std::string> names{option.name};
  if (!option.synonym.empty()) names.push_back(option.synonym);
  return names;
}

// Inside single quotes of a shell.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string first_sentence(const std::string& text) { return text.substr(0, text.find(". ")); }

std::string bash_offer(Completion completion, const std::vector<std::string>& choices) {
  if (!choices.empty()) return fmt::format("_holdfast_offer -W '{}'", fmt::join(choices, " "));
  if (completion == Completion::path) return "_holdfast_offer -f";
  if (completion == Completion::directory) return "_holdfast_offer -d";
  return ":";
}

std::string bash_command(const Command& command) {
  auto text = fmt::format("    '{}')\n      case $previous in\n", command.name);
  std::string all;
  for (const auto* option : all_options(command)) {
    for (const auto& name : names_of(*option)) {
      all += (all.empty() ? "--" : " --") + name;
      if (option->is_flag()) continue;
      text += fmt::format("        --{}) {}; return ;;\n", name,
                          bash_offer(option->completion, option->choices));
    }
  }
  text += fmt::format(
      "      esac\n      if [[ $current == -* ]]; then\n        _holdfast_offer -W '{}'\n", all);
  if (!command.arguments.empty()) {
    const auto& argument = command.arguments.front();
    text +=
        fmt::format("      else\n        {}\n", bash_offer(argument.completion, argument.choices));
  }
  return text + "      fi ;;\n";
}

// `_arguments` gives brackets and colons a meaning.
std::string zsh_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(Completion completion, const std::vector<std::string>& choices) {
  if (!choices.empty()) return fmt::format("({})", fmt::join(choices, " "));
  if (completion == Completion::path) return "_files";
  return completion == Completion::directory ? "_directories" : "";
}

std::string zsh_command(const Command& command) {
  auto text = fmt::format("    '{}')\n      _arguments \\\n", command.name);
  for (const auto* option : all_options(command)) {
    for (const auto& name : names_of(*option)) {
      auto spec = fmt::format("{}--{}[{}]", option->repeat == Repeat::yes ? "*" : "", name,
                              zsh_escaped(first_sentence(option->text)));
      if (!option->is_flag()) {
        spec += fmt::format(":{}:{}", zsh_escaped(option->value),
                            zsh_action(option->completion, option->choices));
      }
      text += fmt::format("        {} \\\n", quoted(spec));
    }
  }
  for (const auto& argument : command.arguments) {
    const bool many = argument.count == Count::at_least_one || argument.count == Count::any;
    text += fmt::format("        {} \\\n",
                        quoted(fmt::format("{}:{}:{}", many ? "*" : "", zsh_escaped(argument.name),
                                           zsh_action(argument.completion, argument.choices))));
  }
  return text + "        && return ;;\n";
}

std::string zsh_words(const std::vector<Word>& words) {
  std::string text;
  for (const auto& word : words)
    text += " " + quoted(zsh_escaped(word.name) + ":" + zsh_escaped(word.summary));
  return text;
}

std::string fish_condition(const Command& command) {
  const auto space = command.name.find(' ');
  if (space == std::string::npos) return "__fish_seen_subcommand_from " + command.name;
  return fmt::format("__fish_seen_subcommand_from {}; and __fish_seen_subcommand_from {}",
                     command.name.substr(0, space), command.name.substr(space + 1));
}

std::string fish_offer(Completion completion, const std::vector<std::string>& choices) {
  if (!choices.empty())
    return fmt::format("-x -a {}", quoted(fmt::format("{}", fmt::join(choices, " "))));
  if (completion == Completion::path) return "-r -F";
  return completion == Completion::directory ? "-x -a '(__fish_complete_directories)'" : "-x";
}

std::string fish_command(const Command& command) {
  std::string text;
  const auto condition = quoted(fish_condition(command));
  for (const auto* option : all_options(command)) {
    for (const auto& name : names_of(*option)) {
      const auto value =
          option->is_flag() ? "" : " " + fish_offer(option->completion, option->choices);
      text += fmt::format("complete -c holdfast -n {} -l {}{} -d {}\n", condition, name, value,
                          quoted(first_sentence(option->text)));
    }
  }
  for (const auto& argument : command.arguments) {
    if (argument.completion == Completion::none && argument.choices.empty()) continue;
    const auto offer =
        argument.choices.empty() ? "-F" : fish_offer(argument.completion, argument.choices);
    text += fmt::format("complete -c holdfast -n {} {}\n", condition, offer);
  }
  return text;
}

}  // namespace

std::string bash_completion() {
  std::string families;
  for (const auto& family : command_families())
    families += (families.empty() ? "" : "|") + family.name;
  std::string text =
      "# Completion of holdfast for bash; rendered by `holdfast completion bash`.\n"
      "_holdfast_offer() {\n"
      "  mapfile -t COMPREPLY < <(compgen \"$@\" -- \"$current\")\n"
      "  [[ $1 == -W ]] || compopt -o filenames 2>/dev/null\n"
      "}\n\n"
      "_holdfast() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command='' "
      "word\n"
      "  COMPREPLY=()\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    [[ $word == -* ]] && continue\n"
      "    case $command in\n"
      "      '') command=$word ;;\n";
  text += fmt::format(
      "      {}) command=\"$command $word\" ;;\n    esac\n  done\n  case $command in\n", families);
  text +=
      fmt::format("    '') _holdfast_offer -W '{} --help --version' ;;\n", joined(first_words()));
  for (const auto& family : command_families()) {
    text += fmt::format("    '{}') _holdfast_offer -W '{} --help' ;;\n", family.name,
                        joined(second_words(family.name)));
  }
  for (const auto* command : commands()) {
    if (command->visibility == Visibility::shown) text += bash_command(*command);
  }
  return text + "  esac\n}\n\ncomplete -F _holdfast holdfast\n";
}

std::string zsh_completion() {
  std::string text =
      "#compdef holdfast\n"
      "# Completion of holdfast for zsh; rendered by `holdfast completion zsh`.\n"
      "_holdfast() {\n"
      "  local -a offered\n"
      "  local command=$words[2]\n"
      "  if (( CURRENT == 2 )); then\n";
  text += fmt::format(
      "    offered=({})\n    _describe command offered\n    return\n  fi\n  case $command in\n",
      zsh_words(first_words()).substr(1));
  for (const auto& family : command_families()) {
    text += fmt::format(
        "    {})\n      if (( CURRENT == 3 )); then\n        offered=({})\n"
        "        _describe command offered\n        return\n      fi\n"
        "      command=\"$command $words[3]\"\n      shift words\n      (( CURRENT-- )) ;;\n",
        family.name, zsh_words(second_words(family.name)).substr(1));
  }
  text += "  esac\n  shift words\n  (( CURRENT-- ))\n  case $command in\n";
  for (const auto* command : commands()) {
    if (command->visibility == Visibility::shown) text += zsh_command(*command);
  }
  return text + "  esac\n}\n\n_holdfast \"$@\"\n";
}

std::string fish_completion() {
  std::string text =
      "# Completion of holdfast for fish; rendered by `holdfast completion fish`.\n"
      "complete -c holdfast -f\n";
  for (const auto& word : first_words()) {
    text += fmt::format("complete -c holdfast -n __fish_use_subcommand -a {} -d {}\n", word.name,
                        quoted(word.summary));
  }
  for (const auto& family : command_families()) {
    const auto seconds = second_words(family.name);
    for (const auto& word : seconds) {
      text += fmt::format(
          "complete -c holdfast -n '__fish_seen_subcommand_from {}; and not "
          "__fish_seen_subcommand_from {}' -a {} -d {}\n",
          family.name, joined(seconds), word.name, quoted(word.summary));
    }
  }
  for (const auto* command : commands()) {
    if (command->visibility == Visibility::shown) text += fish_command(*command);
  }
  return text;
}

}  // namespace holdfast::cli
