// Files into a sandbox, from there into the server.
#include "postgres_server_restore.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/source_paths.hpp"
#include "postgres_component.hpp"
#include "sandbox.hpp"
#include "secret_variables.hpp"
#include "source/postgres/load.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// Host, port and user, as far as they are said.
std::vector<std::string> identity_of(const wire::PostgresToolSettings& settings) {
  std::vector<std::string> made;
  for (const auto& each : settings.variables) {
    for (const std::string_view name : {"PGHOST=", "PGPORT=", "PGUSER="}) {
      if (each.starts_with(name) && each != "PGPORT=5432") made.push_back(each);
    }
  }
  std::sort(made.begin(), made.end());
  return made;
}

// The component's own password is of its own server and role only.
Result<wire::PostgresAddress> address_of(const Workplace& workplace, const ServerRestore& what) {
  wire::PostgresAddress made{.url = what.server.url,
                             .host = {},
                             .port = {},
                             .user = {},
                             .database = {},
                             .tls = {},
                             .ca = {},
                             .password = {}};
  auto own = postgres_address(workplace, what.component);
  if (!own.ok()) return made;
  const auto there = TRY(wire::tool_settings(made));
  const auto here = TRY(wire::tool_settings(own.value()));
  if (identity_of(there) == identity_of(here)) {
    made.password = std::move(own.value().password);
    made.tls = own.value().tls;
    made.ca = own.value().ca;
  }
  return made;
}

}  // namespace

Result<void> check_server(const ComponentRestoreOptions::Server& server) {
  const auto settings = TRY(wire::tool_settings({.url = server.url,
                                                 .host = {},
                                                 .port = {},
                                                 .user = {},
                                                 .database = {},
                                                 .tls = {},
                                                 .ca = {},
                                                 .password = {}}));
  if (settings.password.empty()) return {};
  return Error(ErrorCode::invalid_argument, "the address of the server holds a password")
      .with_hint(
          "everyone can read a process list: put it into ~/.pgpass, or name the file in "
          "PGPASSFILE");
}

Result<std::string> plan_of_dumps(const strategy::Component& component) {
  std::vector<std::string> names;
  for (const auto& plan : component.plans) {
    const auto* own = plan.copy_of.empty() ? &plan : component.plan(plan.copy_of);
    if (own != nullptr && own->type == strategy::PlanType::logical) names.push_back(plan.name);
  }
  if (names.size() == 1) return names.front();
  if (names.empty()) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("component {} has no dumps that could be loaded", component.name))
        .with_hint("restore --into an empty data directory, and start a server on it");
  }
  std::string all;
  for (const auto& each : names) all += (all.empty() ? "" : ", ") + each;
  return Error(ErrorCode::invalid_argument,
               fmt::format("component {} has several plans of dumps", component.name))
      .with_hint("--plan says whose: " + all);
}

Result<RestoreReport> restore_into_server(const Workplace& workplace, const ServerRestore& what,
                                          repository::Repository& repository,
                                          const ProgressCall& progress, std::stop_token stop) {
  const auto address = TRY(address_of(workplace, what));
  const auto sandbox = TRY(Sandbox::make(workplace.state_directory + "/sandbox", what.run));
  source::FilesRestoreOptions files;
  files.target = sandbox->path() + "/dumps";
  auto report = TRY(restore(repository, what.snapshot, files, progress, stop));
  if (report.files.damaged || report.files.totals.failures > 0) {
    return Error(ErrorCode::damaged, "the dumps could not be read back whole")
        .with_hint("holdfast verify shows what is wrong; --at takes another snapshot");
  }
  const auto& tools = what.component.source.word("tools");
  auto loaded = TRY(source::load_postgres_dumps(
      address,
      {.folder = files.target,
       .database = what.server.database,
       .name = what.server.name,
       .tools = tools.empty() ? std::string() : absolute_path(workplace.strategy, tools),
       .path = workplace.environment("PATH").value_or(""),
       .hidden_variables = secret_variables(workplace.strategy)},
      std::move(stop)));
  for (auto& each : loaded.notes) report.files.notes.push_back(std::move(each));
  TRY(sandbox->remove());
  return report;
}

}  // namespace holdfast::engine
