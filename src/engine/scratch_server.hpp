// ScratchServer: a PostgreSQL server on a data directory of ours, for a drill or a recovery: on a
// socket only, which nobody else can reach, with nothing of its configuration that could reach out
// of its folder. It may start in recovery, to an instant.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "io/file.hpp"
#include "scratch_place.hpp"
#include "scratch_process.hpp"
#include "wire/postgres.hpp"

namespace holdfast::engine {

struct ScratchServerOptions {
  std::string programs;  // the folder of `postgres`, of the data directory's version
  // "name=value", which win over everything. Of the data directory only postgresql.auto.conf is
  // read, and what could reach out is overridden: the list is in scratch_server.cpp. With
  // `recovery.signal` in the data directory, recovery_target… and restore_command may stand in
  // postgresql.auto.conf or here; at its target recovery ends (recovery_target_action=promote).
  std::vector<std::string> settings = {};
  // shared: for a restore_command that needs the network, or writes elsewhere.
  ScratchCommand::Surroundings surroundings = ScratchCommand::Surroundings::cut_off;
  // Who may be a role of the cluster; with one of them the superuser is found.
  std::vector<std::string> roles = {};
  base::Duration start_timeout = base::hours(24);  // recovery included
};

// How it came to be ready.
struct ScratchStart {
  base::Duration start;   // until it ran
  base::Duration replay;  // from then until recovery had ended
};

// Used by one task, whose thread lives as long as it does.
class ScratchServer {
 public:
  // Starts it on `place`/data and waits until it is out of recovery. Of what a snapshot of a
  // standby brings, standby.signal is removed. Errors: damaged (it didn't start, with what it
  // said), no_space, unsupported (this machine lacks what it needs), unavailable (it takes longer),
  // cancelled. The log is `place`/server.log.
  static base::Result<std::unique_ptr<ScratchServer>> start(const ScratchPlace& place,
                                                            ScratchServerOptions options,
                                                            const std::stop_token& stop);
  ScratchServer(const ScratchServer&) = delete;
  ScratchServer& operator=(const ScratchServer&) = delete;
  ~ScratchServer();  // ends it at once

  // As superuser, with nothing preloaded by settings of databases or roles.
  base::Result<std::unique_ptr<wire::PostgresConnection>> connect(const std::string& database,
                                                                  const std::stop_token& stop);
  // Which it is; known once somebody has connected.
  [[nodiscard]] const std::string& superuser() const noexcept { return superuser_; }
  [[nodiscard]] const ScratchStart& timings() const noexcept { return timings_; }
  // Whether it still runs; one that died by itself says why in its log.
  [[nodiscard]] bool runs() { return !process_->poll_status(); }
  // When the last transaction was committed that recovery replayed; nothing if there was none.
  base::Result<std::optional<std::string>> last_replayed(const std::stop_token& stop);
  // For clients of root or of the server's user.
  [[nodiscard]] std::string url(const std::string& database) const;
  // Of a client program that runs as a ScratchCommand in the same place.
  [[nodiscard]] std::vector<std::string> client_variables() const;
  // Ends it, with a checkpoint: the data directory can be started elsewhere.
  base::Result<void> shut_down(const std::stop_token& stop);

 private:
  ScratchServer(ScratchPlace place, ScratchServerOptions options)
      : place_(std::move(place)), options_(std::move(options)) {}
  base::Result<void> launch();
  base::Result<void> wait_until_ready(const std::stop_token& stop);
  base::Result<void> find_superuser(const std::stop_token& stop);
  base::Result<std::unique_ptr<wire::PostgresConnection>> open(const std::string& role,
                                                               const std::string& database,
                                                               const std::stop_token& stop);
  [[nodiscard]] std::string data() const { return place_.path + "/data"; }
  [[nodiscard]] base::Error ended() const;

  ScratchPlace place_;
  ScratchServerOptions options_;
  io::Fd folder_;
  std::unique_ptr<ScratchProcess> process_;
  std::string superuser_;
  ScratchStart timings_;
};

// The environment of PostgreSQL's programs in a scratch folder: none of ours.
[[nodiscard]] std::vector<std::string> scratch_variables();

// What is wrong with this machine and not with the backup, by what a server or tool said:
// unsupported or no_space; else `otherwise`.
[[nodiscard]] base::ErrorCode judge_trouble(std::string_view text, base::ErrorCode otherwise);

}  // namespace holdfast::engine
