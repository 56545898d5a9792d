// Declares the commands that read a strategy and change nothing.
#include "commands/handlers.hpp"
#include "declarations.hpp"

namespace holdfast::cli {

namespace {

Option start_option(const std::string& text) {
  return {.name = "start", .value = "TIME", .text = text};
}

std::vector<Exit> usual_exits() {
  return {{ExitCode::done, ""}, {ExitCode::usage, "the strategy has errors"}};
}

Command declare_check() {
  return {
      .name = "strategy check",
      .summary = "tell everything that is wrong with a strategy",
      .description =
          "Reads the strategy, and prints every error, every promise that it can't keep (warnings) "
          "and what is worth knowing (notes), as FILE:LINE:COLUMN, what is wrong, and what to do.",
      .options = {{.name = "strict", .text = "Exit with 3 if there are warnings."}},
      .groups = {&strategy_options()},
      .exits = {{ExitCode::done, "no errors"},
                {ExitCode::usage, "errors"},
                {ExitCode::warnings, "warnings, with --strict"}},
      .examples = {{"holdfast strategy check", "Checks ./holdfast.yaml."},
                   {"holdfast strategy check --environment staging --strict",
                    "Checks what staging makes of it, for a pipeline."}},
      .json = {{"errors", FieldType::integer, "How many."},
               {"warnings", FieldType::integer, "How many."},
               {"notes", FieldType::integer, "How many."},
               {"environment", FieldType::string, "Which one was checked."},
               {"diagnostics", FieldType::array, "In the order of the file."},
               {"diagnostics[].severity", FieldType::string, "error, warning or note."},
               {"diagnostics[].file", FieldType::string, "In which file."},
               {"diagnostics[].line", FieldType::integer, "From 1; 0 for the whole file."},
               {"diagnostics[].column", FieldType::integer, "From 1, in bytes."},
               {"diagnostics[].message", FieldType::string, "What is wrong."},
               {"diagnostics[].text", FieldType::string, "What stands there; empty for secrets."},
               {"diagnostics[].hint", FieldType::string, "What to do; may be empty."}},
      .run = &run_strategy_check,
  };
}

Command declare_explain() {
  return {
      .name = "strategy explain",
      .summary = "say in plain sentences how a component is protected",
      .description =
          "Says for each component what is kept where and for how long, how much can be lost at "
          "worst, and what is promised.",
      .arguments = {{.name = "COMPONENT",
                     .count = Count::any,
                     .text = "Which ones; without any, all of them."}},
      .groups = {&strategy_options()},
      .exits = usual_exits(),
      .examples = {{"holdfast strategy explain database", "How is the database protected?"}},
      .json = {{"components", FieldType::array, "In the order asked for."},
               {"components[].name", FieldType::string, "Its name."},
               {"components[].sentences", FieldType::array, "The text: strings."}},
      .run = &run_strategy_explain,
  };
}

Command declare_plan() {
  return {
      .name = "strategy plan",
      .summary = "list what runs next",
      .description =
          "Lists the runs and verifications that the clock makes due within a horizon. What waits "
          "for changes, commits, events or a person is not in it.",
      .options =
          {{.name = "within",
            .value = "DURATION",
            .text = "How far to look ahead.",
            .fallback = "24h"},
           {.name = "limit", .value = "COUNT", .text = "At most so many runs.", .fallback = "100"},
           start_option("From when on, like 2026-01-01T00:00:00Z, instead of now.")},
      .groups = {&strategy_options()},
      .exits = usual_exits(),
      .examples = {{"holdfast strategy plan --within 7d", "What runs in the next week?"}},
      .json = {{"timezone", FieldType::string, "Of the strategy."},
               {"runs", FieldType::array, "By start."},
               {"runs[].due", FieldType::time, "When it is due."},
               {"runs[].start", FieldType::time, "When it starts: after jitter and blackouts."},
               {"runs[].component", FieldType::string, "Of which component."},
               {"runs[].plan", FieldType::string, "The plan or verification."},
               {"runs[].verification", FieldType::boolean, "Whether it is a verification."}},
      .run = &run_strategy_plan,
  };
}

Command declare_forecast() {
  return {
      .name = "strategy forecast",
      .summary = "simulate a year: snapshots, bytes and requests",
      .description =
          "Simulates schedules, copies and retention, and tells for each component and location "
          "how "
          "many snapshots there are in the end, and about how many bytes and requests that takes, "
          "held against capacities and the budget. Snapshots and schedules are exact; bytes and "
          "requests are estimates.",
      .options = {{.name = "size",
                   .value = "COMPONENT=SIZE",
                   .text = "How large its data is; otherwise its size in the strategy, or 1 GB.",
                   .repeat = Repeat::yes},
                  {.name = "churn",
                   .value = "PERCENT",
                   .text = "How much of the data changes in a day.",
                   .fallback = "1%"},
                  {.name = "within",
                   .value = "DURATION",
                   .text = "How long to simulate.",
                   .fallback = "365d"},
                  start_option("From when on, like 2026-01-01T00:00:00Z, instead of now.")},
      .groups = {&strategy_options()},
      .exits = {{ExitCode::done, "capacities and the budget suffice"},
                {ExitCode::usage, "the strategy has errors"},
                {ExitCode::warnings, "a capacity or the budget does not suffice"}},
      .examples = {{"holdfast strategy forecast --size database=40GB",
                    "What will a year of this cost?"}},
      .json = {{"places", FieldType::array, "For each component and location."},
               {"places[].component", FieldType::string, "The component."},
               {"places[].location", FieldType::string, "The location."},
               {"places[].made", FieldType::integer, "Snapshots that come there in all."},
               {"places[].kept", FieldType::integer, "Snapshots that are there in the end."},
               {"places[].most", FieldType::integer, "Snapshots at the end of the fullest day."},
               {"places[].bytes", FieldType::integer, "About so many in the end."},
               {"places[].requests", FieldType::integer,
                "About so many that write, to object stores."},
               {"places[].oldest", FieldType::time, "Capture of the oldest that is left.",
                Presence::sometimes},
               {"findings", FieldType::array, "What does not suffice: strings."}},
      .run = &run_strategy_forecast,
  };
}

Command declare_schema() {
  return {
      .name = "strategy schema",
      .summary = "print the JSON Schema of strategies",
      .description =
          "Prints a JSON Schema (draft 2020-12) for editors and validators. It is rendered from "
          "what "
          "the parser itself uses.",
      .exits = {{ExitCode::done, ""}, {ExitCode::usage, ""}},
      .examples = {{"holdfast strategy schema > holdfast.schema.json",
                    "For an editor: # yaml-language-server: $schema=holdfast.schema.json"}},
      .json = {{"schema", FieldType::string, "The schema, as text."}},
      .run = &run_strategy_schema,
  };
}

}  // namespace

std::vector<const Command*> strategy_commands() {
  static const std::vector<Command> table{declare_check(), declare_explain(), declare_plan(),
                                          declare_forecast(), declare_schema()};
  std::vector<const Command*> found;
  for (const auto& command : table) found.push_back(&command);
  return found;
}

}  // namespace holdfast::cli
