// Declares what takes old backups in: import.
#include "commands/handlers.hpp"
#include "declarations.hpp"

namespace holdfast::cli {

namespace {

std::vector<Field> import_fields() {
  return {
      {"run", FieldType::string, "The run's id."},
      {"component", FieldType::string, "Of which component."},
      {"plan", FieldType::string, "By whose rules it is kept."},
      {"taken_at", FieldType::time, "The snapshot's capture time."},
      {"state", FieldType::string, "succeeded or warnings."},
      {"snapshot", FieldType::string, "Its id where it was captured."},
      {"sha256", FieldType::string, "Of the file, hexadecimal; empty for a folder."},
      {"bytes", FieldType::integer, "Size of all that was taken in."},
      {"bytes_stored", FieldType::integer, "What it took in the repository."},
      {"places", FieldType::array, "The locations of the plan."},
      {"places[].location", FieldType::string, "Its name."},
      {"places[].state", FieldType::string, "captured, copied or waiting."},
      {"places[].snapshot", FieldType::string, "Its id there; may be empty."},
      {"places[].message", FieldType::string, "Why it waits; else empty."},
      {"expired_at", FieldType::array,
       "Locations where the rules let it go with the next run: strings."},
      {"warnings", FieldType::array, "Strings."},
  };
}

Command declare_import() {
  return {
      .name = "import",
      .summary = "take an old backup file in as a snapshot",
      .description =
          "Stores FILE, or a folder with all below it, as a snapshot of a component that was taken "
          "at --taken-at: retention counts it as that old, and restores to an instant find it. "
          "What it holds stays as it is; the SHA-256 of a file becomes a label of the snapshot.",
      .arguments = {{.name = "FILE",
                     .text = "The backup: a file or a folder.",
                     .completion = Completion::path}},
      .options = {{.name = "taken-at",
                   .value = "TIME",
                   .text = "When it was made, in UTC, like 2025-12-04T14:30:00Z. Required."},
                  {.name = "component",
                   .value = "NAME",
                   .text = "Of what it is a backup. Without it, the strategy's only component."},
                  {.name = "plan",
                   .value = "NAME",
                   .text = "By whose rules it is kept, and where. Without it, the first plan that "
                           "takes snapshots itself."}},
      .groups = {&strategy_options(), &state_options(), &key_options()},
      .exits = {{ExitCode::done, "it is in every location of the plan"},
                {ExitCode::failed, "it was not taken in, or was changed meanwhile"},
                {ExitCode::usage, "no such component or plan, or a time in the future"},
                {ExitCode::warnings,
                 "it was taken in; a location waits for its copy, or it has expired there"}},
      .examples = {{"holdfast import shop_20251204.dump --taken-at 2025-12-04T02:00:00Z "
                    "--component database --plan dump",
                    "Takes a dump of last year in."}},
      .json = import_fields(),
      .run = &run_import,
  };
}

}  // namespace

std::vector<const Command*> import_commands() {
  static const Command import = declare_import();
  return {&import};
}

}  // namespace holdfast::cli
