// What a command is made of. Every command, option, argument, exit code, example and JSON field is
// declared in declarations/ with these types and nowhere else; parser, help, man pages, completions
// and the reference under docs/reference are rendered from there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "exit_code.hpp"

namespace holdfast::cli {

class Invocation;

// What a shell offers after an option or for an argument.
enum class Completion { none, path, directory };

enum class Repeat { no, yes };

struct Option {
  std::string name;   // without dashes
  std::string value;  // what help calls the value; empty: the option is a flag
  std::string text;
  Repeat repeat = Repeat::no;
  std::vector<std::string> choices;  // the only values allowed; empty: any
  std::string fallback;              // the value when none is given
  std::string variable;              // the environment variable that stands in
  std::string synonym;               // another name of the same option
  Completion completion = Completion::none;

  [[nodiscard]] bool is_flag() const noexcept { return value.empty(); }
};

// Options that belong together in help; most are shared by many commands.
struct OptionGroup {
  std::string title;
  std::vector<Option> options;
};

enum class Count { one, optional, at_least_one, any };

struct Argument {
  std::string name;  // upper case
  Count count = Count::one;
  std::string text;
  Completion completion = Completion::none;
  std::vector<std::string> choices;
};

struct Exit {
  ExitCode code;
  std::string text;  // what it means for this command; empty: the general meaning
};

struct Example {
  std::string command;
  std::string text;
};

enum class FieldType { string, time, integer, number, boolean, object, array };
enum class Presence { always, sometimes };

// A member of the object that --json prints. `path` is dotted; "snapshots[].id" is a member of each
// element. An array of strings has no fields below it.
struct Field {
  std::string path;
  FieldType type;
  std::string text;
  Presence presence = Presence::always;
};

using Handler = base::Result<ExitCode> (*)(Invocation&);

enum class Visibility { shown, hidden };

struct Command {
  std::string name;  // its words: "snapshot list"
  std::string summary;
  std::string description;  // paragraphs, separated by empty lines
  std::vector<Argument> arguments;
  std::vector<Option> options;
  std::vector<const OptionGroup*> groups;
  std::vector<Exit> exits;
  std::vector<Example> examples;
  std::vector<Field> json;
  Handler run = nullptr;
  Visibility visibility = Visibility::shown;
};

// The command's own options and those of its groups and of the program, in the order of help.
[[nodiscard]] std::vector<const Option*> all_options(const Command& command);

[[nodiscard]] std::string_view field_type_name(FieldType type) noexcept;

}  // namespace holdfast::cli
