// The doctor of a component of the kind `postgres`: whether its server and this machine have what
// the component's plans need, and the statement that mends what they don't.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "engine/workplace.hpp"
#include "storage/examination.hpp"

namespace holdfast::engine {

// What plans and drills of a component ask for.
struct PostgresNeeds {
  bool logical = false;
  bool physical = false;  // incremental ones included
  bool incremental = false;
  bool log = false;
  bool drilled = false;
  bool all_databases = false;
  std::string slot;  // of the log
};

struct PostgresSlot {
  std::string name;
  std::string wal_status;  // reserved, extended, unreserved, lost
  bool is_active = false;
  std::optional<std::uint64_t> behind;  // bytes of WAL that it holds back
};

// What a server told.
struct PostgresFacts {
  int version = 0;  // 150018 for 15.18
  std::string role;
  bool is_superuser = false;
  bool may_replicate = false;
  bool reads_passwords = false;
  std::uint64_t unreadable = 0;  // tables of the connected database
  bool is_standby = false;
  bool is_local = false;  // we came through a socket
  bool is_tls = false;
  std::string client_address;                   // ours, as the server sees it
  std::map<std::string, std::string> settings;  // in the server's units
  std::uint64_t senders = 0;                    // in use
  std::uint64_t slots = 0;                      // in use
  std::vector<PostgresSlot> own_slots;          // holdfast_…, and that of the log
  std::string archive_failure;  // the file that could not be archived last; empty: none
  std::optional<std::uint64_t> synchronous;  // standbys; nothing: we may not see them
  base::Duration clock_ahead;                // the server's clock, of ours
};

// Only of what is needed. Pure.
[[nodiscard]] std::vector<storage::Check> judge_postgres(const PostgresFacts& facts,
                                                         const PostgresNeeds& needs);

[[nodiscard]] PostgresNeeds postgres_needs(const strategy::Strategy& strategy,
                                           const strategy::Component& component);

// Connects, and reads only. What can't be looked at is unknown, or a problem.
[[nodiscard]] std::vector<storage::Check> examine_postgres(const Workplace& workplace,
                                                           const strategy::Component& component,
                                                           const std::stop_token& stop);

}  // namespace holdfast::engine
