// The table of commands, put together from declarations/.
#include "declarations.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace holdfast::cli {

std::vector<const Option*> all_options(const Command& command) {
  std::vector<const Option*> found;
  found.reserve(command.options.size() + program_options().options.size());
  for (const auto& option : command.options) found.push_back(&option);
  for (const auto* group : command.groups) {
    for (const auto& option : group->options) found.push_back(&option);
  }
  for (const auto& option : program_options().options) found.push_back(&option);
  return found;
}

std::string_view field_type_name(FieldType type) noexcept {
  switch (type) {
    case FieldType::string: return "string";
    case FieldType::time: return "time";
    case FieldType::integer: return "integer";
    case FieldType::number: return "number";
    case FieldType::boolean: return "boolean";
    case FieldType::object: return "object";
    case FieldType::array: return "array";
  }
  return "string";
}

const std::vector<const Command*>& commands() {
  static const std::vector<const Command*> table = [] {
    std::vector<const Command*> all;
    for (const auto& part :
         {backup_commands(), import_commands(), restore_commands(), snapshot_commands(),
          repository_commands(), copy_commands(), key_commands(), doctor_commands(),
          strategy_commands(), strategy_render_commands(), run_commands(), drill_commands(),
          daemon_commands(), program_commands()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return table;
}

const Command* find_command(std::string_view name) {
  const auto& table = commands();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Command* command) { return command->name == name; });
  return found == table.end() ? nullptr : *found;
}

}  // namespace holdfast::cli
