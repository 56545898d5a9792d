// Declares what shows and steers the runs of a strategy: status, event, runs.
#include "commands/handlers.hpp"
#include "declarations.hpp"

namespace holdfast::cli {

namespace {

std::vector<const OptionGroup*> strategy_groups() {
  return {&strategy_options(), &state_options(), &key_options()};
}

std::vector<Exit> usual_exits() {
  return {{ExitCode::done, ""}, {ExitCode::failed, ""}, {ExitCode::usage, ""}};
}

Argument run_argument() {
  return {.name = "RUN", .count = Count::one, .text = "A run's id, its beginning, or latest."};
}

std::vector<Field> run_fields(const std::string& prefix) {
  std::vector<Field> fields{
      {"run", FieldType::string, "Its id."},
      {"kind", FieldType::string, "backup, copy, verify, drill, expire or restore."},
      {"component", FieldType::string, "Of which component."},
      {"plan", FieldType::string, "By which plans; empty if by none."},
      {"reason", FieldType::string, "schedule, catch-up, retry, change, event or command."},
      {"slot", FieldType::time, "When it was due.", Presence::sometimes},
      {"started", FieldType::time, "When it began."},
      {"state", FieldType::string,
       "running, succeeded, warnings, failed, cancelled or interrupted."},
      {"ended", FieldType::time, "When it ended.", Presence::sometimes},
      {"duration_seconds", FieldType::number, "How long it took.", Presence::sometimes},
      {"snapshot", FieldType::string, "What it made; may be empty."},
      {"bytes", FieldType::integer, "Size of all that was captured."},
      {"bytes_read", FieldType::integer, "What was read for it."},
      {"bytes_new", FieldType::integer, "What the repository lacked of it."},
      {"bytes_stored", FieldType::integer, "What that took there."},
      {"warning_count", FieldType::integer, "How many warnings."},
      {"message", FieldType::string, "Why it failed; else empty."},
  };
  for (auto& field : fields) field.path = prefix + field.path;
  return fields;
}

// What has been proved of a component.
std::vector<Field> proof_fields() {
  return {
      {"components[].recovery", FieldType::string,
       "Of the RTO: met or missed by the last drill, unknown without one that passed, or "
       "none was promised."},
      {"components[].verifications", FieldType::array,
       "What is declared, for each location; a drill once."},
      {"components[].verifications[].name", FieldType::string, "Its name."},
      {"components[].verifications[].location", FieldType::string, "Empty if it is a drill."},
      {"components[].verifications[].level", FieldType::string, "Up to which level."},
      {"components[].verifications[].drill", FieldType::string, "Else empty."},
      {"components[].verifications[].state", FieldType::string,
       "current, waiting (none yet, and none is missing), overdue, failed or unknown."},
      {"components[].verifications[].at", FieldType::time, "The last look that gave an answer.",
       Presence::sometimes},
      {"components[].verifications[].age_seconds", FieldType::number, "Since then.",
       Presence::sometimes},
      {"components[].verifications[].expected_seconds", FieldType::number,
       "It should not be older.", Presence::sometimes},
      {"components[].verifications[].message", FieldType::string, "What is wrong; else empty."},
      {"components[].last_drill", FieldType::object, "That restored it.", Presence::sometimes},
      {"components[].last_drill.drill", FieldType::string, "Its name."},
      {"components[].last_drill.run", FieldType::string, "The run's id."},
      {"components[].last_drill.outcome", FieldType::string, "passed, failed or unknown."},
      {"components[].last_drill.at", FieldType::time, "When it began."},
      {"components[].last_drill.duration_seconds", FieldType::number,
       "How long this component took."},
      {"components[].last_drill.late", FieldType::boolean,
       "Whether the whole drill took longer than it may."},
      {"components[].last_drill.message", FieldType::string, "What is wrong; else empty."},
  };
}

std::vector<Field> place_fields() {
  return {
      {"components[].places", FieldType::array, "The locations that it goes to."},
      {"components[].places[].location", FieldType::string, "Its name."},
      {"components[].places[].state", FieldType::string, "fresh, late, empty or unknown."},
      {"components[].places[].snapshots", FieldType::integer, "How many."},
      {"components[].places[].newest", FieldType::time, "The recovery point.", Presence::sometimes},
      {"components[].places[].newest_snapshot", FieldType::string, "May be empty."},
      {"components[].places[].age_seconds", FieldType::number, "Of the recovery point.",
       Presence::sometimes},
      {"components[].places[].expected_seconds", FieldType::number, "It should not be older.",
       Presence::sometimes},
      {"components[].places[].proved", FieldType::string,
       "The highest level that was verified; may be empty."},
      {"components[].places[].proved_at", FieldType::time, "When.", Presence::sometimes},
      {"components[].places[].message", FieldType::string, "Why it is unknown."},
      {"components[].places[].oldest", FieldType::time, "The oldest recovery point.",
       Presence::sometimes},
      {"components[].places[].verified_at", FieldType::time,
       "The newest look at any of them that gave an answer.", Presence::sometimes},
      {"components[].places[].damaged", FieldType::integer,
       "Snapshots whose last look found damage."},
      {"components[].places[].log", FieldType::string,
       "none: it keeps no log; flows: its log leads from a base to log_end; broken: more of it is "
       "there, beyond a gap."},
      {"components[].places[].log_end", FieldType::time, "The instant up to which it leads.",
       Presence::sometimes},
      {"components[].places[].log_position", FieldType::string, "The same as an LSN.",
       Presence::sometimes},
  };
}

std::vector<Field> status_fields() {
  std::vector<Field> fields{
      {"strategy", FieldType::string, "Its name."},
      {"environment", FieldType::string, "Which one."},
      {"at", FieldType::time, "When it was looked at."},
      {"components", FieldType::array, "In the order of the strategy."},
      {"components[].name", FieldType::string, "Its name."},
      {"components[].kind", FieldType::string, "files, git, postgres, …"},
      {"components[].built", FieldType::boolean, "Whether this version can back it up."},
      {"components[].enabled", FieldType::boolean, "Whether it is switched on."},
      {"components[].objective", FieldType::string,
       "Of the RPO: met, missed, unknown, or none was promised."},
      {"components[].rpo_seconds", FieldType::number, "Promised.", Presence::sometimes},
      {"components[].rto_seconds", FieldType::number, "Promised.", Presence::sometimes}};
  const auto places = place_fields();
  fields.insert(fields.end(), places.begin(), places.end());
  const auto proof = proof_fields();
  fields.insert(fields.end(), proof.begin(), proof.end());
  const std::vector<Field> rest{
      {"components[].mirrors", FieldType::array, "Mirrors of a git repository."},
      {"components[].mirrors[].location", FieldType::string, "Its name."},
      {"components[].mirrors[].state", FieldType::string,
       "in step, behind, or unknown: it or the repository can't be asked."},
      {"components[].mirrors[].refs_behind", FieldType::integer,
       "Branches, tags and other refs that differ there."},
      {"components[].mirrors[].age_seconds", FieldType::number,
       "Of the oldest commit that isn't there, if it is known.", Presence::sometimes},
      {"components[].mirrors[].message", FieldType::string, "Why it is unknown; else empty."},
      {"components[].last_run", FieldType::object, "The newest.", Presence::sometimes},
      {"components[].last_run.run", FieldType::string, "Its id."},
      {"components[].last_run.plan", FieldType::string, "By which plans."},
      {"components[].last_run.state", FieldType::string, "As of runs show."},
      {"components[].last_run.started", FieldType::time, "When it began."},
      {"components[].last_run.message", FieldType::string, "Why it failed."},
      {"components[].next_run", FieldType::time, "When.", Presence::sometimes},
      {"components[].next_plan", FieldType::string, "Which.", Presence::sometimes},
      {"findings", FieldType::array, "What is wrong."},
      {"findings[].kind", FieldType::string, "failed, missing, size, …"},
      {"findings[].severity", FieldType::string, "As the strategy says."},
      {"findings[].component", FieldType::string, "May be empty."},
      {"findings[].plan", FieldType::string, "May be empty."},
      {"findings[].location", FieldType::string, "May be empty."},
      {"findings[].message", FieldType::string, "What is wrong."},
      {"findings[].advice", FieldType::string, "What to do."},
      {"findings[].opened", FieldType::time, "Since when."},
      {"waiting_copies", FieldType::integer, "Copies that wait for their location."}};
  fields.insert(fields.end(), rest.begin(), rest.end());
  return fields;
}

Command declare_status() {
  return {
      .name = "status",
      .summary = "what could be restored, and what is wrong",
      .description =
          "Looks into every location of the strategy and tells for each component its newest "
          "recovery point there, how old it is against what was promised, what has been verified, "
          "how long the last drill took, what runs next, and what is wrong. What could not be "
          "looked at is unknown, and never fine.",
      .groups = strategy_groups(),
      .exits = {{ExitCode::done, "every objective is met"},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""},
                {ExitCode::damage, "a verification or a drill failed"},
                {ExitCode::objective_missed, "an objective is missed"},
                {ExitCode::unverified,
                 "a location could not be looked at, a verification is overdue or could not be "
                 "made, or no drill has proved an RTO"}},
      .examples = {{"holdfast status", "Shows how it stands."}},
      .json = status_fields(),
      .run = &run_status,
  };
}

Command declare_event() {
  return {
      .name = "event",
      .summary = "tell the strategy that something happened",
      .description =
          "Records an event, such as a deployment or the end of a training's epoch. Plans with "
          "`when: event NAME` run for it, and `keep: { until: event NAME }` counts from it.",
      .arguments = {{.name = "NAME", .count = Count::one, .text = "Which event."}},
      .options = {{.name = "tag",
                   .value = "KEY=VALUE",
                   .text = "Goes onto the snapshots that it causes.",
                   .repeat = Repeat::yes},
                  {.name = "id", .value = "ID", .text = "Tells this happening from others."},
                  {.name = "wait",
                   .value = {},
                   .text = "Ends when the runs that it causes have ended; 1 if one failed."},
                  {.name = "timeout",
                   .value = "DURATION",
                   .text = "Waits no longer than this.",
                   .fallback = "1h"}},
      .groups = strategy_groups(),
      .exits = usual_exits(),
      .examples = {{"holdfast event epoch --tag model=a", "At the end of each epoch."}},
      .json = {{"number", FieldType::integer, "Events are numbered in their order."},
               {"event", FieldType::string, "Its name."}},
      .run = &run_event,
  };
}

Command declare_list() {
  auto fields = run_fields("runs[].");
  fields.insert(fields.begin(), {"runs", FieldType::array, "Newest first."});
  return {
      .name = "runs list",
      .summary = "list what was carried out",
      .description = "Lists the runs of the strategy, newest first.",
      .options = {{.name = "component", .value = "NAME", .text = "Only those of this component."},
                  {.name = "plan", .value = "NAME", .text = "Only those of this plan."},
                  {.name = "run-state",
                   .value = "STATE",
                   .text = "Only those in this state.",
                   .choices = {"running", "succeeded", "warnings", "failed", "cancelled",
                               "interrupted"}},
                  {.name = "limit", .value = "N", .text = "At most so many.", .fallback = "50"}},
      .groups = strategy_groups(),
      .exits = usual_exits(),
      .examples = {{"holdfast runs list --run-state failed", "Shows what failed."}},
      .json = std::move(fields),
      .run = &run_runs_list,
  };
}

Command declare_show() {
  auto fields = run_fields("");
  const std::vector<Field> places{
      {"places", FieldType::array, "What each location has of it."},
      {"places[].location", FieldType::string, "Its name."},
      {"places[].state", FieldType::string, "waiting, stored or dropped."},
      {"places[].snapshot", FieldType::string, "Its id there; may be empty."},
      {"places[].bytes_stored", FieldType::integer, "What it took there."},
      {"places[].attempts", FieldType::integer, "How often it was tried."},
      {"places[].message", FieldType::string, "Why it waits; else empty."},
  };
  fields.insert(fields.end(), places.begin(), places.end());
  return {
      .name = "runs show",
      .summary = "show one run",
      .description = "Shows one run and what each location has of it.",
      .arguments = {run_argument()},
      .groups = strategy_groups(),
      .exits = usual_exits(),
      .examples = {{"holdfast runs show latest", "Shows the newest run."}},
      .json = std::move(fields),
      .run = &run_runs_show,
  };
}

Command declare_log() {
  return {
      .name = "runs log",
      .summary = "show what a run said",
      .description = "Prints the log of one run: its steps, its warnings, what hooks printed.",
      .arguments = {run_argument()},
      .groups = strategy_groups(),
      .exits = usual_exits(),
      .examples = {{"holdfast runs log latest", "Prints the newest run's log."}},
      .json = {{"run", FieldType::string, "Its id."},
               {"lines", FieldType::array, "In their order."},
               {"lines[].at", FieldType::time, "When."},
               {"lines[].text", FieldType::string, "What."}},
      .run = &run_runs_log,
  };
}

Command declare_cancel() {
  return {
      .name = "runs cancel",
      .summary = "end a run",
      .description = "Asks a run that is under way to end; what it stored is taken up by the next.",
      .arguments = {run_argument()},
      .groups = strategy_groups(),
      .exits = usual_exits(),
      .examples = {{"holdfast runs cancel latest", "Ends the newest run."}},
      .json = {{"run", FieldType::string, "Its id."}},
      .run = &run_runs_cancel,
  };
}

Command declare_rebuild() {
  return {
      .name = "runs rebuild",
      .summary = "make the catalog anew from the repositories",
      .description =
          "Reads the snapshots of every location and adds to the catalog what it doesn't know: "
          "their "
          "runs, what each location has of them, and up to where each plan was served, so that a "
          "daemon goes on there. What left no snapshot (failed runs, events, verifications) is not "
          "in it. A second time it adds nothing.",
      .groups = strategy_groups(),
      .exits = {{ExitCode::done, "every location was read"},
                {ExitCode::failed, ""},
                {ExitCode::usage, ""},
                {ExitCode::warnings, "a location was down or has damaged snapshots; it is named"}},
      .examples = {{"holdfast runs rebuild", "After the catalog's disk was lost."}},
      .json = {{"snapshots", FieldType::integer, "Of the strategy's components, in all locations."},
               {"runs", FieldType::integer, "How many runs were unknown."},
               {"copies", FieldType::integer, "How many copies were unknown."},
               {"plans", FieldType::integer, "How many plans are known to be served further."},
               {"not_read", FieldType::array, "Locations that were down, and why: strings."}},
      .run = &run_runs_rebuild,
  };
}

}  // namespace

std::vector<const Command*> run_commands() {
  static const Command status = declare_status();
  static const Command event = declare_event();
  static const Command list = declare_list();
  static const Command show = declare_show();
  static const Command log = declare_log();
  static const Command cancel = declare_cancel();
  static const Command rebuild = declare_rebuild();
  return {&status, &event, &list, &show, &log, &cancel, &rebuild};
}

}  // namespace holdfast::cli
