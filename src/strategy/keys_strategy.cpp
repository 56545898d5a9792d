// Keys of the strategy as a whole: its name, environment, encryption, budget, defaults.
#include <algorithm>

#include "keys.hpp"

namespace holdfast::strategy {

Shape text_shape() { return scalar(Form::text); }
Shape name_shape() { return scalar(Form::name); }

const Record& encryption_record() {
  static const Record record{
      .name = "encryption",
      .text =
          "Where the keys of the repositories come from, and what checks demand. Repositories "
          "are always encrypted.",
      .keys = {{"key", scalar(Form::secret),
                "Reads and writes: `env:NAME`, `file:PATH` or `command:PROGRAM`."},
               {"write-key", scalar(Form::secret),
                "Instead of `key`: this machine can write and never read."},
               {"read-key", scalar(Form::secret), "Only where restores and deep verification run."},
               {"demand", choice({"required", "warn", "optional"}),
                "What is not encrypted (mirrors, exports, connections) is an error or warning of "
                "`strategy check`. `encryption: warn` says the same. Without it: required in "
                "production, warn elsewhere."}},
      .groups = {{KeyGroup::Count::at_most_one, "the key that writes", {"key", "write-key"}}},
  };
  return record;
}

const Record& budget_record() {
  static const Record record{
      .name = "budget",
      .text = "What `strategy forecast` is held against.",
      .keys = {{"storage", scalar(Form::size), "All locations together."},
               {"requests", scalar(Form::request_rate),
                "To object stores, like `5M per month` (a month is 30 days)."}},
  };
  return record;
}

const Record& limits_record() {
  static const Record record{
      .name = "limits",
      .text = "How many runs may go on at once.",
      .keys = {{"runs", scalar(Form::integer), "In all."},
               {"per-component", scalar(Form::integer), "Of one component."},
               {"per-location", scalar(Form::integer), "That write to one location."}},
  };
  return record;
}

const Record& defaults_record() {
  static const Record record{
      .name = "defaults",
      .text = "What holds for every plan and component that says nothing else.",
      .keys = {{"keep", keep_shape(), "For plans whose locations say nothing either.",
                Need::optional, Overlay::replace},
               {"verify", map_of(record_of(verify_record)), "For every component, by name."},
               {"demand", choice({"present", "intact", "readable", "sound", "restorable"}),
                "As `demand` of a plan."},
               {"host", name_shape(), "As `host` of a component."},
               {"jitter", scalar(Form::duration), "As `jitter` of a plan."},
               {"stall", scalar(Form::duration), "As `stall` of a plan."}},
  };
  return record;
}

const Record& requirement_record() {
  static const Record record{
      .name = "requirement",
      .text = "One requirement of a regulation, and what meets it here.",
      .keys = {{"requirement", text_shape(), "What it demands.", Need::required},
               {"by",
                one_or_more(choice({"encryption", "erasure", "drills", "verification", "evidence",
                                    "access", "retention", "offsite"})),
                "What meets it; reports show its state.", Need::required}},
  };
  return record;
}

const Record& kubernetes_names_record() {
  static const Record record{
      .name = "render.kubernetes",
      .text = "Names in the manifests that `strategy render kubernetes` writes.",
      .keys = {{"name", text_shape(), "Of the CronJob."},
               {"namespace", text_shape(), "In which it runs."},
               {"secret", text_shape(), "Whose members become environment variables."},
               {"image", text_shape(), "Of the container."}},
  };
  return record;
}

const Record& render_record() {
  static const Record record{
      .name = "render",
      .text = "What `strategy render` needs to know besides.",
      .keys = {{"kubernetes", record_of(kubernetes_names_record), "For Kubernetes."}},
  };
  return record;
}

const Record& strategy_record() {
  static const Record record{
      .name = "strategy",
      .text = "The whole file.",
      .keys =
          {{"strategy", text_shape(), "Its name.", Need::required},
           {"environment", name_shape(),
            "Which environment this is, unless `--environment` says another one. Without both: "
            "production."},
           {"timezone", scalar(Form::time_zone), "Of all times in the file. Without it: UTC."},
           {"include", one_or_more(text_shape()),
            "More files, relative to this one; their keys are added. What stands in two files is "
            "an error."},
           {"note", text_shape(), "For readers."},
           {"budget", record_of(budget_record), "What the strategy may cost."},
           {"limits", record_of(limits_record), "Runs at once."},
           {"blackout", one_or_more(scalar(Form::window)),
            "When nothing starts: `Mon-Fri 08:00-18:00`. What is due then starts at the end."},
           {"encryption",
            any_of({choice({"required", "warn", "optional"}), record_of(encryption_record)}),
            "Keys, and what is demanded."},
           {"defaults", record_of(defaults_record), "For all that says nothing else."},
           {"locations", map_of(record_of(location_record)), "Where copies live, by name."},
           {"components", map_of(record_of(component_record)), "What is protected, by name.",
            Need::required},
           {"drills", map_of(record_of(drill_record)), "Restores with assertions, by name."},
           {"targets", map_of(record_of(target_record)),
            "Where drills restore besides a sandbox, by name."},
           {"scenarios", map_of(record_of(scenario_record)),
            "What to do when something happens, and how long it may take, by name."},
           {"channels", map_of(scalar(Form::secret)),
            "How people are told: `env:NAME` of an address, or `mailto:ops@example.org`."},
           {"severities", map_of(one_or_more(name_shape())), "Which channels each one uses.",
            Need::optional, Overlay::merge},
           {"alerts", record_of(alerts_record), "Which finding has which severity."},
           {"compliance", map_of(record_of(requirement_record)), "Regulations, by name."},
           {"render", record_of(render_record), "For `strategy render`."},
           {"environments", map_of(record_of(environment_record)),
            "What is different in each of them. Keys are laid over those above; of `keep` and "
            "`to` and of lists the whole value is replaced."}},
  };
  return record;
}

const Record& environment_record() {
  static const Record record = [] {
    Record made{.name = "environment",
                .text =
                    "What is different in one environment: any key of the strategy but "
                    "strategy, environment, include and environments."};
    for (const auto& key : strategy_record().keys) {
      const bool left_out = key.name == "strategy" || key.name == "environment" ||
                            key.name == "include" || key.name == "environments";
      if (left_out) continue;
      made.keys.push_back(key);
      made.keys.back().need = Need::optional;
    }
    return made;
  }();
  return record;
}

const std::vector<const Record*>& all_records() {
  static const std::vector<const Record*> records{
      &strategy_record(),    &budget_record(),      &limits_record(),    &encryption_record(),
      &defaults_record(),    &location_record(),    &component_record(), &objectives_record(),
      &hooks_record(),       &service_record(),     &postgres_record(),  &redis_record(),
      &mongodb_record(),     &clickhouse_record(),  &files_record(),     &command_record(),
      &git_record(),         &bucket_record(),      &docker_record(),    &kubernetes_record(),
      &vault_record(),       &plan_record(),        &keep_record(),      &bucket_rule_record(),
      &export_record(),      &verify_record(),      &drill_record(),     &expect_record(),
      &target_record(),      &scenario_record(),    &step_record(),      &alerts_record(),
      &alert_record(),       &requirement_record(), &render_record(),    &kubernetes_names_record(),
      &environment_record(),
  };
  return records;
}

}  // namespace holdfast::strategy
