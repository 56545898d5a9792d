// What is rendered for systemd, cron and Kubernetes. Whether they take it is asked of themselves in
// tests/integration/rendered_test.py.
#include "strategy/render.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "render_calendar.hpp"
#include "strategy/schedule.hpp"
#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

When at(const std::vector<std::string>& texts) {
  When when;
  when.kind = WhenKind::at;
  for (const auto& text : texts) when.at.push_back(parse_at(text).value());
  return when;
}

When cron(const std::string& text) {
  When when;
  when.kind = WhenKind::cron;
  when.cron = parse_cron(text).value();
  when.written = text;
  return when;
}

When every(base::Duration interval) {
  When when;
  when.kind = WhenKind::every;
  when.interval = interval;
  return when;
}

std::vector<std::string> in_cron(const When& when) {
  return cron_times(when, CronDialect::cron).expressions;
}
std::vector<std::string> in_systemd(const When& when) {
  return systemd_times(when, "UTC").expressions;
}

TEST(RenderCalendar, FixedTimes) {
  EXPECT_THAT(in_cron(at({"02:00"})), ElementsAre("0 2 * * *"));
  EXPECT_THAT(in_systemd(at({"02:00"})), ElementsAre("*-*-* 02:00:00 UTC"));
  EXPECT_THAT(in_cron(at({"Mon-Fri 22:30", "Sun 05:00"})),
              ElementsAre("30 22 * * 1-5", "0 5 * * 0"));
  EXPECT_THAT(in_systemd(at({"Mon-Fri 22:30"})),
              ElementsAre("Mon,Tue,Wed,Thu,Fri *-*-* 22:30:00 UTC"));
  EXPECT_THAT(in_cron(at({"1st,15th 06:00"})), ElementsAre("0 6 1,15 * *"));
  EXPECT_THAT(in_systemd(at({"1st,15th 06:00"})), ElementsAre("*-*-01,15 06:00:00 UTC"));
}

TEST(RenderCalendar, TheLastDayOfAMonthIsSaidWhereItCanBe) {
  EXPECT_THAT(in_systemd(at({"last 23:00"})), ElementsAre("*-*~01 23:00:00 UTC"));
  const auto times = cron_times(at({"last 23:00"}), CronDialect::cron);
  EXPECT_THAT(times.expressions, IsEmpty());
  EXPECT_THAT(times.unsaid, ElementsAre("23:00 on the last day of the month"));
}

TEST(RenderCalendar, IntervalsThatDivideTheDay) {
  EXPECT_THAT(in_cron(every(base::minutes(5))), ElementsAre("*/5 * * * *"));
  EXPECT_THAT(in_cron(every(base::hours(1))), ElementsAre("0 * * * *"));
  EXPECT_THAT(in_cron(every(base::hours(6))), ElementsAre("0 */6 * * *"));
  EXPECT_THAT(in_cron(every(base::days(1))), ElementsAre("0 0 * * *"));
  EXPECT_THAT(in_cron(every(base::days(7))), ElementsAre("0 0 * * 1"));
  EXPECT_THAT(in_cron(every(base::minutes(90))),
              testing::UnorderedElementsAre("0 */3 * * *", "30 1,4,7,10,13,16,19,22 * * *"));
  EXPECT_THAT(in_systemd(every(base::minutes(15))), ElementsAre("*-*-* *:00,15,30,45:00 UTC"));
  EXPECT_THAT(in_systemd(every(base::seconds(30))), ElementsAre("*-*-* *:*:00/30 UTC"));
}

TEST(RenderCalendar, IntervalsThatNoCalendarSays) {
  for (const auto interval :
       {base::minutes(7), base::days(2), base::seconds(45), base::hours(36)}) {
    const auto times = cron_times(every(interval), CronDialect::cron);
    EXPECT_THAT(times.expressions, IsEmpty());
    EXPECT_EQ(times.unsaid.size(), 1U);
  }
  EXPECT_THAT(in_cron(every(base::seconds(30))), IsEmpty());
  EXPECT_THAT(in_systemd(every(base::days(2))), IsEmpty());
}

