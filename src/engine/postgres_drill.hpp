// PostgresDrill: a restored component of the kind `postgres`, as a scratch server that can be asked
// (docs/internals/postgres.md, Drills).
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "engine/drill.hpp"
#include "engine/workplace.hpp"
#include "postgres_questions.hpp"
#include "scratch_server.hpp"

namespace holdfast::engine {

// Below the folder of the component in a drill: where it is restored to.
inline constexpr const char* postgres_restored_folder = "data";

class PostgresDrill {
 public:
  // Of a base backup: a server on it, recovered; of dumps: a cluster into which they are loaded.
  // `folder`/data was restored. Errors: damaged (what was restored is no server), unsupported (this
  // machine lacks what it needs), and those of the system.
  static base::Result<std::unique_ptr<PostgresDrill>> begin(const Workplace& workplace,
                                                            const strategy::Component& component,
                                                            const std::string& folder,
                                                            const std::stop_token& stop);

  [[nodiscard]] const ScratchStart& timings() const noexcept { return timings_; }
  // Where the data directory is, or the dumps.
  [[nodiscard]] const std::string& restored() const noexcept { return restored_; }
  // For programs of the drill.
  [[nodiscard]] std::string url() const { return server_->url(database_); }
  [[nodiscard]] PostgresAnswer ask(const strategy::Expectation& expected,
                                   const std::stop_token& stop);
  // not_found: amcheck isn't here.
  base::Result<AmcheckReport> check_pages(const std::stop_token& stop);
  // So that another server can start there.
  base::Result<void> shut_down(const std::stop_token& stop) { return server_->shut_down(stop); }

 private:
  PostgresDrill() = default;
  base::Result<void> begin_physical(const Workplace& workplace,
                                    const strategy::Component& component, const ScratchPlace& place,
                                    const std::stop_token& stop);
  base::Result<void> begin_logical(const Workplace& workplace, const strategy::Component& component,
                                   const ScratchPlace& place, const std::stop_token& stop);

  std::unique_ptr<ScratchServer> server_;
  ScratchStart timings_;
  std::string restored_;
  std::string database_;  // which is asked
};

// What pg_tblspc of a restored data directory links to, made relative to it, so that it can be
// followed by whoever may not look above.
base::Result<void> make_tablespaces_relative(const std::string& data);

}  // namespace holdfast::engine
