// The strategy file as it is read: values, variables, environments, includes, and what is said
// about each mistake.
#include "strategy/parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// The errors of a small strategy with this plan.
std::vector<std::string> errors_of_plan(const std::string& plan, const World& world = {}) {
  return lines_of(parse_text(small_strategy(plan), world), Severity::error);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(Parser, TheWholeExampleHasNoError) {
  const auto parsed = parse_text(file_text("examples/shop.yaml"));
  EXPECT_THAT(lines_of(parsed, Severity::error), IsEmpty());
  const auto& strategy = parsed.strategy;
  EXPECT_EQ(strategy.name, "shop");
  EXPECT_EQ(strategy.timezone, "Europe/Berlin");
  EXPECT_EQ(strategy.budget.storage, 2'000'000'000'000U);
  EXPECT_EQ(strategy.budget.requests, 5'000'000U);
  EXPECT_EQ(strategy.encryption.key.name, "BACKUP_ENCRYPTION_KEY");
  EXPECT_EQ(strategy.locations.size(), 5U);
  const auto* database = strategy.component("database");
  ASSERT_NE(database, nullptr);
  EXPECT_EQ(database->source.word("tls"), "verify-full");
  EXPECT_EQ(database->objectives.success->percent, 99.9);
  EXPECT_EQ(database->verifications.size(), 5U);
  const auto* dump = database->plan("dump");
  ASSERT_NE(dump, nullptr);
  ASSERT_EQ(dump->to.size(), 2U);
  EXPECT_EQ(describe(dump->to[0].keep),
            "7 daily, 4 weekly (Sunday), 12 monthly (1st) and 1 yearly");
  EXPECT_EQ(dump->demand, Level::sound);
  EXPECT_EQ(strategy.component("messages")->part_of, "database");
  EXPECT_EQ(strategy.component("uploads")->source.list("paths"),
            std::vector<std::string>{"/srv/uploads"});
  EXPECT_EQ(strategy.drill("everything")->expect.size(), 4U);
  EXPECT_EQ(strategy.alerts.size(), 5U);
}

// The same key without quotes: some readers of YAML take it for true, this one does not.
TEST(Parser, OnIsAWord) {
  auto text = file_text("examples/shop.yaml");
  for (int i = 0; i < 3; ++i) text = replaced(text, "\"on\":", "on:");
  EXPECT_THAT(lines_of(parse_text(text), Severity::error), IsEmpty());
}

TEST(Parser, AnEnvironmentIsLaidOver) {
  const auto parsed = parse_text(file_text("examples/shop.yaml"), {.environment = "staging"});
  EXPECT_THAT(lines_of(parsed, Severity::error), IsEmpty());
  const auto& strategy = parsed.strategy;
  EXPECT_EQ(strategy.environment, "staging");
  EXPECT_EQ(strategy.encryption.demand, EncryptionDemand::warn);
  EXPECT_TRUE(strategy.encryption.key.is_set());
  EXPECT_FALSE(strategy.component("cache")->enabled);
  const auto* dump = strategy.component("database")->plan("dump");
  EXPECT_EQ(dump->when.written, "03:00");
  EXPECT_EQ(dump->to[0].keep, Keep{.age = base::days(7)});
}

TEST(Parser, AnEnvironmentReplacesOneOfAGroup) {
  const auto parsed =
      parse_text(small_strategy("{ every: 1h, to: disk, keep: { daily: 7 } }",
                                "environments:\n  test:\n    components:\n      home:\n"
                                "        plans: { daily: { when: manual, keep: { last: 1 } } }\n"),
                 {.environment = "test"});
  EXPECT_THAT(lines_of(parsed, Severity::error), IsEmpty());
  const auto* plan = parsed.strategy.component("home")->plan("daily");
  EXPECT_EQ(plan->when.kind, WhenKind::manual);
  EXPECT_EQ(plan->to[0].keep, Keep{.last = 1});
}

TEST(Parser, AnUnknownEnvironment) {
  EXPECT_THAT(lines_of(parse_text(file_text("examples/shop.yaml"), {.environment = "stagin"})),
              Contains(HasSubstr("there is no environment 'stagin' | did you mean 'staging'?")));
}

// What is wrong in an environment is told whichever one is chosen.
TEST(Parser, EveryEnvironmentIsChecked) {
  const auto lines =
      lines_of(parse_text(small_strategy("{ every: 1h, to: disk, keep: 7d }",
                                         "environments:\n  test: { componets: {} }\n")),
               Severity::error);
  EXPECT_THAT(lines, ElementsAre("error 10:11 environment test: unknown key 'componets' | "
                                 "did you mean 'components'?"));
}

TEST(Parser, EveryErrorIsToldAtOnce) {
  const auto lines = lines_of(parse_text("strategy: shop\n"
                                         "locatons: {}\n"
                                         "locations:\n"
                                         "  disk: { url: /b, capacity: 5 GB }\n"
                                         "components:\n"
                                         "  a: { files: { paths: [x] } }\n"
                                         "  b:\n"
                                         "    files: { paths: [x] }\n"
                                         "    plans:\n"
                                         "      p: { every: 5 minutes, at: \"25:00\", to: dsk, "
                                         "keep: forver }\n"),
                              Severity::error);
  EXPECT_THAT(
      lines,
      ElementsAre(
          "error 2:1 strategy: unknown key 'locatons' | did you mean 'locations'?",
          "error 4:30 capacity: '5 GB' is not a size | "
          "write a whole number and a unit, like 500GB or 64MiB",
          "error 6:3 a has no plan: nothing would be backed up | add plans, or enabled: false",
          AllOf(StartsWith("error 10:19 every: '5 minutes' is not a duration")),
          AllOf(StartsWith("error 10:34 at: '25:00' is no time of day")),
          "error 10:47 p goes to 'dsk', which is not a location | did you mean 'disk'?",
          AllOf(StartsWith("error 10:58 keep: 'forver' is not a duration"))));
}

TEST(Parser, KeysThatStandTwice) {
  EXPECT_THAT(errors_of_plan("{ every: 1h, to: disk, keep: 7d, every: 2h }"),
              ElementsAre("error 8:47 'every' stands twice: first in line 8 | "
                          "a fact is written once; remove one of the two"));
}

TEST(Parser, WordsOfOtherTools) {
  EXPECT_THAT(errors_of_plan("{ schedule: daily, to: disk, keep: 7d }"),
              Contains(HasSubstr("unknown key 'schedule' | when a plan runs is said by one of")));
  EXPECT_THAT(errors_of_plan("{ every: 1h, to: disk, ttl: 7d }"),
              Contains(HasSubstr("unknown key 'ttl' | how long snapshots stay is said by keep")));
  EXPECT_THAT(errors_of_plan("{ every: 1h, to: disk, retention: 7d }"),
              Contains(HasSubstr("unknown key 'retention' | how long snapshots stay")));
  const auto lines = lines_of(parse_text("repositories: []\nsource_directories: [/home]\n"));
  EXPECT_THAT(lines, Contains(HasSubstr("'repositories' | places are declared under locations")));
  EXPECT_THAT(lines, Contains(HasSubstr("'source_directories' | what to back up is a component")));
  EXPECT_THAT(lines_of(parse_text("cron: \"0 2 * * *\"\n")),
              Contains(HasSubstr("unknown key 'cron' | when a plan runs is said by one of")));
}

TEST(Parser, KeysOfOtherPlaces) {
  EXPECT_THAT(errors_of_plan("{ every: 1h, to: disk, keep: 7d, capacity: 5GB }"),
              ElementsAre(HasSubstr("unknown key 'capacity' | 'capacity' is a key of location")));
  EXPECT_THAT(errors_of_plan("{ every: 1h, to: disk, keep: 7d, at_most: 5m }"),
              ElementsAre(HasSubstr("did you mean 'at-most'?")));
}

TEST(Parser, ExactlyOneOfTheWaysToSayWhen) {
  EXPECT_THAT(errors_of_plan("{ every: 1h, cron: \"0 2 * * *\", to: disk, keep: 7d }"),
              ElementsAre(HasSubstr("'every' and 'cron' exclude each other")));
  EXPECT_THAT(
      errors_of_plan("{ to: disk, keep: 7d }"),
      ElementsAre(HasSubstr("does not say when it runs | add one of every, at, cron, when")));
}

TEST(Parser, VariablesAreFilledInBeforeTypesAreLookedAt) {
  const std::string plan = "{ every: \"${HOURS:-2}h\", to: disk, keep: \"${KEEP}\" }";
  auto parsed = parse_text(small_strategy(plan), {.variables = {{"KEEP", "7d"}}});
  EXPECT_THAT(lines_of(parsed, Severity::error), IsEmpty());
  EXPECT_EQ(parsed.strategy.component("home")->plan("daily")->when.interval, base::hours(2));
  EXPECT_THAT(errors_of_plan(plan),
              ElementsAre(HasSubstr("the variable KEEP is not set | set it, or write")));
  // The value might be a secret that stands in the wrong variable.
  const auto lines = errors_of_plan(plan, {.variables = {{"KEEP", "hunter2"}}});
  ASSERT_THAT(lines, ElementsAre(HasSubstr("with its variables filled in")));
  EXPECT_THAT(lines.front(), Not(HasSubstr("hunter2")));
}

TEST(Parser, TheWaysToWriteVariables) {
  const auto path_of = [](const std::string& path, const World& world = {}) {
    const auto text = small_strategy("{ every: 1h, to: disk, keep: 7d }");
    const auto parsed = parse_text(replaced(text, "[/home]", "[\"" + path + "\"]"), world);
    EXPECT_THAT(lines_of(parsed, Severity::error), IsEmpty()) << path;
    return parsed.strategy.component("home")->source.list("paths").front();
  };
  const World set{.variables = {{"A", "x"}, {"E", ""}, {"B", "y"}}};
  EXPECT_EQ(path_of("/${A}/${B}", set), "/x/y");
  EXPECT_EQ(path_of("/${E:-d}", set), "/d");
  EXPECT_EQ(path_of("/${N:-${A}}", set), "/x");
  EXPECT_EQ(path_of("/${A:+there}", set), "/there");
  EXPECT_EQ(path_of("/${E:+there}", set), "/");
  EXPECT_EQ(path_of("/$$A/$A", set), "/$A/$A");
  EXPECT_EQ(path_of("/${HOLDFAST_ENVIRONMENT}"), "/production");
}

TEST(Parser, WhatIsUnquotedInBracesIsAdvised) {
  EXPECT_THAT(errors_of_plan("{ every: ${HOURS}, to: disk, keep: 7d }"),
              Contains(AllOf(StartsWith("error 8:"), HasSubstr("| quote it: \"${VARIABLE}\""))));
  EXPECT_THAT(errors_of_plan("{ every: 1h, to: disk, keep: 7d, note: what: now }"),
              Contains(HasSubstr("quote it")));
  EXPECT_THAT(errors_of_plan("{ every: 1h, ? , to: disk, note: [a ? b }"),
              Contains(HasSubstr("quote it")));
}

TEST(Parser, SecretsAreReferences) {
  auto text = small_strategy("{ every: 1h, to: disk, keep: 7d }", "encryption: { key: hunter2 }\n");
  auto lines = lines_of(parse_text(text), Severity::error);
  ASSERT_THAT(lines, ElementsAre(HasSubstr("a secret does not stand in the strategy | say where")));
  EXPECT_THAT(lines.front(), Not(HasSubstr("hunter2")));
  text = small_strategy("{ every: 1h, to: disk, keep: 7d }",
                        "encryption: { key: \"command:pass ${NAME}\" }\n");
  const auto parsed = parse_text(text);
  EXPECT_THAT(lines_of(parsed, Severity::error), IsEmpty());
  EXPECT_EQ(parsed.strategy.encryption.key.name, "pass ${NAME}");
}

TEST(Parser, PasswordsInAddressesAreToldAndNotShown) {
  const auto parsed = parse_text(
      "strategy: s\nlocations: { disk: { url: /b } }\ncomponents:\n  db:\n"
      "    postgres: { url: \"postgresql://u:hunter2@h/d\", tls: require, host: h }\n"
      "    plans: { p: { type: logical, every: 1h, to: disk, keep: 7d } }\n");
  EXPECT_THAT(lines_of(parsed), Contains(HasSubstr("a password stands in the file")));
  EXPECT_THAT(lines_of(parsed), Contains(HasSubstr("the address says host too")));
  for (const auto& each : parsed.diagnostics.all()) {
    EXPECT_THAT(each.message + each.text + each.hint, Not(HasSubstr("hunter2")));
  }
}

TEST(Parser, TypesFitTheirKind) {
  const auto errors = [](const std::string& plan) {
    return lines_of(parse_text("strategy: s\nlocations: { disk: { url: /b } }\ncomponents:\n  db:\n"
                               "    postgres: { url: \"postgresql://h/d\", tls: require }\n"
                               "    plans: { p: " +
                               plan + " }\n"),
                    Severity::error);
  };
  EXPECT_THAT(errors("{ type: full, every: 1h, to: disk, keep: 7d }"),
              ElementsAre(AllOf(HasSubstr("do you mean logical"), HasSubstr("or physical"))));
  EXPECT_THAT(errors("{ type: logcal, every: 1h, to: disk, keep: 7d }"),
              ElementsAre(HasSubstr("postgres has no type 'logcal' | did you mean 'logical'?")));
  EXPECT_THAT(errors("{ every: 1h, to: disk, keep: 7d }"),
              ElementsAre(HasSubstr("the plan has no type | add type: one of logical, physical")));
  EXPECT_THAT(errors("{ type: wal, every: 1h, to: disk, keep: 7d }"),
              ElementsAre(HasSubstr("a log is written all the time: when: continuous")));
  EXPECT_THAT(errors("{ type: log, when: continuous, to: disk, keep: { daily: 7 } }"),
              ElementsAre(HasSubstr("what is kept of it is a stretch of time")));
  EXPECT_THAT(errors("{ type: logical, when: commit, to: disk, keep: 7d }"),
              ElementsAre(HasSubstr("a logical plan of postgres can't run at each commit")));
}

TEST(Parser, NamesThatLeadNowhere) {
  const auto text = small_strategy(
      "{ every: 1h, to: disk, keep: 7d }\n      copy: { copy: dayly, at: \"02:00\", to: disk, "
      "keep: 7d }",
      "  part: { part-of: hom }\n"
      "drills:\n  d: { restore: [hme], from: dsk, in: there, expect: [ { files: x } ] }\n"
      "severities: { high: [slak] }\nchannels: { slack: env:S }\n"
      "alerts: { failed: hihg }\n"
      "scenarios: { s: { steps: [ { drill: e } ] } }\n");
  const auto lines = lines_of(parse_text(text), Severity::error);
  EXPECT_THAT(lines, ElementsAre(HasSubstr("copies 'dayly', which is no other plan of home | did "
                                           "you mean 'daily'?"),
                                 HasSubstr("part is part of 'hom', which does not exist | did you "
                                           "mean 'home'?"),
                                 HasSubstr("drill d restores 'hme', which is not a component"),
                                 HasSubstr("drill d restores from 'dsk', which is not a location"),
                                 HasSubstr("drill d restores in 'there', which is not a target"),
                                 HasSubstr("the expectation does not say of what"),
                                 HasSubstr("severity high uses 'slak', which is not a channel"),
                                 HasSubstr("alert failed has the severity 'hihg'"),
                                 HasSubstr("scenario s has the drill 'e', which is not a drill")));
}

TEST(Parser, ALocationThatNobodyUsesIsAWarning) {
  const auto lines =
      lines_of(parse_text(replaced(small_strategy("{ every: 1h, to: disk, keep: 7d }"),
                                   "components:", "  spare: { url: /spare }\ncomponents:")),
               Severity::warning);
  EXPECT_THAT(lines, ElementsAre(HasSubstr("no plan goes to spare")));
}

TEST(Parser, WhatIsKeptWhere) {
  const auto keep_of = [](const std::string& plan, const std::string& more = {}) {
    auto text = small_strategy(plan, more);
    text = replaced(text, "url: /backups", "url: /backups, keep: 2d");
    return parse_text(text).strategy.component("home")->plan("daily")->to.at(0).keep;
  };
  const std::string defaults = "defaults: { keep: 1d }\n";
  EXPECT_EQ(keep_of("{ every: 1h, to: { disk: 4d }, keep: 3d }", defaults),
            Keep{.age = base::days(4)});
  EXPECT_EQ(keep_of("{ every: 1h, to: disk, keep: 3d }", defaults), Keep{.age = base::days(3)});
  EXPECT_EQ(keep_of("{ every: 1h, to: disk }", defaults), Keep{.age = base::days(2)});
  EXPECT_THAT(errors_of_plan("{ every: 1h, to: disk }"),
              ElementsAre(HasSubstr("how long is it kept at disk?")));
}

TEST(Parser, IncludesAreUnited) {
  const std::string main =
      "include: [more.yaml]\nstrategy: s\ncomponents:\n  a:\n    files: { paths: [x] }\n"
      "    plans: { p: { every: 1h, to: disk, keep: 7d } }\n";
  World world{.files = {{"/etc/holdfast/more.yaml", "locations: { disk: { url: /b } }\n"}}};
  EXPECT_THAT(lines_of(parse_text(main, world), Severity::error), IsEmpty());
  world.files["/etc/holdfast/more.yaml"] = "strategy: t\nlocations: { disk: { url: /b } }\n";
  const auto parsed = parse_text(main, world);
  ASSERT_THAT(lines_of(parsed, Severity::error),
              ElementsAre(HasSubstr("'strategy' stands in holdfast.yaml too, line 2")));
  EXPECT_EQ(format(parsed.diagnostics.all().back(), parsed.strategy.files)
                .substr(0, std::string("/etc/holdfast/more.yaml:1:").size()),
            "/etc/holdfast/more.yaml:1:");
}

TEST(Parser, IncludesThatGoWrong) {
  World world{.files = {{"/etc/holdfast/a.yaml", "include: holdfast.yaml\n"}}};
  EXPECT_THAT(lines_of(parse_text("include: a.yaml\nstrategy: s\ncomponents: {}\n", world)),
              Contains(AllOf(HasSubstr("a file includes itself"), HasSubstr("a.yaml"))));
  EXPECT_THAT(lines_of(parse_text("include: b.yaml\nstrategy: s\ncomponents: {}\n")),
              Contains(StartsWith("error 1:10 can't include")));
}

TEST(Parser, FilesThatAreNone) {
  EXPECT_THAT(lines_of(parse_text("")), ElementsAre(HasSubstr("the file is empty")));
  EXPECT_THAT(lines_of(parse_text("- a\n")), ElementsAre(HasSubstr("a strategy is a map of keys")));
  EXPECT_THAT(lines_of(parse_text(std::string("a: \0b\n", 6))),
              ElementsAre(HasSubstr("not a text file")));
  EXPECT_THAT(lines_of(parse_text("a: b\n---\nc: d\n")),
              Contains(HasSubstr("more than one document")));
  EXPECT_THAT(lines_of(parse_text(std::string(1'000'001, ' '))),
              ElementsAre(HasSubstr("larger than")));
}

TEST(Parser, ExamplesAreRightInEveryEnvironment) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> examples{
      {"shop", {"", "staging"}},
      {"sin-solver", {""}},
      {"content-creation-crew", {"", "staging", "development"}},
      {"silentrelay", {""}},
      {"neurocred", {"", "staging", "development"}},
      {"bud-ai-foundry", {""}}};
  for (const auto& [name, environments] : examples) {
    for (const auto& environment : environments) {
      const auto parsed =
          parse_text(file_text("examples/" + name + ".yaml"), {.environment = environment});
      EXPECT_THAT(lines_of(parsed, Severity::error), IsEmpty()) << name << " " << environment;
      EXPECT_FALSE(parsed.strategy.components.empty());
    }
  }
}

}  // namespace
}  // namespace holdfast::strategy
