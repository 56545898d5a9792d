// Archives of pg_dump, streamed into the sink as they are written.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "base/clock.hpp"
#include "dump_name.hpp"
#include "io/child_stream.hpp"
#include "password_file.hpp"
#include "repository/path_key.hpp"
#include "source/files/posix_attributes.hpp"
#include "source/postgres/capture.hpp"
#include "tools.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::uint32_t dump_mode = 0600;
// Of what a tool says; more is counted.
constexpr std::size_t lines_max = 100;
// A dump's size isn't known: it is streamed, never bundled.
constexpr std::uint64_t expected_dump_size = std::uint64_t{1} << 40;
constexpr std::uint64_t progress_step = std::uint64_t{4} * 1024 * 1024;

// A database as libpq's connection strings name it, whatever its name holds.
std::string conninfo_of(std::string_view database) {
  std::string made = "dbname='";
  for (const char c : database) {
    if (c == '\'' || c == '\\') made += '\\';
    made += c;
  }
  return made + "'";
}

// What a tool said on standard error.
struct Said {
  std::vector<std::string> lines;
  std::uint64_t more = 0;

  void add(std::string_view line) {
    if (line.empty()) return;
    if (lines.size() < lines_max) {
      lines.push_back(base::printable(line));
    } else {
      ++more;
    }
  }
  // What went wrong, if a line says so.
  [[nodiscard]] std::optional<std::string> trouble() const {
    const auto found = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
      return line.find("error: ") != std::string::npos;
    });
    if (found == lines.end()) return std::nullopt;
    return *found;
  }
};

Error tool_error(const Error& ended, const Said& said) {
  const auto trouble = said.trouble();
  if (!trouble || ended.code() != ErrorCode::io) return ended;
  if (trouble->find("permission denied") != std::string::npos) {
    return Error(ErrorCode::permission_denied, *trouble)
        .with_hint("the role must be able to read all that is dumped: GRANT pg_read_all_data TO …");
  }
  return {ErrorCode::io, *trouble};
}

class DumpCapture {
 public:
  DumpCapture(const PostgresDumpOptions& options, repository::EntrySink& sink,
              const PostgresProgressCall& progress, std::stop_token stop)
      : options_(options), sink_(sink), progress_(progress), stop_(std::move(stop)) {}

  Result<PostgresCaptureResult> run(const wire::PostgresAddress& address);

 private:
  struct Database {
    std::string name;
    std::uint64_t bytes = 0;  // the server's own estimate
  };
  Result<std::vector<Database>> databases(wire::PostgresConnection& connection) const;
  Result<void> prepare(const wire::PostgresAddress& address);
  Result<void> dump_database(const Database& database);
  Result<void> dump_globals(const std::string& database, bool with_passwords);
  Result<void> store(const std::string& name, std::vector<std::string> arguments);
  void report(std::string_view current);

  const PostgresDumpOptions& options_;
  repository::EntrySink& sink_;
  const PostgresProgressCall& progress_;
  std::stop_token stop_;
  PostgresTools tools_;
  std::optional<PasswordFile> password_;
  std::vector<std::string> variables_;
  std::vector<std::string> hidden_;
  PostgresCaptureResult result_;
  std::uint64_t bytes_total_ = 0;
  std::uint64_t reported_ = 0;
};

Result<std::vector<DumpCapture::Database>> DumpCapture::databases(
    wire::PostgresConnection& connection) const {
  // The size of a database that we may not connect to isn't told.
  const std::string columns =
      "SELECT datname, CASE WHEN has_database_privilege(oid, 'CONNECT') "
      "THEN pg_database_size(oid) ELSE 0 END FROM pg_database ";
  std::vector<Database> made;
  const auto add = [&](const wire::PostgresTable& table) -> Result<void> {
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      Database each{.name = TRY(table.cell(row, 0))};
      const auto size = TRY(table.cell(row, 1));
      // An estimate for progress: zero does if it can't be read.
      std::from_chars(size.data(), size.data() + size.size(), each.bytes);
      made.push_back(std::move(each));
    }
    return {};
  };
  if (options_.databases == PostgresDumpOptions::Databases::all) {
    TRY(add(TRY(connection.query(columns + "WHERE datallowconn AND NOT datistemplate "
                                           "AND datconnlimit <> -2 ORDER BY datname"))));
    return made;
  }
  if (options_.names.empty()) {
    TRY(add(TRY(connection.query(columns + "WHERE datname = current_database()"))));
    return made;
  }
  for (const auto& name : options_.names) {
    const auto before = made.size();
    TRY(add(TRY(connection.query(columns + "WHERE datname = $1", {name}))));
    if (made.size() > before) continue;
    return Error(ErrorCode::not_found, "the server has no database '" + name + "'")
        .with_hint("`databases` of the component names those that are dumped");
  }
  return made;
}

Result<void> DumpCapture::prepare(const wire::PostgresAddress& address) {
  auto settings = TRY(wire::tool_settings(address));
  variables_ = std::move(settings.variables);
  hidden_ = options_.hidden_variables;
  if (settings.password.empty()) return {};
  password_ = TRY(PasswordFile::make(settings.password.view()));
  std::erase_if(variables_,
                [](const std::string& each) { return each.starts_with("PGPASSFILE="); });
  variables_.push_back("PGPASSFILE=" + password_->path());
  // It would win over the file.
  hidden_.emplace_back("PGPASSWORD");
  return {};
}

