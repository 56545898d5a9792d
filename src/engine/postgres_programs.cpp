// Looking where Debian and Red Hat put them, and in PATH.
#include "postgres_programs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/bytes.hpp"
#include "io/child_process.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr int oldest_known = 10;
constexpr int newest_thinkable = 40;

std::vector<std::string> folders_of(const PostgresProgramPlaces& places) {
  std::vector<std::string> folders;
  if (!places.folder.empty()) folders.push_back(places.folder);
  for (int major = oldest_known; major <= newest_thinkable; ++major) {
    folders.push_back(fmt::format("/usr/lib/postgresql/{}/bin", major));  // Debian
    folders.push_back(fmt::format("/usr/pgsql-{}/bin", major));           // Red Hat
  }
  std::string_view path = places.path;
  while (!path.empty()) {
    const auto end = std::min(path.find(':'), path.size());
    if (end > 0) folders.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return folders;
}

// "postgres (PostgreSQL) 15.18 (Debian …)" -> 15
int version_in(std::string_view text) {
  constexpr std::string_view mark = "(PostgreSQL) ";
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + mark.size());
  int major = 0;
  std::from_chars(text.data(), text.data() + text.size(), major);
  return major;
}

bool can_run(const std::string& program) { return ::access(program.c_str(), X_OK) == 0; }

// The oldest folder with both programs, not older than `major`.
Result<std::optional<PostgresPrograms>> oldest_with(const PostgresProgramPlaces& places,
                                                    const std::string& first,
                                                    const std::string& second, int major,
                                                    const std::stop_token& stop) {
  std::optional<PostgresPrograms> best;
  for (const auto& folder : folders_of(places)) {
    if (!can_run(folder + "/" + first) || !can_run(folder + "/" + second)) continue;
    const auto said = io::run_child({.arguments = {folder + "/" + first, "--version"},
                                     .hidden_variables = places.hidden_variables},
                                    stop);
    if (!said.ok()) {
      if (said.error().code() == ErrorCode::cancelled) return said.error();
      continue;
    }
    const int found = version_in(base::as_text(said.value().view()));
    if (found < major || (best && best->major <= found)) continue;
    best = PostgresPrograms{.folder = folder, .major = found};
  }
  return best;
}

Error missing(std::string_view what, int major) {
  return Error(ErrorCode::unsupported, fmt::format("there is no {} here", what))
      .with_hint(fmt::format("install postgresql-{}, or name its folder with `tools`", major));
}

}  // namespace

Result<PostgresPrograms> find_server_from(const PostgresProgramPlaces& places, int major,
                                          const std::stop_token& stop) {
  auto found = TRY(oldest_with(places, "postgres", "initdb", major, stop));
  if (found) return *std::move(found);
  return missing(fmt::format("PostgreSQL server {} or newer", major), major);
}

Result<std::string> find_server(const PostgresProgramPlaces& places, int major,
                                const std::stop_token& stop) {
  auto found = TRY(oldest_with(places, "postgres", "initdb", major, stop));
  if (found && found->major == major) return std::move(found->folder);
  return missing(fmt::format("PostgreSQL server {}", major), major);
}

Result<std::string> find_dumpers(const PostgresProgramPlaces& places, int major,
                                 const std::stop_token& stop) {
  auto found = TRY(oldest_with(places, "pg_dump", "pg_dumpall", major, stop));
  if (found) return std::move(found->folder);
  return Error(ErrorCode::unsupported, fmt::format("there is no pg_dump {} or newer here", major))
      .with_hint(
          fmt::format("install postgresql-client-{}, or name its folder with `tools`", major));
}

Result<std::string> find_clients(const PostgresProgramPlaces& places, int major,
                                 const std::stop_token& stop) {
  auto found = TRY(oldest_with(places, "pg_restore", "psql", major, stop));
  if (found) return std::move(found->folder);
  return missing(fmt::format("pg_restore {} or newer", major), major);
}

}  // namespace holdfast::engine
