// Declares what turns a strategy into other texts: render and diff.
#include "commands/handlers.hpp"
#include "declarations.hpp"

namespace holdfast::cli {

namespace {

Command declare_render() {
  return {
      .name = "strategy render",
      .summary = "write units, crontab lines or manifests for a strategy",
      .description =
          "Writes what starts a strategy's plans.\n\n"
          "systemd: daemon/ has a unit that runs holdfast daemon; timers/ has, for machines "
          "without "
          "a daemon, a timer for each plan that a clock can start. cron: a file for /etc/cron.d. "
          "kubernetes: a ConfigMap with the strategy, claims for what is kept, and a CronJob for "
          "each plan, with the names that the strategy gives at render.kubernetes.\n\n"
          "What the other side can't say (the last day of a month, what waits for changes) is a "
          "comment where it would stand, and a note.",
      .arguments = {{.name = "FORMAT",
                     .text = "What to write.",
                     .choices = {"systemd", "cron", "kubernetes"}}},
      .options = {{.name = "into",
                   .value = "DIR",
                   .text =
                       "Write files there, and make it if it does not exist. Without it: all on "
                       "standard output.",
                   .completion = Completion::directory},
                  {.name = "program",
                   .value = "PATH",
                   .text = "Where holdfast lies on the machine that runs it.",
                   .fallback = "/usr/bin/holdfast"},
                  {.name = "variables",
                   .value = "FILE",
                   .text = "The file there that holds the variables for keys and passwords.",
                   .fallback = "/etc/holdfast/environment"}},
      .groups = {&strategy_options()},
      .exits = {{ExitCode::done, ""},
                {ExitCode::failed, ""},
                {ExitCode::usage, "the strategy has errors"}},
      .examples = {{"holdfast strategy render systemd --into build/units",
                    "Writes the units of ./holdfast.yaml."},
                   {"holdfast strategy render kubernetes | kubectl apply -f -",
                    "Runs the strategy's plans in a cluster."}},
      .json = {{"files", FieldType::array, "What was made."},
               {"files[].name", FieldType::string, "A relative path."},
               {"files[].text", FieldType::string, "What is in it."},
               {"notes", FieldType::array,
                "What could not be said there, and what has to be there: strings."}},
      .run = &run_strategy_render,
  };
}

std::vector<Field> diff_fields() {
  return {
      {"changes", FieldType::array, "In the order of the new strategy."},
      {"changes[].kind", FieldType::string, "added, removed or changed."},
      {"changes[].what", FieldType::string, "component, plan, schedule, keep, location, …"},
      {"changes[].component", FieldType::string, "Of which; may be empty."},
      {"changes[].plan", FieldType::string, "Of which; may be empty."},
      {"changes[].location", FieldType::string, "Where; may be empty."},
      {"changes[].before", FieldType::string, "In words; empty if there was nothing."},
      {"changes[].after", FieldType::string, "In words; empty if there is nothing."},
      {"consequences", FieldType::array, "What follows."},
      {"consequences[].kind", FieldType::string,
       "plan_stops, location_not_served, kept_shorter, loses_more, or to_do."},
      {"consequences[].component", FieldType::string, "Of which; may be empty."},
      {"consequences[].plan", FieldType::string, "Of which; may be empty."},
      {"consequences[].location", FieldType::string, "Where; may be empty."},
      {"consequences[].kept_before", FieldType::integer,
       "Snapshots after a year of the old strategy; of kept_shorter.", Presence::sometimes},
      {"consequences[].kept_after", FieldType::integer,
       "Snapshots after a year of the new one; of kept_shorter.", Presence::sometimes},
      {"consequences[].text", FieldType::string, "A sentence."},
  };
}

Command declare_diff() {
  return {
      .name = "strategy diff",
      .summary = "say how two strategies differ, and what follows",
      .description =
          "Compares two strategies, after includes, defaults and variables: components, plans, "
          "schedules, what is kept, locations, objectives. Then it says what follows: plans that "
          "stop, locations that are no longer served, snapshots that are kept for a shorter time "
          "(by a forecast of a year), and what has to be done first.",
      .arguments = {{.name = "OLD", .text = "The old file.", .completion = Completion::path},
                    {.name = "NEW",
                     .count = Count::optional,
                     .text = "The new file; without it, the strategy at hand.",
                     .completion = Completion::path}},
      .options = {{.name = "start",
                   .value = "TIME",
                   .text = "Forecast from then on, like 2026-01-01T00:00:00Z, instead of now."}},
      .groups = {&strategy_options()},
      .exits = {{ExitCode::done, "nothing is protected less than before"},
                {ExitCode::failed, ""},
                {ExitCode::usage, "one of the strategies has errors"},
                {ExitCode::warnings, "something stops, is kept shorter, or more can be lost"}},
      .examples = {{"holdfast strategy diff holdfast.yaml.old",
                    "What does the change to ./holdfast.yaml do?"},
                   {"holdfast strategy diff old.yaml new.yaml --json", "For a pipeline."}},
      .json = diff_fields(),
      .run = &run_strategy_diff,
  };
}

}  // namespace

std::vector<const Command*> strategy_render_commands() {
  static const Command render = declare_render();
  static const Command diff = declare_diff();
  return {&render, &diff};
}

}  // namespace holdfast::cli
