// Keys of drills, targets, scenarios and alerts.
#include "keys.hpp"

namespace holdfast::strategy {

const Record& expect_record() {
  static const Record record{
      .name = "expectation",
      .text = "One assertion about what was restored.",
      .keys = {{"on", name_shape(), "Which component; not with run and confirm."},
               {"query", text_shape(), "What a database answers."},
               {"keys", text_shape(), "A pattern of keys of Redis."},
               {"files", text_shape(), "A pattern of paths, like `**/*.jpg`."},
               {"tables", one_or_more(text_shape()), "That must exist and hold rows."},
               {"run", text_shape(), "A program that must end with 0."},
               {"confirm", text_shape(),
                "What a named person states; until then the drill is unknown, not passed."},
               {"at-least", scalar(Form::integer), "The number that is counted or answered."},
               {"at-most", scalar(Form::integer), "The number that is counted or answered."},
               {"equals", text_shape(), "What the query answers."},
               {"type", text_shape(), "Of files, by their content: `image/jpeg`."},
               {"sample", scalar(Form::integer), "Of files: look into so many."},
               {"same-as-source", scalar(Form::flag), "Counts and sizes as they were at capture."},
               {"timeout", scalar(Form::duration), "Then it has failed."}},
      .groups = {{KeyGroup::Count::exactly_one,
                  "what is expected",
                  {"query", "keys", "files", "tables", "run", "confirm"}}},
  };
  return record;
}

const Record& drill_record() {
  static const Record record{
      .name = "drill",
      .text = "A restore into a sandbox or target with assertions, against a time limit.",
      .keys = {{"restore", one_or_more(name_shape()), "Components, or `all`; to one instant.",
                Need::required},
               {"from", name_shape(), "A location; without it, the quickest."},
               {"instant", scalar(Form::instant),
                "To which instant: latest (what holds without it), random, `\"1h ago\"`, a time."},
               {"in", name_shape(), "sandbox (what holds without it), or a target."},
               {"within", scalar(Form::duration), "Service start and assertions included."},
               {"expect", list_of(record_of(expect_record)), "The assertions."},
               {"note", text_shape(), "For readers."}},
  };
  return record;
}

const Record& target_record() {
  static const Record record{
      .name = "target",
      .text = "A place where drills restore.",
      .keys = {{"host", name_shape(), "The machine."},
               {"path", text_shape(), "A folder there."},
               {"url", scalar(Form::address), "A server."},
               {"note", text_shape(), "For readers."}},
  };
  return record;
}

const Record& step_record() {
  static const Record record{
      .name = "step",
      .text = "One step of a scenario.",
      .keys = {{"drill", name_shape(), "Carried out."},
               {"run", text_shape(), "Carried out."},
               {"confirm", text_shape(), "A named person states it."}},
      .groups = {{KeyGroup::Count::exactly_one, "what is done", {"drill", "run", "confirm"}}},
  };
  return record;
}

const Record& scenario_record() {
  static const Record record{
      .name = "scenario",
      .text = "What is done when something happens.",
      .keys = {{"rto", scalar(Form::duration), "It runs again after this."},
               {"rpo", scalar(Form::duration), "At most this much is lost."},
               {"detection", text_shape(), "How it is noticed."},
               {"steps", list_of(any_of({text_shape(), record_of(step_record)})),
                "In order: words for people, or steps that can be carried out."}},
  };
  return record;
}

const Record& alert_record() {
  static const Record record{
      .name = "alert",
      .text = "When a finding is told, and how loudly. A bare severity stands for the rest.",
      .keys = {{"severity", name_shape(), "One of `severities`.", Need::required},
               {"after", scalar(Form::duration),
                "Of missing and lag: only when it is so late. Missing, without it: the plan's "
                "interval and a half."},
               {"for", scalar(Form::duration), "Only when it has lasted so long."},
               {"below", scalar(Form::percentage), "Of the average. Size, without it: 50%."},
               {"above", scalar(Form::percentage),
                "Of the average, or of the capacity. Size, without it: 200%; storage: 80%."}},
  };
  return record;
}

const Record& alerts_record() {
  const auto alert = [] { return any_of({name_shape(), record_of(alert_record)}); };
  static const Record record{
      .name = "alerts",
      .text = "Findings that people are told about.",
      .keys = {{"failed", alert(), "A run failed."},
               {"missing", alert(), "There is no snapshot when one was due."},
               {"size", alert(), "A snapshot is smaller or larger than usual."},
               {"storage", alert(), "A location is too full."},
               {"verification", alert(), "One failed, or is overdue."},
               {"drill", alert(), "One failed, took too long, or is overdue."},
               {"objective", alert(), "An objective is missed."},
               {"lag", alert(), "A log or mirror is behind."},
               {"upload", alert(), "A location did not take its copy."}},
  };
  return record;
}

}  // namespace holdfast::strategy
