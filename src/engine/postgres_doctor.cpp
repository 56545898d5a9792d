// Asking the server, and this machine.
#include "postgres_doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/units.hpp"
#include "engine/drill.hpp"
#include "engine/log_follower.hpp"
#include "engine/source_paths.hpp"
#include "postgres_component.hpp"
#include "postgres_programs.hpp"
#include "secret_variables.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
using storage::Check;
using Outcome = storage::Check::Outcome;

namespace {

constexpr const char* facts_query =
    "SELECT current_user, r.rolsuper, r.rolreplication,"
    " has_table_privilege('pg_catalog.pg_authid', 'SELECT'), pg_is_in_recovery(),"
    " inet_client_addr() IS NULL, coalesce(host(inet_client_addr()), ''),"
    " coalesce((SELECT s.ssl FROM pg_catalog.pg_stat_ssl s WHERE s.pid = pg_backend_pid()), false),"
    " (SELECT count(*) FROM pg_catalog.pg_stat_replication),"
    " (SELECT count(*) FROM pg_catalog.pg_replication_slots),"
    " (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
    "   ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm', 'S')"
    "   AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ "
    "'^pg_(toast|temp)'"
    "   AND NOT (has_schema_privilege(n.oid, 'USAGE') AND CASE c.relkind"
    "     WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT')"
    "     ELSE has_table_privilege(c.oid, 'SELECT') END)),"
    " (SELECT a.last_failed_wal FROM pg_catalog.pg_stat_archiver a WHERE a.last_failed_time >"
    "   coalesce(a.last_archived_time, '-infinity'))"
    " FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";

constexpr const char* settings_query =
    "SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ('wal_level',"
    " 'max_wal_senders', 'max_replication_slots', 'max_slot_wal_keep_size', 'summarize_wal',"
    " 'archive_mode', 'archive_command', 'archive_library', 'data_checksums',"
    " 'track_commit_timestamp', 'synchronous_standby_names', 'hot_standby_feedback')";

// Of a standby the WAL that it has replayed is the newest.
constexpr const char* slots_query =
    "SELECT slot_name, coalesce(wal_status, ''), active, pg_wal_lsn_diff(CASE WHEN"
    " pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,"
    " restart_lsn)::bigint FROM pg_catalog.pg_replication_slots"
    " WHERE (slot_name LIKE 'holdfast\\_%' OR slot_name = $1) AND NOT temporary ORDER BY slot_name";

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Result<void> read_slots(wire::PostgresConnection& connection, const std::string& slot,
                        PostgresFacts& facts) {
  const auto table = TRY(connection.query(slots_query, {slot}));
  for (const auto& row : table.rows) {
    PostgresSlot each{.name = row.at(0).value_or(""),
                      .wal_status = row.at(1).value_or(""),
                      .is_active = row.at(2).value_or("") == "t",
                      .behind = {}};
    if (row.at(3)) each.behind = number_of(*row.at(3));
    facts.own_slots.push_back(std::move(each));
  }
  return {};
}

Result<void> read_clock(wire::PostgresConnection& connection, const base::Clock& clock,
                        PostgresFacts& facts) {
  const auto before = clock.now();
  const auto told =
      TRY(connection.query("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"));
  const auto after = clock.now();
  const auto micros = TRY(told.cell(0, 0));
  std::int64_t there = 0;
  std::from_chars(micros.data(), micros.data() + micros.size(), there);
  const auto ours = before.nanoseconds / 2 + after.nanoseconds / 2;
  facts.clock_ahead = {there * 1000 - ours};
  return {};
}

Result<PostgresFacts> read_facts(wire::PostgresConnection& connection, const base::Clock& clock,
                                 const PostgresNeeds& needs) {
  PostgresFacts facts;
  facts.version = connection.server_version();
  const auto about = TRY(connection.query(facts_query));
  const auto is = [&](std::size_t column) { return about.rows.at(0).at(column) == "t"; };
  facts.role = TRY(about.cell(0, 0));
  facts.is_superuser = is(1);
  facts.may_replicate = facts.is_superuser || is(2);
  facts.reads_passwords = is(3);
  facts.is_standby = is(4);
  facts.is_local = is(5);
  facts.client_address = TRY(about.cell(0, 6));
  facts.is_tls = is(7);
  facts.senders = number_of(TRY(about.cell(0, 8)));
  facts.slots = number_of(TRY(about.cell(0, 9)));
  facts.unreadable = number_of(TRY(about.cell(0, 10)));
  facts.archive_failure = TRY(about.cell(0, 11));
  const auto settings = TRY(connection.query(settings_query));
  for (const auto& row : settings.rows) {
    facts.settings[row.at(0).value_or("")] = row.at(1).value_or("");
  }
  const auto standbys = TRY(connection.query(
      "SELECT count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')), count(*) FILTER (WHERE"
      " sync_state IS NULL) FROM pg_catalog.pg_stat_replication"));
  const auto hidden = number_of(TRY(standbys.cell(0, 1)));
  const auto synchronous = number_of(TRY(standbys.cell(0, 0)));
  if (hidden == 0 || synchronous > 0) facts.synchronous = synchronous;
  TRY(read_slots(connection, needs.slot, facts));
  TRY(read_clock(connection, clock, facts));
  return facts;
}

Check check_of_error(std::string name, const Error& error) {
  const bool is_outage = error.code() == ErrorCode::unavailable;
  return {std::move(name), is_outage ? Outcome::unknown : Outcome::problem, error.to_string(),
          error.hint()};
}

// What stands in pg_hba.conf if we are let in.
std::string rule_for(const PostgresFacts& facts) {
  const auto role = wire::quote_identifier(facts.role);
  if (facts.is_local) return fmt::format("local replication {} scram-sha-256", role);
  const bool is_v6 = facts.client_address.find(':') != std::string::npos;
  return fmt::format("{} replication {} {}/{} scram-sha-256", facts.is_tls ? "hostssl" : "host",
                     role, facts.client_address, is_v6 ? 128 : 32);
}

class Examiner {
 public:
  Examiner(const Workplace& workplace, const strategy::Component& component,
           const std::stop_token& stop)
      : workplace_(workplace),
        component_(component),
        stop_(stop),
        needs_(postgres_needs(workplace.strategy, component)) {}

