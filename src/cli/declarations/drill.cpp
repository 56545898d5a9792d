// Declares drills, and what they say in JSON.
#include "commands/handlers.hpp"
#include "declarations.hpp"

namespace holdfast::cli {

std::vector<Field> drill_fields(const std::string& prefix) {
  std::vector<Field> fields{
      {"drill", FieldType::string, "Its name."},
      {"run", FieldType::string, "The run's id."},
      {"outcome", FieldType::string, "passed, failed or unknown."},
      {"state", FieldType::string,
       "Of the run: succeeded, failed, cancelled, or warnings: unknown or too slow."},
      {"message", FieldType::string, "What is wrong, or unknown; else empty."},
      {"started", FieldType::time, "When it began."},
      {"instant", FieldType::time, "To which instant it restored; absent: the latest.",
       Presence::sometimes},
      {"into", FieldType::string, "sandbox, or the target's name."},
      {"fetch_seconds", FieldType::number, "How long restoring took."},
      {"start_seconds", FieldType::number, "How long starting servers took."},
      {"replay_seconds", FieldType::number, "How long their recovery took, or loading dumps."},
      {"service_seconds", FieldType::number, "How long stopping and starting services took."},
      {"check_seconds", FieldType::number, "How long the expectations took."},
      {"total_seconds", FieldType::number, "All of it."},
      {"within_seconds", FieldType::number, "It may not take longer.", Presence::sometimes},
      {"late", FieldType::boolean, "Whether it did."},
      {"components", FieldType::array, "What was restored."},
      {"components[].component", FieldType::string, "Its name."},
      {"components[].outcome", FieldType::string, "Of its restore: passed, failed or unknown."},
      {"components[].location", FieldType::string, "From where; may be empty."},
      {"components[].snapshot", FieldType::string, "Which.", Presence::sometimes},
      {"components[].captured", FieldType::time, "When its capture began.", Presence::sometimes},
      {"components[].files", FieldType::integer, "Files restored."},
      {"components[].bytes", FieldType::integer, "Their size."},
      {"components[].fetch_seconds", FieldType::number, "How long restoring it took."},
      {"components[].start_seconds", FieldType::number, "How long starting a server on it took."},
      {"components[].replay_seconds", FieldType::number,
       "How long its recovery took, or loading dumps."},
      {"components[].service_seconds", FieldType::number, "Stopping and starting what uses it."},
      {"components[].check_seconds", FieldType::number, "The expectations of it."},
      {"components[].message", FieldType::string, "What is wrong; else empty."},
      {"checks", FieldType::array, "What was expected, in the order of the strategy."},
      {"checks[].kind", FieldType::string, "files, run, confirm, query, keys, tables, or amcheck."},
      {"checks[].on", FieldType::string, "Of which component; may be empty."},
      {"checks[].text", FieldType::string, "The pattern, the command, the statement, …"},
      {"checks[].outcome", FieldType::string, "passed, failed or unknown."},
      {"checks[].message", FieldType::string, "What was found, or why nothing is known."},
      {"checks[].duration_seconds", FieldType::number, "How long it took."},
      {"checks[].confirmed_by", FieldType::string, "Who confirmed it; else empty."},
      {"checks[].confirmed_at", FieldType::time, "When.", Presence::sometimes},
      {"notes", FieldType::array, "What wasn't restored and need not be: strings."},
  };
  for (auto& field : fields) field.path = prefix + field.path;
  return fields;
}

namespace {

Command declare_drill() {
  std::vector<Field> fields{{"drills", FieldType::array, "One for each."}};
  const auto members = drill_fields("drills[].");
  fields.insert(fields.end(), members.begin(), members.end());
  return {
      .name = "drill",
      .summary = "restore into a sandbox and look whether it is right",
      .description =
          "Carries out drills of the strategy, all of them unless some are named: components are "
          "restored to one instant, into a sandbox that is removed afterwards or into a declared "
          "target, what came back is held against what is expected of it, and each step is "
          "timed.\n\n"
          "Commands find the folder of it all in HOLDFAST_SANDBOX, and below that the folder of "
          "each component in HOLDFAST_COMPONENT_ and its name in capitals; files lie there under "
          "their whole paths. Of a database HOLDFAST_URL_ and its name is where its server "
          "answers.\n\n"
          "What could not be looked at makes the drill unknown, and never passed. So does a "
          "statement that a person is to confirm, until --confirm records it for the last run of "
          "the drill.",
      .arguments = {{.name = "NAME",
                     .count = Count::any,
                     .text = "Which drills; without any, all of them."}},
      .options = {{.name = "confirm",
                   .value = "TEXT",
                   .text = "Record that this statement of the drill's last run is true; runs "
                           "nothing."},
                  {.name = "by", .value = "NAME", .text = "Who confirms it."}},
      .groups = {&strategy_options(), &state_options(), &key_options()},
      .exits = {{ExitCode::done, "passed, and in time"},
                {ExitCode::failed, "interrupted"},
                {ExitCode::usage, ""},
                {ExitCode::damage, "something could not be restored, or is not as expected"},
                {ExitCode::objective_missed, "passed, and took longer than it may"},
                {ExitCode::unverified, "something could not be looked at, or waits for a person"}},
      .examples = {{"holdfast drill weekly", "Carries out one drill of ./holdfast.yaml now."},
                   {"holdfast drill everything --confirm 'application answers' --by 'A. Kaya'",
                    "Records what a person saw."}},
      .json = std::move(fields),
      .run = &run_drill,
  };
}

}  // namespace

std::vector<const Command*> drill_commands() {
  static const Command drill = declare_drill();
  return {&drill};
}

}  // namespace holdfast::cli
