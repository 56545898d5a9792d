// Which kind of snapshot it is, which programs it needs, which database is asked.
#include "postgres_drill.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/bytes.hpp"
#include "engine/source_paths.hpp"
#include "folder_tree.hpp"
#include "postgres_load.hpp"
#include "secret_variables.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::uint64_t version_size_max = 64;

PostgresProgramPlaces program_places(const Workplace& workplace,
                                     const strategy::Component& component) {
  const auto& tools = component.source.word("tools");
  return {.folder = tools.empty() ? std::string() : absolute_path(workplace.strategy, tools),
          .path = workplace.environment("PATH").value_or(""),
          .hidden_variables = secret_variables(workplace.strategy)};
}

// What the component says of its role and database. Its password isn't needed.
struct Named {
  std::string user;
  std::string database;
};
Named named_in(const strategy::Component& component) {
  const auto& source = component.source;
  Named named;
  const auto settings = wire::tool_settings({.url = source.word("url"),
                                             .host = {},
                                             .port = {},
                                             .user = source.word("user"),
                                             .database = source.word("database"),
                                             .tls = {},
                                             .ca = {},
                                             .password = {}});
  if (!settings.ok()) return named;
  named.database = settings.value().database;
  constexpr std::string_view user = "PGUSER=";
  for (const auto& each : settings.value().variables) {
    if (each.starts_with(user)) named.user = each.substr(user.size());
  }
  return named;
}

// The one that is named, if it is there; else the only one; else postgres.
std::string choose_database(const strategy::Component& component,
                            const std::vector<std::string>& there) {
  const auto is_there = [&](const std::string& name) {
    return std::find(there.begin(), there.end(), name) != there.end();
  };
  const auto& listed = component.source.list("databases");
  if (listed.size() == 1 && is_there(listed.front())) return listed.front();
  const auto named = named_in(component).database;
  if (is_there(named)) return named;
  std::vector<std::string> own;
  for (const auto& each : there) {
    if (each != "postgres") own.push_back(each);
  }
  if (own.size() == 1 || (!own.empty() && !is_there("postgres"))) return own.front();
  return "postgres";
}

}  // namespace

Result<void> make_tablespaces_relative(const std::string& data) {
  const auto folder = data + "/pg_tblspc";
  const auto name = data.substr(data.rfind('/') + 1);
  const auto names = TRY(names_in(folder));
  for (const auto& oid : names) {
    const auto path = folder + "/" + oid;
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) return Error::from_errno(errno, "looking at " + path);
    if (!S_ISLNK(status.st_mode)) continue;
    const auto target = fmt::format("../../{}.tablespaces/{}", name, oid);
    if (::unlink(path.c_str()) != 0 || ::symlink(target.c_str(), path.c_str()) != 0) {
      return Error::from_errno(errno, "linking the tablespace " + path);
    }
  }
  return {};
}

Result<std::unique_ptr<PostgresDrill>> PostgresDrill::begin(const Workplace& workplace,
                                                            const strategy::Component& component,
                                                            const std::string& folder,
                                                            const std::stop_token& stop) {
  std::unique_ptr<PostgresDrill> made(new PostgresDrill);
  const auto data = folder + "/" + postgres_restored_folder;
  const auto names = TRY(names_in(data));
  const bool is_physical = std::find(names.begin(), names.end(), "PG_VERSION") != names.end();
  if (is_physical) {
    made->restored_ = data;
    TRY(make_tablespaces_relative(data));
    TRY(made->begin_physical(workplace, component, TRY(make_scratch_place(folder, stop)), stop));
  } else {
    made->restored_ = folder + "/dumps";
    if (::rename(data.c_str(), made->restored_.c_str()) != 0) {
      return Error::from_errno(errno, "moving " + data);
    }
    TRY(made->begin_logical(workplace, component, TRY(make_scratch_place(folder, stop)), stop));
  }
  const auto there = TRY(list_databases(*made->server_, stop));
  made->database_ = choose_database(component, there);
  return made;
}

Result<void> PostgresDrill::begin_physical(const Workplace& workplace,
                                           const strategy::Component& component,
                                           const ScratchPlace& place, const std::stop_token& stop) {
  const auto bytes = TRY(io::read_file(restored_ + "/PG_VERSION", version_size_max));
  const auto text = base::as_text(bytes);
  int major = 0;
  std::from_chars(text.data(), text.data() + text.size(), major);
  if (major == 0) return Error(ErrorCode::damaged, "PG_VERSION holds no version");
  const auto programs = TRY(find_server(program_places(workplace, component), major, stop));
  const auto user = named_in(component).user;
  server_ = TRY(ScratchServer::start(
      place,
      {.programs = programs,
       .roles = user.empty() ? std::vector<std::string>{} : std::vector<std::string>{user}},
      stop));
  timings_ = server_->timings();
  return {};
}

Result<void> PostgresDrill::begin_logical(const Workplace& workplace,
                                          const strategy::Component& component,
                                          const ScratchPlace& place, const std::stop_token& stop) {
  auto loaded = TRY(load_dumps(place, program_places(workplace, component), stop));
  server_ = std::move(loaded.server);
  timings_ = {.start = loaded.start, .replay = loaded.replay};
  return {};
}

PostgresAnswer PostgresDrill::ask(const strategy::Expectation& expected,
                                  const std::stop_token& stop) {
  return ask_postgres(*server_, database_, expected, stop);
}

Result<AmcheckReport> PostgresDrill::check_pages(const std::stop_token& stop) {
  return amcheck(*server_, stop);
}

}  // namespace holdfast::engine
