// What a server told, held against what plans need.
#include <fmt/format.h>

#include <algorithm>

#include "base/units.hpp"
#include "postgres_doctor.hpp"
#include "wire/postgres.hpp"

namespace holdfast::engine {

using storage::Check;
using Outcome = storage::Check::Outcome;

namespace {

constexpr int oldest_major = 13;
constexpr int newest_major = 18;
constexpr int first_with_read_all_role = 14;
constexpr int first_with_summaries = 17;
constexpr auto clock_tolerance = base::seconds(5);
constexpr std::uint64_t usual_senders = 10;
// An unused slot that holds back less is no trouble yet.
constexpr std::uint64_t idle_slot_tolerance = std::uint64_t{1} << 30;

constexpr const char* reload = "SELECT pg_reload_conf();";
constexpr const char* restart = "and restart the server";

class Judge {
 public:
  Judge(const PostgresFacts& facts, const PostgresNeeds& needs) : facts_(facts), needs_(needs) {}

  std::vector<Check> run() {
    version();
    clock();
    checksums();
    standby();
    if (needs_.logical) reading();
    if (needs_.physical || needs_.log) {
      replication_role();
      wal_level();
      senders();
      slots();
      archiving();
      synchronous();
    }
    if (needs_.log) {
      kept_wal();
      commit_times();
    }
    if (needs_.incremental) summaries();
    own_slots();
    return std::move(checks_);
  }