void DumpCapture::report(std::string_view current) {
  if (!progress_) return;
  reported_ = result_.bytes;
  progress_({.files = result_.files,
             .bytes = result_.bytes,
             .bytes_total = std::max(bytes_total_, result_.bytes),
             .current = current});
}

// Runs a tool and stores what it writes as the file `name`.
Result<void> DumpCapture::store(const std::string& name, std::vector<std::string> arguments) {
  Said said;
  io::ChildStreamCommand command;
  command.arguments = std::move(arguments);
  command.hidden_variables = hidden_;
  command.variables = variables_;
  command.on_line = [&said](std::string_view line, io::ChildStreamCommand::Line) {
    said.add(line);
  };
  const auto child = TRY(io::ChildStream::start(std::move(command), stop_));
  repository::Entry entry;
  entry.key = TRY(repository::key_of_path("/" + name));
  entry.attributes = encode_attributes({.mode = dump_mode,
                                        .uid = ::geteuid(),
                                        .gid = ::getegid(),
                                        .mtime = base::SystemClock().now().nanoseconds});
  TRY(sink_.begin_content(expected_dump_size));
  const auto copy = [&]() -> Result<void> {
    while (true) {
      const auto size = TRY(child->read(TRY(sink_.buffer())));
      if (size == 0) break;
      TRY(sink_.filled(size));
      result_.bytes += size;
      result_.bytes_received += size;
      if (result_.bytes - reported_ >= progress_step) report(name);
    }
    return child->finish();
  };
  const auto copied = copy();
  if (!copied.ok()) {
    sink_.abandon_content();
    return tool_error(copied.error(), said).with_context(name);
  }
  TRY(sink_.end_content(std::move(entry)));
  ++result_.files;
  for (const auto& line : said.lines) sink_.warn("/" + name, line);
  if (said.more > 0) sink_.warn("/" + name, fmt::format("{} more lines", said.more));
  report(name);
  return {};
}

Result<void> DumpCapture::dump_database(const Database& database) {
  std::vector<std::string> arguments{tools_.folder + "/pg_dump", "--format=custom", "--compress=0",
                                     "--no-password", "--dbname=" + conninfo_of(database.name)};
  using Content = PostgresDumpOptions::Content;
  if (options_.content == Content::schema) arguments.emplace_back("--schema-only");
  if (options_.content == Content::data) arguments.emplace_back("--data-only");
  for (const auto& each : options_.schemas) arguments.push_back("--schema=" + each);
  for (const auto& each : options_.tables) arguments.push_back("--table=" + each);
  return store(postgres_dump_name(database.name), std::move(arguments));
}

Result<void> DumpCapture::dump_globals(const std::string& database, bool with_passwords) {
  std::vector<std::string> arguments{tools_.folder + "/pg_dumpall", "--globals-only",
                                     "--no-password", "--database=" + conninfo_of(database)};
  if (!with_passwords) arguments.emplace_back("--no-role-passwords");
  TRY(store("globals.sql", std::move(arguments)));
  if (!with_passwords && options_.databases == PostgresDumpOptions::Databases::all) {
    sink_.warn("/globals.sql",
               "the passwords of roles are not in it: our role may not read them (pg_authid)");
  }
  return {};
}

Result<PostgresCaptureResult> DumpCapture::run(const wire::PostgresAddress& address) {
  std::vector<Database> all;
  std::string current;
  bool reads_passwords = false;
  std::uint64_t version = 0;
  {
    const auto connection = TRY(wire::PostgresConnection::open(address, {}, stop_));
    version = static_cast<std::uint64_t>(connection->server_version());
    tools_ = TRY(find_tools({.folder = options_.tools,
                             .path = options_.path,
                             .hidden_variables = options_.hidden_variables},
                            connection->server_major(), stop_));
    all = TRY(databases(*connection));
    const auto about = TRY(connection->query(
        "SELECT current_database(), has_table_privilege('pg_catalog.pg_authid', 'SELECT')"));
    current = TRY(about.cell(0, 0));
    reads_passwords = TRY(about.cell(0, 1)) == "t";
  }
  if (all.empty()) return Error(ErrorCode::not_found, "the server has no database to dump");
  for (const auto& each : all) bytes_total_ += each.bytes;
  TRY(prepare(address));
  TRY(dump_globals(current, reads_passwords));
  for (const auto& each : all) TRY(dump_database(each));
  result_.facts = {{"databases", all.size()},
                   {"server_version", version},
                   {"tool_version", static_cast<std::uint64_t>(tools_.major)}};
  return std::move(result_);
}

}  // namespace

Result<PostgresCaptureResult> capture_postgres_dumps(const wire::PostgresAddress& address,
                                                     const PostgresDumpOptions& options,
                                                     repository::EntrySink& sink,
                                                     const PostgresProgressCall& progress,
                                                     std::stop_token stop) {
  return DumpCapture(options, sink, progress, std::move(stop)).run(address);
}

}  // namespace holdfast::source