TEST(RenderCalendar, CronIsWrittenAnew) {
  EXPECT_THAT(in_cron(cron("0 2 * * *")), ElementsAre("0 2 * * *"));
  EXPECT_THAT(in_cron(cron("@weekly")), ElementsAre("0 0 * * 0"));
  EXPECT_THAT(in_cron(cron("*/15 8-17 * jan,feb Monday-Friday")),
              ElementsAre("*/15 8-17 * 1,2 1-5"));
  EXPECT_THAT(in_cron(cron("0 0 * * 7")), ElementsAre("0 0 * * 0"));
  EXPECT_THAT(in_systemd(cron("*/15 8-17 * jan Mon")),
              ElementsAre("Mon *-01-* 08..17:00,15,30,45:00 UTC"));
}

TEST(RenderCalendar, DaysOfMonthAndWeekWidenEachOther) {
  EXPECT_THAT(in_cron(cron("0 2 1 * 0")), ElementsAre("0 2 1 * 0"));
  EXPECT_THAT(in_systemd(cron("0 2 1 * 0")),
              ElementsAre("*-*-01 02:00:00 UTC", "Sun *-*-* 02:00:00 UTC"));
  // Each day named is no limit, and then neither is the other.
  EXPECT_THAT(in_cron(cron("0 2 1-31 * 0")), ElementsAre("0 2 * * *"));
  EXPECT_THAT(in_systemd(cron("0 2 1-31 * 0")), ElementsAre("*-*-* 02:00:00 UTC"));
  // With a star both must fit; Kubernetes has no such rule.
  EXPECT_THAT(in_cron(cron("0 2 */2 * 0")), ElementsAre("0 2 */2 * 0"));
  EXPECT_EQ(in_systemd(cron("0 2 */2 * 0")).size(), 1U);
  const auto times = cron_times(cron("0 2 */2 * 0"), CronDialect::kubernetes);
  EXPECT_THAT(times.expressions, IsEmpty());
  EXPECT_EQ(times.unsaid.size(), 1U);
}

// The same instants as the schedule's own, through the cron that was written.
TEST(RenderCalendar, WhatIsWrittenMeansTheSame) {
  const auto zone = TimeZone::utc();
  const auto start = base::parse_utc("2026-01-01T00:00:00Z").value();
  for (const auto* text : {"*/7 * * * *", "5,10 */2 1-7 * *", "0 2 1 * 0", "0 2 */2 * 0",
                           "0 0 1-31 * 3", "30 4 * 2 *", "0 0 31 1,3 *", "0 0 15 * 0-6"}) {
    const auto original = cron(text);
    const auto written = in_cron(original);
    ASSERT_EQ(written.size(), 1U) << text;
    const auto until = start + base::days(120);
    EXPECT_EQ(due_between(original, start, until, zone),
              due_between(cron(written[0]), start, until, zone))
        << text << " / " << written[0];
  }
  for (const auto interval : {base::minutes(1), base::minutes(45), base::minutes(90),
                              base::hours(8), base::days(1), base::days(7)}) {
    std::vector<base::Time> all;
    for (const auto& each : in_cron(every(interval))) {
      const auto due = due_between(cron(each), start, start + base::days(20), zone);
      all.insert(all.end(), due.begin(), due.end());
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, due_between(every(interval), start, start + base::days(20), zone));
  }
}

std::string all_text(const Rendered& made) {
  std::string text;
  for (const auto& file : made.files) text += "# " + file.name + "\n" + file.text;
  return text;
}

TEST(Render, WhatAClockCannotStartIsSaid) {
  const auto parsed = parse_text(
      small_strategy("{ at: \"last 23:00\", to: disk, keep: 7d, jitter: 5m }",
                     "      changed: { when: change, to: disk, keep: 7d }\n"
                     "      swept: { when: change, sweep: 1h, to: disk, keep: 7d }\n"
                     "      asked: { when: manual, to: disk, keep: 7d }\n"
                     "      off: { at: \"02:00\", enabled: false, to: disk, keep: 7d }\n"));
  ASSERT_THAT(lines_of(parsed, Severity::error), IsEmpty());
  const auto made = render(parsed.strategy, RenderTarget::cron, {});
  ASSERT_EQ(made.files.size(), 1U);
  const auto& text = made.files[0].text;
  EXPECT_THAT(text, HasSubstr("# Cron can't say: 23:00 on the last day of the month."));
  EXPECT_THAT(text, HasSubstr("up to 5 minutes later"));
  EXPECT_THAT(text, HasSubstr("# home/changed runs when something changes: only the daemon"));
  EXPECT_THAT(text, HasSubstr("# home/asked runs when somebody asks"));
  EXPECT_THAT(text, HasSubstr("# home/off is switched off."));
  EXPECT_THAT(text, HasSubstr("\n0 * * * * root set -a; . /etc/holdfast/environment; set +a; "
                              "/usr/bin/holdfast backup home --plan swept "));
  EXPECT_EQ(made.notes.size(), 4U);
  // systemd knows the last day.
  const auto units = all_text(render(parsed.strategy, RenderTarget::systemd, {}));
  EXPECT_THAT(units, HasSubstr("OnCalendar=*-*~01 23:00:00 UTC"));
  EXPECT_THAT(units, HasSubstr("RandomizedDelaySec=300\nFixedRandomDelay=yes"));
}

