// Keys of plans, what they keep, and verifications.
#include "keys.hpp"

namespace holdfast::strategy {

Shape keep_shape() {
  return any_of({scalar(Form::duration), choice({"forever"}), record_of(keep_record)});
}

const Record& bucket_rule_record() {
  static const Record record{
      .name = "keep rule",
      .text = "So many periods with one snapshot each.",
      .keys = {{"count", scalar(Form::integer), "The newest so many periods that have a snapshot.",
                Need::required},
               {"pick", scalar(Form::pick),
                "Which snapshot stands for a period: `last` (what holds without it), `first`, of a "
                "week a day like `sunday`, of a month or year a day like `1st`. When there is none "
                "of that day, the next one."}},
  };
  return record;
}

const Record& keep_record() {
  const auto rule = [] { return any_of({scalar(Form::integer), record_of(bucket_rule_record)}); };
  static const Record record{
      .name = "keep",
      .text =
          "How long snapshots stay: one stays while any of these wants it. A bare duration "
          "(`keep: 7d`) counts back from now; `keep: forever` deletes nothing. The newest "
          "snapshot of a plan stays in any case; with `demand`, the newest that was proved so "
          "far, and all of them until there is one. Of a log, a duration is a promise: any "
          "instant of that time can be restored; the base before it stays, and of the later "
          "ones so many that the log that must stay is never longer than twice that time.",
      .keys = {{"for", scalar(Form::duration), "All not older than this, as a bare duration says."},
               {"last", scalar(Form::integer), "The newest so many."},
               {"versions", scalar(Form::integer),
                "For each path, the newest so many distinct contents."},
               {"hourly", rule(), "One an hour, for so many hours."},
               {"daily", rule(), "One a day."},
               {"weekly", rule(), "One a week, from Monday."},
               {"monthly", rule(), "One a month."},
               {"yearly", rule(), "One a year."},
               {"until", scalar(Form::until),
                "Until `holdfast event NAME` was said after the capture. While nobody says it, it "
                "stays; after 14 days that is a finding."},
               {"then", scalar(Form::duration), "How long after the event of `until`."},
               {"per", text_shape(),
                "The rules count for each value of this tag by themselves: `per: model`."}},
  };
  return record;
}

const Record& export_record() {
  static const Record record{
      .name = "export",
      .text = "Named plain files beside the repository, kept by the plan's rules.",
      .keys = {{"to", scalar(Form::address), "A folder or bucket.", Need::required},
               {"name", text_shape(),
                "Of each file, with {component}, {plan}, {environment}, {strategy} and {time}.",
                Need::required},
               {"manifest", scalar(Form::flag), "A JSON file beside each one."},
               {"encrypt", choice({"gpg", "openssl"}),
                "With this program and the key of `encryption`."}},
  };
  return record;
}

const Record& plan_record() {
  static const Record record{
      .name = "plan",
      .text =
          "One row of the schedule: what kind of backup, when, to which locations, kept how "
          "long.",
      .keys =
          {{"type", text_shape(),
            "PostgreSQL: logical, physical, incremental, log (or wal). Redis: rdb, aof, log. "
            "MongoDB: dump, log (or oplog). ClickHouse and files: full, incremental. Others have "
            "one way only."},
           {"every", scalar(Form::duration),
            "At this interval, aligned to the wall clock: 5m runs at :00, :05 and so on."},
           {"at", one_or_more(scalar(Form::at)),
            "At these times: `\"02:00\"`, `\"Sun 05:00\"`, `\"Mon-Fri 22:00\"`, `\"1st 06:00\"`, "
            "`\"last 23:00\"`."},
           {"cron", scalar(Form::cron), "The five fields of cron."},
           {"when", scalar(Form::when),
            "`change` (files), `commit` (git), `continuous` (logs, mirrors), `manual`, or `event "
            "NAME`."},
           {"settle", scalar(Form::duration), "Of change: after so long without another one."},
           {"at-most", scalar(Form::duration),
            "Of change: though it goes on, not later than this."},
           {"sweep", scalar(Form::duration),
            "Of change: look so often by itself, for changes that nobody told."},
           {"flush", scalar(Form::duration), "Of a log: what arrived is durable after so long."},
           {"copy", name_shape(),
            "Capture nothing: copy this plan's snapshot of the same minute, else its newest."},
           {"to", any_of({name_shape(), list_of(name_shape()), map_of(keep_shape())}),
            "A location, a list, or a map of location to what is kept there.", Need::required,
            Overlay::replace},
           {"keep", keep_shape(), "Where `to` doesn't say it.", Need::optional, Overlay::replace},
           {"demand", choice({"present", "intact", "readable", "sound", "restorable"}),
            "The newest snapshot that was proved so far is never deleted, and none before there is "
            "one."},
           {"export", record_of(export_record), "Plain files as well."},
           {"content", choice({"all", "schema", "data"}), "Of logical dumps."},
           {"jitter", scalar(Form::duration),
            "Start up to so much later, always the same for a plan and time."},
           {"blackout", one_or_more(scalar(Form::window)), "When it doesn't start."},
           {"stall", scalar(Form::duration), "Without progress for so long, a run is cancelled."},
           {"enabled", scalar(Form::flag), "false: it stands here and doesn't run."},
           {"note", text_shape(), "For readers."}},
      .groups = {{KeyGroup::Count::exactly_one, "when it runs", {"every", "at", "cron", "when"}}},
  };
  return record;
}

const Record& verify_record() {
  static const Record record{
      .name = "verify",
      .text = "When snapshots are looked at, and how closely.",
      .keys = {{"every", scalar(Form::duration), "As of a plan."},
               {"at", one_or_more(scalar(Form::at)), "As of a plan."},
               {"cron", scalar(Form::cron), "As of a plan."},
               {"when", scalar(Form::when), "`manual` or `event NAME`."},
               {"after", choice({"each"}), "After each snapshot."},
               {"level", choice({"present", "intact", "readable", "sound", "restorable"}),
                "How far it is proved."},
               {"of", scalar(Form::sample),
                "Which snapshots: all, new (not yet proved so far), newest, or a share like 10%. "
                "Without it: new after each, else newest."},
               {"drill", name_shape(), "Carry out this drill."},
               {"enabled", scalar(Form::flag), "false: not here."},
               {"note", text_shape(), "For readers."}},
      .groups = {{KeyGroup::Count::exactly_one,
                  "when it is done",
                  {"every", "at", "cron", "when", "after"}},
                 {KeyGroup::Count::exactly_one, "what is done", {"level", "drill"}}},
  };
  return record;
}

}  // namespace holdfast::strategy
