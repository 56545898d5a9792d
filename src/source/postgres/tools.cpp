// Looking for pg_dump.
#include "tools.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "io/child_process.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr int oldest_known = 10;
constexpr int newest_thinkable = 40;

std::vector<std::string> usual_folders(std::string_view path) {
  std::vector<std::string> folders;
  for (int major = oldest_known; major <= newest_thinkable; ++major) {
    folders.push_back(fmt::format("/usr/lib/postgresql/{}/bin", major));  // Debian
    folders.push_back(fmt::format("/usr/pgsql-{}/bin", major));           // Red Hat
  }
  while (!path.empty()) {
    const auto end = std::min(path.find(':'), path.size());
    if (end > 0) folders.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return folders;
}

}  // namespace

int parse_tool_version(std::string_view text) {
  constexpr std::string_view mark = "(PostgreSQL) ";
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + mark.size());
  int major = 0;
  const auto done = std::from_chars(text.data(), text.data() + text.size(), major);
  return done.ec == std::errc() ? major : 0;
}

Result<PostgresTools> choose_tools(const std::vector<PostgresTools>& found, int server_major) {
  const PostgresTools* best = nullptr;
  int newest = 0;
  for (const auto& each : found) {
    newest = std::max(newest, each.major);
    if (each.major < server_major) continue;
    if (best == nullptr || each.major < best->major) best = &each;
  }
  if (best != nullptr) return *best;
  return Error(ErrorCode::unsupported,
               newest == 0 ? std::string("there is no pg_dump on this machine")
                           : fmt::format("the newest pg_dump here is of {}, the server is {}",
                                         newest, server_major))
      .with_hint(
          fmt::format("install postgresql-client-{}, or name a folder with `tools`", server_major));
}

Result<PostgresTools> find_tools(const ToolPlaces& places, int server_major,
                                 const std::stop_token& stop) {
  const auto folders =
      places.folder.empty() ? usual_folders(places.path) : std::vector<std::string>{places.folder};
  std::vector<PostgresTools> found;
  for (const auto& each : folders) {
    const auto program = each + "/pg_dump";
    if (::access(program.c_str(), X_OK) != 0) continue;
    const auto said = io::run_child(
        {.arguments = {program, "--version"}, .hidden_variables = places.hidden_variables}, stop);
    if (!said.ok()) {
      if (said.error().code() == ErrorCode::cancelled) return said.error();
      continue;
    }
    const int major = parse_tool_version(base::as_text(said.value().view()));
    if (major > 0) found.push_back({.folder = each, .major = major});
  }
  return choose_tools(found, server_major);
}

}  // namespace holdfast::source