TEST(Render, PathsAndNamesCantSayMore) {
  auto strategy = parse_text(small_strategy("{ at: \"02:00\", to: disk, keep: 7d }")).strategy;
  strategy.name = "a\nb % $c/../d";
  strategy.environment = "x' ; reboot #\n* * * * * root reboot";
  RenderOptions options;
  options.config = "/etc/with space 100%/$HOME.yaml";
  for (const auto target : {RenderTarget::systemd, RenderTarget::cron, RenderTarget::kubernetes}) {
    const auto made = render(strategy, target, options);
    for (const auto& file : made.files) {
      EXPECT_THAT(file.name, Not(HasSubstr(".."))) << file.name;
      EXPECT_THAT(file.text, Not(HasSubstr("\n* * * * * root reboot")));
    }
  }
  EXPECT_THAT(all_text(render(strategy, RenderTarget::systemd, options)),
              HasSubstr("\"/etc/with space 100%%/$$HOME.yaml\""));
}

TEST(Render, UnitsOfTheDaemon) {
  const auto parsed = parse_text(file_text("examples/shop.yaml"));
  const auto made = render(parsed.strategy, RenderTarget::systemd, {});
  const auto& daemon = made.files.at(0);
  EXPECT_EQ(daemon.name, "daemon/holdfast-shop.service");
  for (const auto* line :
       {"Type=notify\n", "WatchdogSec=60\n", "EnvironmentFile=-/etc/holdfast/environment\n",
        "NoNewPrivileges=yes\n", "ReadWritePaths=-/backups\n",
        "ReadWritePaths=-/backups/postgres\n",
        "ExecStart=/usr/bin/holdfast daemon --config \"/etc/holdfast/holdfast.yaml\" --environment "
        "\"production\"\n"}) {
    EXPECT_THAT(daemon.text, HasSubstr(line));
  }
  // A copy waits for what it copies.
  EXPECT_THAT(all_text(made), HasSubstr("After=holdfast-shop-database-hourly.service\n"));
}

TEST(Render, ManifestsHaveTheNamesOfTheStrategy) {
  World world;
  const auto parsed = parse_text(file_text("examples/neurocred.yaml"), world);
  RenderOptions options;
  options.documents = {{.name = "holdfast.yaml", .text = "a: \"b\"\n"}};
  const auto made = render(parsed.strategy, RenderTarget::kubernetes, options);
  ASSERT_EQ(made.files.size(), 1U);
  EXPECT_EQ(made.files[0].name, "postgres-backup.yaml");
  const auto& text = made.files[0].text;
  for (const auto* part :
       {"kind: CronJob\nmetadata:\n  name: \"postgres-backup\"\n  namespace: \"neurocred\"\n",
        "schedule: \"0 2 * * *\"\n", "timeZone: \"UTC\"\n", "concurrencyPolicy: Forbid\n",
        "secretRef: { name: \"neurocred-secrets\" }", "file-0: \"a: \\\"b\\\"\\n\"\n",
        "limits: { cpu", "name: \"postgres-backup-database-base\""}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(made.notes, Contains(HasSubstr("BACKUP_ENCRYPTION_KEY, DB_PASSWORD")));
  EXPECT_THAT(made.notes, Contains(HasSubstr("database/wal runs continuously")));
}

TEST(Render, NoSecretIsRendered) {
  const auto strategy = parse_text(file_text("examples/shop.yaml")).strategy;
  EXPECT_THAT(variables_for_secrets(strategy),
              ElementsAre("BACKUP_ENCRYPTION_KEY", "SLACK_URL", "SMS_URL"));
}

}  // namespace
}  // namespace holdfast::strategy
