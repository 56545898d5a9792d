// psql for the globals, pg_restore for each archive.
#include "source/postgres/load.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "io/child_stream.hpp"
#include "io/file.hpp"
#include "password_file.hpp"
#include "source/postgres/archive_header.hpp"
#include "tools.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::uint64_t globals_size_max = std::uint64_t{64} * 1024 * 1024;
constexpr std::size_t lines_max = 20;
constexpr int jobs_max = 8;

struct Archive {
  std::string path;
  PostgresArchiveHeader header;
};

std::string conninfo_of(std::string_view database) {
  std::string made = "dbname='";
  for (const char c : database) {
    if (c == '\'' || c == '\\') made += '\\';
    made += c;
  }
  return made + "'";
}

// The identifier that `text` begins with, without quotes.
std::string identifier_of(std::string_view text) {
  if (!text.starts_with('"')) return std::string(text.substr(0, text.find_first_of(" ;")));
  std::string made;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      if (at + 1 >= text.size() || text[at + 1] != '"') break;
      ++at;
    }
    made += text[at];
  }
  return made;
}

class Loader {
 public:
  Loader(const wire::PostgresAddress& address, const PostgresLoadOptions& options,
         std::stop_token stop)
      : address_(address), options_(options), stop_(std::move(stop)) {}

  Result<PostgresLoaded> run() {
    TRY(read_archives());
    const auto connection = TRY(wire::PostgresConnection::open(address_, {}, stop_));
    tools_ = TRY(find_tools({.folder = options_.tools,
                             .path = options_.path,
                             .hidden_variables = options_.hidden_variables},
                            tool_major_, stop_));
    TRY(prepare());
    for (const auto& each : archives_) TRY(check_free(*connection, name_of(each)));
    TRY(load_globals(*connection));
    for (const auto& each : archives_) {
      TRY_CONTEXT(load(*connection, each), "database " + each.header.database);
      loaded_.databases.push_back(name_of(each));
    }
    return std::move(loaded_);
  }

 private:
  [[nodiscard]] std::string name_of(const Archive& archive) const {
    return options_.name.empty() ? archive.header.database : options_.name;
  }