 private:
  [[nodiscard]] int major() const { return facts_.version / 10'000; }
  [[nodiscard]] std::string setting(const std::string& name) const {
    const auto found = facts_.settings.find(name);
    return found == facts_.settings.end() ? std::string() : found->second;
  }
  [[nodiscard]] std::uint64_t number(const std::string& name) const {
    std::uint64_t value = 0;
    for (const char c : setting(name)) {
      if (c < '0' || c > '9') break;
      value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
  }
  [[nodiscard]] std::string role() const { return wire::quote_identifier(facts_.role); }

  void add(std::string name, Outcome outcome, std::string message, std::string advice = {}) {
    checks_.push_back({std::move(name), outcome, std::move(message), std::move(advice)});
  }

  void version() {
    const auto text =
        fmt::format("PostgreSQL {}.{}, as {}", major(), facts_.version % 10'000, facts_.role);
    if (major() < oldest_major) {
      add("version", Outcome::problem, text + ": too old",
          fmt::format("{} and newer can be backed up", oldest_major));
    } else if (major() > newest_major) {
      add("version", Outcome::warning, text + ": newer than what was tested",
          "look for a newer holdfast");
    } else {
      add("version", Outcome::ok, text);
    }
  }

  void clock() {
    const auto ahead = facts_.clock_ahead;
    const auto off = ahead < base::Duration{} ? base::Duration{} - ahead : ahead;
    if (off <= clock_tolerance) {
      add("clock", Outcome::ok,
          fmt::format("the server's clock is within {} of ours",
                      base::format_duration(clock_tolerance)));
      return;
    }
    add("clock", Outcome::warning,
        fmt::format("the server's clock is {} {} ours", base::format_duration(off),
                    ahead > base::Duration{} ? "ahead of" : "behind"),
        "synchronise both clocks (chrony, systemd-timesyncd): a restore to a time goes by the "
        "server's");
  }

  void checksums() {
    if (!needs_.physical) return;
    if (setting("data_checksums") == "on") {
      add("checksums", Outcome::ok, "pages have checksums");
    } else {
      add("checksums", Outcome::warning, "pages have no checksums: bad ones go unnoticed",
          "stop the server, and pg_checksums --enable -D DATA_DIRECTORY");
    }
  }

  void standby() {
    if (!facts_.is_standby) return;
    if (needs_.logical && setting("hot_standby_feedback") != "on") {
      add("standby", Outcome::warning,
          "it is a standby: a long dump may be cancelled by what it replays",
          fmt::format("ALTER SYSTEM SET hot_standby_feedback = on; {}", reload));
      return;
    }
    add("standby", Outcome::ok, "it is a standby");
  }

  void reading() {
    if (facts_.unreadable > 0) {
      const auto grant = major() >= first_with_read_all_role
                             ? fmt::format("GRANT pg_read_all_data TO {};", role())
                             : fmt::format("ALTER ROLE {} SUPERUSER;", role());
      add("privileges", Outcome::problem,
          fmt::format("{} may not read {} tables and sequences: pg_dump would fail", facts_.role,
                      facts_.unreadable),
          grant);
    } else {
      add("privileges", Outcome::ok, facts_.role + " may read everything in the database");
    }
    if (!needs_.all_databases) return;
    if (facts_.reads_passwords) {
      add("role-passwords", Outcome::ok, "the passwords of roles are in the dumps");
    } else {
      add("role-passwords", Outcome::warning, "the passwords of roles are not in the dumps",
          fmt::format("GRANT SELECT ON pg_catalog.pg_authid TO {};", role()));
    }
  }

  void replication_role() {
    if (facts_.may_replicate) {
      add("role", Outcome::ok, facts_.role + " may replicate");
    } else {
      add("role", Outcome::problem, facts_.role + " may not replicate",
          fmt::format("ALTER ROLE {} REPLICATION;", role()));
    }
  }

  void wal_level() {
    const auto level = setting("wal_level");
    if (level == "minimal") {
      add("wal_level", Outcome::problem, "wal_level is minimal",
          fmt::format("ALTER SYSTEM SET wal_level = 'replica'; {}", restart));
    } else {
      add("wal_level", Outcome::ok, "wal_level is " + level);
    }
  }

  // A base backup with its WAL takes one; the log another one, all the time.
  void senders() {
    const auto most = number("max_wal_senders");
    const auto free = most > facts_.senders ? most - facts_.senders : 0;
    const bool log_runs = std::any_of(facts_.own_slots.begin(), facts_.own_slots.end(),
                                      [](const PostgresSlot& each) { return each.is_active; });
    const std::uint64_t wanted = (needs_.physical ? 1U : 0U) + (needs_.log && !log_runs ? 1U : 0U);
    const auto text = fmt::format("{} of {} senders are free", free, most);
    if (free >= wanted) {
      add("max_wal_senders", Outcome::ok, text);
    } else {
      add("max_wal_senders", Outcome::problem, fmt::format("{}, {} are needed", text, wanted),
          fmt::format("ALTER SYSTEM SET max_wal_senders = {}; {}",
                      std::max(usual_senders, facts_.senders + wanted + 2), restart));
    }
  }

  // A base backup does without, with a warning.
  void slots() {
    const auto most = number("max_replication_slots");
    const auto free = most > facts_.slots ? most - facts_.slots : 0;
    const bool has_own =
        std::any_of(facts_.own_slots.begin(), facts_.own_slots.end(),
                    [&](const PostgresSlot& each) { return each.name == needs_.slot; });
    const bool log_wants = needs_.log && !has_own;
    const std::uint64_t wanted = (needs_.physical ? 1U : 0U) + (log_wants ? 1U : 0U);
    const auto text = fmt::format("{} of {} replication slots are free", free, most);
    if (free >= wanted) {
      add("max_replication_slots", Outcome::ok, text);
      return;
    }
    add("max_replication_slots", log_wants && free == 0 ? Outcome::problem : Outcome::warning,
        fmt::format("{}, {} are needed", text, wanted),
        fmt::format("ALTER SYSTEM SET max_replication_slots = {}; {}",
                    std::max(usual_senders, facts_.slots + wanted + 2), restart));
  }

  void own_slots() {
    for (const auto& each : facts_.own_slots) {
      const auto held = each.behind ? base::format_size(*each.behind) : std::string("nothing");
      const auto text = fmt::format("slot {} holds back {}{}", each.name, held,
                                    each.is_active ? "" : ", and nobody reads it");
      const auto drop =
          fmt::format("SELECT pg_drop_replication_slot({});", wire::quote_literal(each.name));
      const bool is_of_log = needs_.log && each.name == needs_.slot;
      if (each.wal_status == "lost") {
        add("slot", Outcome::problem, fmt::format("slot {} is lost: its WAL is gone", each.name),
            is_of_log ? drop + " then a new base backup, from which the log goes on" : drop);
      } else if (each.wal_status == "unreserved") {
        add("slot", Outcome::problem, text + "; its WAL goes at the next checkpoint",
            is_of_log ? "holdfast daemon must follow the log now" : drop);
      } else if (!each.is_active && each.behind.value_or(0) > idle_slot_tolerance) {
        add("slot", Outcome::warning, text,
            is_of_log ? "start holdfast daemon, which follows the log"
                      : "if no strategy uses it: " + drop);
      } else {
        add("slot", Outcome::ok, text);
      }
    }
  }

  void archiving() {
    if (setting("archive_mode") == "off" || setting("archive_mode").empty()) {
      add("archive", Outcome::ok, "the server archives nothing by itself");
      return;
    }
    if (setting("archive_command").empty() && setting("archive_library").empty()) {
      add("archive", Outcome::warning,
          "archive_mode is on without archive_command: WAL piles up on the server",
          fmt::format("ALTER SYSTEM SET archive_command = '…'; {} or ALTER SYSTEM SET archive_mode "
                      "= off; {}",
                      reload, restart));
      return;
    }
    if (!facts_.archive_failure.empty()) {
      add("archive", Outcome::warning,
          fmt::format("archive_command fails, last of {}: WAL piles up on the server",
                      facts_.archive_failure),
          "the server's log says why; SELECT * FROM pg_stat_archiver;");
      return;
    }
    add("archive", Outcome::ok, "the server archives its WAL");
  }

  void synchronous() {
    const auto names = setting("synchronous_standby_names");
    if (names.empty()) return;
    if (!facts_.synchronous) {
      add("synchronous", Outcome::unknown, "whether a synchronous standby is there can't be seen",
          fmt::format("GRANT pg_monitor TO {};", role()));
    } else if (*facts_.synchronous == 0) {
      add("synchronous", Outcome::problem,
          "no synchronous standby is there: commits wait for one of " + names,
          fmt::format("start it, or ALTER SYSTEM SET synchronous_standby_names = ''; {}", reload));
    } else {
      add("synchronous", Outcome::ok, fmt::format("{} synchronous standbys", *facts_.synchronous));
    }
  }

  void kept_wal() {
    const auto most = setting("max_slot_wal_keep_size");
    if (most == "-1") {
      add("max_slot_wal_keep_size", Outcome::warning,
          "a slot that nobody reads holds WAL back until the server's disk is full",
          fmt::format("ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; {} (what the disk can "
                      "spare)",
                      reload));
    } else {
      add("max_slot_wal_keep_size", Outcome::ok,
          fmt::format("slots hold back {} MB at most", most));
    }
  }

  // Recovery to a time works without it.
  void commit_times() {
    const bool is_on = setting("track_commit_timestamp") == "on";
    add("track_commit_timestamp", Outcome::ok,
        is_on ? "the server remembers when transactions were committed"
              : "the server doesn't remember when transactions were committed; a recovery doesn't "
                "need it, a check of it can use it");
  }

  void summaries() {
    if (major() < first_with_summaries) {
      add("summarize_wal", Outcome::warning,
          fmt::format("PostgreSQL {} can't tell what changed: incremental plans read everything, "
                      "and store what is new",
                      major()),
          fmt::format("{} and newer can", first_with_summaries));
    } else if (setting("summarize_wal") == "on") {
      add("summarize_wal", Outcome::ok, "the server knows which blocks changed");
    } else {
      add("summarize_wal", Outcome::warning,
          "summarize_wal is off: incremental plans read everything",
          fmt::format("ALTER SYSTEM SET summarize_wal = on; {}", reload));
    }
  }

  const PostgresFacts& facts_;
  const PostgresNeeds& needs_;
  std::vector<Check> checks_;
};

}  // namespace

std::vector<Check> judge_postgres(const PostgresFacts& facts, const PostgresNeeds& needs) {
  return Judge(facts, needs).run();
}

}  // namespace holdfast::engine
