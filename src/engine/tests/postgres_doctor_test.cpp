// What a server told, judged: each trouble once, with the statement that mends it.
#include "postgres_doctor.hpp"

#include <gtest/gtest.h>

namespace holdfast::engine {

namespace {

using Outcome = storage::Check::Outcome;

class PostgresDoctorTest : public testing::Test {
 protected:
  PostgresDoctorTest() {
    facts.version = 170'005;
    facts.role = "backup";
    facts.may_replicate = true;
    facts.reads_passwords = true;
    facts.synchronous = 0;
    facts.settings = {{"wal_level", "replica"},         {"max_wal_senders", "10"},
                      {"max_replication_slots", "10"},  {"max_slot_wal_keep_size", "51200"},
                      {"summarize_wal", "on"},          {"archive_mode", "off"},
                      {"data_checksums", "on"},         {"track_commit_timestamp", "off"},
                      {"synchronous_standby_names", ""}};
    needs = {.logical = true,
             .physical = true,
             .incremental = true,
             .log = true,
             .all_databases = true,
             .slot = "holdfast_shop_db"};
  }
  // The check of that name; fails if there isn't exactly one.
  storage::Check check(const std::string& name) {
    std::vector<storage::Check> found;
    for (auto& each : judge_postgres(facts, needs)) {
      if (each.name == name) found.push_back(each);
    }
    EXPECT_EQ(found.size(), 1U) << name;
    return found.empty() ? storage::Check{} : found.front();
  }
  void expect(const std::string& name, Outcome outcome, const std::string& advice) {
    const auto found = check(name);
    EXPECT_EQ(found.outcome, outcome) << name << ": " << found.message;
    EXPECT_NE(found.advice.find(advice), std::string::npos) << name << ": " << found.advice;
  }

  PostgresFacts facts;
  PostgresNeeds needs;
};

TEST_F(PostgresDoctorTest, AllIsWell) {
  for (const auto& each : judge_postgres(facts, needs)) {
    EXPECT_EQ(each.outcome, Outcome::ok) << each.name << ": " << each.message;
    EXPECT_EQ(each.advice, "") << each.name;
  }
}

TEST_F(PostgresDoctorTest, WhatNoPlanNeedsIsNotLookedAt) {
  needs = {.logical = true};
  facts.may_replicate = false;
  facts.settings["wal_level"] = "minimal";
  facts.settings["max_wal_senders"] = "0";
  facts.settings["data_checksums"] = "off";
  for (const auto& each : judge_postgres(facts, needs)) {
    EXPECT_EQ(each.outcome, Outcome::ok) << each.name << ": " << each.message;
  }
}

TEST_F(PostgresDoctorTest, TroublesOfTheRole) {
  facts.role = "The Role";
  facts.may_replicate = false;
  facts.unreadable = 3;
  facts.reads_passwords = false;
  expect("role", Outcome::problem, "ALTER ROLE \"The Role\" REPLICATION;");
  expect("privileges", Outcome::problem, "GRANT pg_read_all_data TO \"The Role\";");
  expect("role-passwords", Outcome::warning, "GRANT SELECT ON pg_catalog.pg_authid");
  facts.version = 130'004;
  expect("privileges", Outcome::problem, "SUPERUSER;");
}

TEST_F(PostgresDoctorTest, TroublesOfSettings) {
  facts.settings["wal_level"] = "minimal";
  expect("wal_level", Outcome::problem, "ALTER SYSTEM SET wal_level = 'replica';");
  facts.settings["max_slot_wal_keep_size"] = "-1";
  expect("max_slot_wal_keep_size", Outcome::warning, "ALTER SYSTEM SET max_slot_wal_keep_size");
  facts.settings["summarize_wal"] = "off";
  expect("summarize_wal", Outcome::warning, "ALTER SYSTEM SET summarize_wal = on;");
  facts.settings["data_checksums"] = "off";
  expect("checksums", Outcome::warning, "pg_checksums --enable");
  facts.version = 150'018;
  expect("summarize_wal", Outcome::warning, "17");
  facts.version = 120'018;
  expect("version", Outcome::problem, "13");
  facts.version = 190'000;
  expect("version", Outcome::warning, "");
}

TEST_F(PostgresDoctorTest, SendersAndSlotsThatAreTaken) {
  facts.senders = 9;
  facts.slots = 9;
  expect("max_wal_senders", Outcome::problem, "ALTER SYSTEM SET max_wal_senders = 13;");
  expect("max_replication_slots", Outcome::warning, "max_replication_slots = 13;");
  facts.slots = 10;
  expect("max_replication_slots", Outcome::problem, "max_replication_slots = 14;");
  // The log's are in use already: by it.
  facts.own_slots = {
      {.name = "holdfast_shop_db", .wal_status = "reserved", .is_active = true, .behind = 100}};
  expect("max_wal_senders", Outcome::ok, "");
  expect("max_replication_slots", Outcome::warning, "");
  expect("slot", Outcome::ok, "");
}

TEST_F(PostgresDoctorTest, SlotsThatAreLostOrForgotten) {
  facts.own_slots = {
      {.name = "holdfast_shop_db", .wal_status = "lost", .is_active = false, .behind = {}}};
  expect("slot", Outcome::problem, "SELECT pg_drop_replication_slot('holdfast_shop_db');");
  facts.own_slots[0].wal_status = "unreserved";
  expect("slot", Outcome::problem, "holdfast daemon");
  facts.own_slots[0] = {.name = "holdfast_old",
                        .wal_status = "extended",
                        .is_active = false,
                        .behind = std::uint64_t{5} << 30};
  expect("slot", Outcome::warning, "pg_drop_replication_slot('holdfast_old')");
  // Also where no plan needs one: it fills the server's disk.
  needs = {.logical = true};
  expect("slot", Outcome::warning, "pg_drop_replication_slot('holdfast_old')");
}

TEST_F(PostgresDoctorTest, ArchivingAndStandbys) {
  facts.settings["archive_mode"] = "on";
  expect("archive", Outcome::warning, "ALTER SYSTEM SET archive_command");
  facts.settings["archive_command"] = "cp";
  expect("archive", Outcome::ok, "");
  facts.archive_failure = "0000000100000000000000AA";
  expect("archive", Outcome::warning, "pg_stat_archiver");
  facts.settings["synchronous_standby_names"] = "other";
  expect("synchronous", Outcome::problem, "ALTER SYSTEM SET synchronous_standby_names = '';");
  facts.synchronous = 1;
  expect("synchronous", Outcome::ok, "");
  facts.synchronous.reset();
  expect("synchronous", Outcome::unknown, "GRANT pg_monitor");
  facts.is_standby = true;
  expect("standby", Outcome::warning, "hot_standby_feedback = on");
  needs.logical = false;
  expect("standby", Outcome::ok, "");
}

TEST_F(PostgresDoctorTest, ClocksThatDiffer) {
  facts.clock_ahead = base::seconds(4);
  expect("clock", Outcome::ok, "");
  facts.clock_ahead = base::seconds(90);
  EXPECT_NE(check("clock").message.find("ahead of"), std::string::npos);
  facts.clock_ahead = base::Duration{} - base::seconds(90);
  expect("clock", Outcome::warning, "chrony");
  EXPECT_NE(check("clock").message.find("behind"), std::string::npos);
}

}  // namespace

}  // namespace holdfast::engine