  Result<void> read_archives() {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(options_.folder.c_str()),
                                                     ::closedir);
    if (folder == nullptr) return Error::from_errno(errno, "looking into " + options_.folder);
    std::string there;
    while (const dirent* entry = ::readdir(folder.get())) {
      const std::string_view name = entry->d_name;
      if (!name.ends_with(".dump")) continue;
      Archive each{.path = fmt::format("{}/{}", options_.folder, name), .header = {}};
      const auto file = TRY(io::open_file(each.path, O_RDONLY | O_NOFOLLOW));
      base::Bytes bytes(postgres_archive_header_max);
      const auto size = TRY(io::read_some(file.get(), base::MutableByteView(bytes)));
      each.header = TRY(parse_archive_header(base::ByteView(bytes).first(size)));
      there += (there.empty() ? "" : ", ") + each.header.database;
      if (!options_.database.empty() && each.header.database != options_.database) continue;
      tool_major_ = std::max(tool_major_, each.header.tool_major);
      archives_.push_back(std::move(each));
    }
    std::sort(archives_.begin(), archives_.end(),
              [](const Archive& a, const Archive& b) { return a.path < b.path; });
    if (!archives_.empty()) return {};
    return Error(ErrorCode::not_found,
                 options_.database.empty()
                     ? std::string("the snapshot holds no archive of a database")
                     : fmt::format("the snapshot holds no database {}", options_.database))
        .with_hint(there.empty() ? "restore a snapshot of a logical plan" : "it holds: " + there);
  }

  Result<void> prepare() {
    auto settings = TRY(wire::tool_settings(address_));
    variables_ = std::move(settings.variables);
    database_ = settings.database;
    hidden_ = options_.hidden_variables;
    if (settings.password.empty()) return {};
    password_ = TRY(PasswordFile::make(settings.password.view()));
    std::erase_if(variables_,
                  [](const std::string& each) { return each.starts_with("PGPASSFILE="); });
    variables_.push_back("PGPASSFILE=" + password_->path());
    hidden_.emplace_back("PGPASSWORD");
    return {};
  }

  // Whether something can be loaded under this name.
  Result<void> check_free(wire::PostgresConnection& connection, const std::string& name) {
    const auto found =
        TRY(connection.query("SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", {name}));
    if (found.rows.empty()) return {};
    existing_.push_back(name);
    const wire::PostgresAddress there{.url = address_.url,
                                      .host = address_.host,
                                      .port = address_.port,
                                      .user = address_.user,
                                      .database = name,
                                      .tls = address_.tls,
                                      .ca = address_.ca,
                                      .password = address_.password.clone()};
    const auto inside = TRY(wire::PostgresConnection::open(there, {}, stop_));
    const auto content = TRY(inside->query(
        "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid ="
        " c.relnamespace WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"));
    if (TRY(content.cell(0, 0)) == "0") return {};
    return Error(ErrorCode::already_exists,
                 fmt::format("the server has a database {}, and it isn't empty", name))
        .with_hint("give it a new name with --database NAME:NEW, or drop it");
  }

  Result<void> run_tool(std::vector<std::string> arguments, std::string_view input) {
    std::vector<std::string> lines;
    std::uint64_t more = 0;
    io::ChildStreamCommand command;
    command.arguments = std::move(arguments);
    command.hidden_variables = hidden_;
    command.variables = variables_;
    command.variables.emplace_back("LC_ALL=C");
    command.output = io::ChildStreamCommand::Output::logged;
    if (!input.empty()) {
      command.input = io::ChildStreamCommand::Input::text;
      command.input_text = input;
    }
    command.on_line = [&](std::string_view line, io::ChildStreamCommand::Line) {
      // Of roles' statements nothing is repeated: passwords are in them.
      if (line.find("error: ") == std::string_view::npos &&
          line.find("ERROR: ") == std::string_view::npos) {
        return;
      }
      if (lines.size() < lines_max) {
        lines.push_back(base::printable(line));
      } else {
        ++more;
      }
    };
    const auto child = TRY(io::ChildStream::start(std::move(command), stop_));
    const auto status = TRY(child->wait());
    if (status == 0) {
      for (auto& line : lines) loaded_.notes.push_back(std::move(line));
      if (more > 0) loaded_.notes.push_back(fmt::format("{} more lines", more));
      return {};
    }
    return Error(ErrorCode::io, lines.empty() ? fmt::format("it ended with status {}", status)
                                              : fmt::format("{}{}", lines.front(),
                                                            lines.size() > 1 ? " (and more)" : ""))
        .with_hint("what could be loaded is there; drop the database before trying again");
  }

  Result<void> load_globals(wire::PostgresConnection& connection) {
    const auto script = TRY(io::read_file(options_.folder + "/globals.sql", globals_size_max));
    const auto told = TRY(connection.query("SELECT rolname FROM pg_catalog.pg_roles"));
    std::vector<std::string> roles;
    for (const auto& row : told.rows) roles.push_back(row.at(0).value_or(""));
    const auto text = globals_without(base::as_text(script), roles);
    // Without ON_ERROR_STOP: a membership that can't be granted is a note.
    std::vector<std::string> arguments{tools_.folder + "/psql", "-X", "-q", "--no-password"};
    if (!database_.empty()) arguments.push_back("--dbname=" + conninfo_of(database_));
    return run_tool(std::move(arguments), text).with_context("roles");
  }

  Result<void> load(wire::PostgresConnection& connection, const Archive& archive) {
    const auto name = name_of(archive);
    const bool exists = std::find(existing_.begin(), existing_.end(), name) != existing_.end();
    const bool is_renamed = name != archive.header.database;
    if (!exists && is_renamed) {
      TRY(connection.query("CREATE DATABASE " + wire::quote_identifier(name) +
                           " TEMPLATE template0"));
    }
    const bool creates = !exists && !is_renamed;
    const auto processors = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
    std::vector<std::string> arguments{
        tools_.folder + "/pg_restore", "--no-password",
        fmt::format("--jobs={}", std::clamp(processors, 1, jobs_max))};
    if (creates) arguments.emplace_back("--create");
    // Their paths are of the original's machine.
    arguments.emplace_back("--no-tablespaces");
    arguments.push_back("--dbname=" + conninfo_of(creates ? maintenance() : name));
    arguments.push_back(archive.path);
    return run_tool(std::move(arguments), {});
  }

  [[nodiscard]] std::string maintenance() const {
    return database_.empty() ? std::string("postgres") : database_;
  }

  const wire::PostgresAddress& address_;
  const PostgresLoadOptions& options_;
  std::stop_token stop_;
  std::vector<Archive> archives_;
  int tool_major_ = 0;
  PostgresTools tools_;
  std::optional<PasswordFile> password_;
  std::vector<std::string> variables_;
  std::vector<std::string> hidden_;
  std::string database_;  // of the address
  std::vector<std::string> existing_;
  PostgresLoaded loaded_;
};

}  // namespace

std::string globals_without(std::string_view script, const std::vector<std::string>& roles) {
  std::string made;
  while (!script.empty()) {
    const auto end = std::min(script.find('\n'), script.size());
    const auto line = script.substr(0, end);
    script.remove_prefix(std::min(end + 1, script.size()));
    if (line.starts_with("\\")) continue;
    bool is_left_out = line.find(" TABLESPACE ") != std::string_view::npos;
    for (const std::string_view verb : {"CREATE ROLE ", "ALTER ROLE "}) {
      if (!line.starts_with(verb)) continue;
      const auto role = identifier_of(line.substr(verb.size()));
      is_left_out = std::find(roles.begin(), roles.end(), role) != roles.end();
    }
    if (is_left_out) continue;
    made += line;
    made += '\n';
  }
  return made;
}

Result<PostgresLoaded> load_postgres_dumps(const wire::PostgresAddress& address,
                                           const PostgresLoadOptions& options,
                                           std::stop_token stop) {
  return Loader(address, options, std::move(stop)).run();
}

}  // namespace holdfast::source