  std::vector<Check> run() {
    auto address = postgres_address(workplace_, component_);
    if (!address.ok()) {
      checks_.push_back(check_of_error("connection", address.error()));
      return std::move(checks_);
    }
    auto connection = wire::PostgresConnection::open(address.value(), {}, stop_);
    if (!connection.ok()) {
      checks_.push_back(check_of_error("connection", connection.error()));
      return std::move(checks_);
    }
    const auto facts = read_facts(*connection.value(), workplace_.clock, needs_);
    if (!facts.ok()) {
      checks_.push_back(check_of_error("connection", facts.error()));
      return std::move(checks_);
    }
    const auto judged = judge_postgres(facts.value(), needs_);
    checks_.insert(checks_.end(), judged.begin(), judged.end());
    if ((needs_.physical || needs_.log) && facts.value().may_replicate) {
      check_replication(address.value(), facts.value());
    }
    if (needs_.logical) check_databases(*connection.value());
    check_programs(connection.value()->server_major());
    return std::move(checks_);
  }

 private:
  // That the role may isn't that pg_hba.conf lets it in.
  void check_replication(const wire::PostgresAddress& address, const PostgresFacts& facts) {
    const auto opened = wire::PostgresConnection::open(
        address, {.session = wire::PostgresOptions::Session::replication}, stop_);
    if (opened.ok()) {
      checks_.push_back({"replication", Outcome::ok, "replication connections are let in", {}});
      return;
    }
    auto check = check_of_error("replication", opened.error());
    if (check.message.find("pg_hba.conf") != std::string::npos) {
      check.advice =
          fmt::format("add to pg_hba.conf: {}; then SELECT pg_reload_conf();", rule_for(facts));
    }
    checks_.push_back(std::move(check));
  }

  void check_databases(wire::PostgresConnection& connection) {
    if (needs_.all_databases) return;
    for (const auto& name : component_.source.list("databases")) {
      const auto found =
          connection.query("SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", {name});
      if (!found.ok()) {
        checks_.push_back(check_of_error("databases", found.error()));
      } else if (found.value().rows.empty()) {
        checks_.push_back({"databases", Outcome::problem,
                           fmt::format("the server has no database {}", name),
                           "`databases` of the component names those that are dumped"});
      }
    }
  }

  void check_programs(int major) {
    const auto& tools = component_.source.word("tools");
    const PostgresProgramPlaces places{
        .folder = tools.empty() ? std::string() : absolute_path(workplace_.strategy, tools),
        .path = workplace_.environment("PATH").value_or(""),
        .hidden_variables = secret_variables(workplace_.strategy)};
    if (needs_.logical) {
      const auto found = find_dumpers(places, major, stop_);
      if (found.ok()) {
        checks_.push_back({"tools", Outcome::ok, "pg_dump in " + found.value(), {}});
      } else {
        checks_.push_back(check_of_error("tools", found.error()));
      }
    }
    if (!needs_.drilled) return;
    const auto found = find_server(places, major, stop_);
    if (found.ok()) {
      checks_.push_back({"drill-server", Outcome::ok, "drills can start " + found.value(), {}});
    } else {
      checks_.push_back({"drill-server", Outcome::warning,
                         found.error().message() + ": drills on this machine are unknown",
                         found.error().hint()});
    }
  }

  const Workplace& workplace_;
  const strategy::Component& component_;
  const std::stop_token& stop_;
  PostgresNeeds needs_;
  std::vector<Check> checks_;
};

}  // namespace

PostgresNeeds postgres_needs(const strategy::Strategy& strategy,
                             const strategy::Component& component) {
  using strategy::PlanType;
  PostgresNeeds needs;
  for (const auto& plan : component.plans) {
    if (!plan.copy_of.empty()) continue;
    needs.logical = needs.logical || plan.type == PlanType::logical;
    needs.incremental = needs.incremental || plan.type == PlanType::incremental;
    needs.physical =
        needs.physical || plan.type == PlanType::physical || plan.type == PlanType::incremental;
    needs.log = needs.log || plan.is_log();
  }
  needs.all_databases = component.source.list("databases") == std::vector<std::string>{"all"};
  if (needs.log) needs.slot = log_slot(strategy, component);
  needs.drilled =
      std::any_of(strategy.drills.begin(), strategy.drills.end(),
                  [&](const strategy::Drill& drill) { return drills(drill, component); });
  return needs;
}

std::vector<Check> examine_postgres(const Workplace& workplace,
                                    const strategy::Component& component,
                                    const std::stop_token& stop) {
  return Examiner(workplace, component, stop).run();
}

}  // namespace holdfast::engine
