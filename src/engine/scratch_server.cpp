// Settings, start, superuser.
#include "scratch_server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "base/bytes.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr const char* log_name = "server.log";
constexpr auto poll_interval = base::milliseconds(20);
constexpr auto shut_down_timeout = base::minutes(30);
constexpr std::uint64_t small_file_max = 65536;
constexpr int first_with_in_place_tablespaces = 15;
constexpr int first_with_event_trigger_switch = 17;
constexpr int first_with_io_method = 18;

// Nothing of it may act outside of its folder, and what it keeps isn't kept for long.
constexpr std::array fixed_settings{
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "external_pid_file=",
    "ssl=off",
    "archive_mode=off",
    "primary_conninfo=",
    "synchronous_standby_names=",
    "max_logical_replication_workers=0",
    "shared_preload_libraries=",
    "session_preload_libraries=",
    "local_preload_libraries=",
    // Without it the settings of the original needn't be known to recover.
    "hot_standby=off",
    "recovery_target_action=promote",
    "max_prepared_transactions=1000",
    "max_connections=40",
    "max_wal_senders=4",
    "shared_buffers=128MB",
    "huge_pages=off",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "autovacuum=off",
    "jit=off",
    "logging_collector=off",
    "log_destination=stderr",
    "log_statement=none",
    "log_min_duration_statement=-1",
    "log_min_error_statement=panic",
    "log_checkpoints=off",
    "log_line_prefix=",
    "lc_messages=C",
};

// Of a connection: these win over settings of roles and databases.
constexpr const char* nothing_preloaded =
    "-c session_preload_libraries= -c local_preload_libraries=";

void pause() {
  timespec t{.tv_sec = 0, .tv_nsec = poll_interval.nanoseconds};
  ::nanosleep(&t, nullptr);
}

Result<int> major_of(const std::string& data) {
  const auto bytes = io::read_file(data + "/PG_VERSION", small_file_max);
  if (!bytes.ok()) {
    return Error(ErrorCode::damaged, "there is no PG_VERSION: this is no data directory");
  }
  const auto text = base::as_text(bytes.value());
  int major = 0;
  std::from_chars(text.data(), text.data() + text.size(), major);
  return major;
}

// The eighth line of postmaster.pid: "starting", "ready", …; empty while there is none.
std::string status_in(const std::string& data) {
  const auto bytes = io::read_file(data + "/postmaster.pid", small_file_max);
  if (!bytes.ok()) return {};
  auto text = base::as_text(bytes.value());
  constexpr int lines_before = 7;
  for (int i = 0; i < lines_before; ++i) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  while (text.ends_with(' ')) text.remove_suffix(1);
  return std::string(text);
}

Result<void> remove_if_there(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return Error::from_errno(errno, "removing " + path);
}

std::string percent_encoded(std::string_view text) {
  std::string made;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (is_plain) {
      made += c;
    } else {
      made += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return made;
}

bool holds_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) {
    return text.find(part) != std::string_view::npos;
  });
}

}  // namespace

std::vector<std::string> scratch_variables() {
  return {"PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=/nonexistent", "PGTZ=UTC"};
}

ErrorCode judge_trouble(std::string_view text, ErrorCode otherwise) {
  if (holds_any(text, {"No space left on device"})) return ErrorCode::no_space;
  // Libraries, extensions, locales, memory, and programs of another build.
  const bool is_of_machine = holds_any(
      text, {"could not open extension control file", "is not available", "could not access file",
             "could not load library", "locale is incompatible", "invalid locale name",
             "is not supported by this build", "could not map anonymous shared memory",
             "could not create shared memory", "database files are incompatible with server",
             "Too many open files", "unrecognized configuration parameter"});
  return is_of_machine ? ErrorCode::unsupported : otherwise;
}

Result<std::unique_ptr<ScratchServer>> ScratchServer::start(const ScratchPlace& place,
                                                            ScratchServerOptions options,
                                                            const std::stop_token& stop) {
  std::unique_ptr<ScratchServer> made(new ScratchServer(place, std::move(options)));
  TRY(made->launch());
  TRY(made->wait_until_ready(stop));
  return made;
}

ScratchServer::~ScratchServer() = default;

Result<void> ScratchServer::launch() {
  const int major = TRY(major_of(data()));
  for (const char* each : {"/standby.signal", "/postmaster.pid"}) {
    TRY(remove_if_there(data() + each));
  }
  if (::chmod(data().c_str(), S_IRWXU) != 0) return Error::from_errno(errno, "closing " + data());
  TRY(write_in_place(place_, "postgresql.conf", "# all of it is in the arguments\n"));
  TRY(write_in_place(place_, "hba.conf", "local all all trust\n"));
  TRY(write_in_place(place_, "ident.conf", ""));
  TRY(write_in_place(place_, log_name, ""));
  TRY(make_folder_in_place(place_, "socket"));
  folder_ = TRY(io::open_file(place_.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));

  ScratchCommand command{
      .arguments = {options_.programs + "/postgres", "-D", fmt::format("{}/data", scratch_folder)},
      .variables = scratch_variables(),
      .folder = place_.path,
      .output = log_name,
      .user = place_.user,
      .surroundings = options_.surroundings};
  const auto set = [&](std::string setting) {
    command.arguments.emplace_back("-c");
    command.arguments.push_back(std::move(setting));
  };
  set(fmt::format("config_file={}/postgresql.conf", scratch_folder));
  set(fmt::format("hba_file={}/hba.conf", scratch_folder));
  set(fmt::format("ident_file={}/ident.conf", scratch_folder));
  set(fmt::format("unix_socket_directories={}/socket", scratch_folder));
  for (const char* each : fixed_settings) set(each);
  if (major >= first_with_in_place_tablespaces) set("allow_in_place_tablespaces=on");
  if (major >= first_with_event_trigger_switch) set("event_triggers=off");
  if (major >= first_with_io_method) set("io_method=worker");
  for (const auto& each : options_.settings) set(each);
  const base::SystemClock clock;
  const auto began = clock.monotonic();
  process_ = TRY(ScratchProcess::start(command));
  TRY(remember_process(place_.path, process_->pid()));
  timings_.start = clock.monotonic() - began;
  return {};
}

Error ScratchServer::ended() const {
  auto said = trouble_in(place_.path + "/" + log_name);
  const auto code = judge_trouble(said, ErrorCode::damaged);
  return {code, "the scratch server ended: " + std::move(said)};
}

Result<void> ScratchServer::wait_until_ready(const std::stop_token& stop) {
  const base::SystemClock clock;
  const auto began = clock.monotonic();
  bool has_begun = false;
  base::Duration begun_after;
  while (true) {
    const auto status = status_in(data());
    const auto passed = clock.monotonic() - began;
    if (!has_begun && !status.empty()) {
      has_begun = true;
      timings_.start = timings_.start + passed;
      begun_after = passed;
    }
    if (status == "ready") {
      timings_.replay = passed - begun_after;
      return {};
    }
    if (!runs()) return ended();
    if (stop.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
    if (passed >= options_.start_timeout) {
      return Error(ErrorCode::unavailable, "the scratch server takes too long to recover");
    }
    pause();
  }
}

Result<std::unique_ptr<wire::PostgresConnection>> ScratchServer::open(const std::string& role,
                                                                      const std::string& database,
                                                                      const std::stop_token& stop) {
  return wire::PostgresConnection::open(
      {.url = "postgresql:///?options=" + percent_encoded(nothing_preloaded),
       .host = fmt::format("/proc/self/fd/{}/socket", folder_.get()),
       .port = "5432",
       .user = role,
       .database = database,
       .tls = {},
       .ca = {},
       .password = {}},
      {}, stop);
}

// With any role that can log in: it tells who the superuser is that initdb made.
Result<void> ScratchServer::find_superuser(const std::stop_token& stop) {
  auto roles = options_.roles;
  roles.emplace_back("postgres");
  if (place_.user) roles.push_back(place_.user->name);
  std::optional<Error> first;
  for (const auto& role : roles) {
    for (const char* database : {"postgres", "template1"}) {
      auto opened = open(role, database, stop);
      if (!opened.ok()) {
        if (opened.error().code() == ErrorCode::cancelled) return std::move(opened).error();
        if (!first) first = std::move(opened).error();
        continue;
      }
      const auto told =
          TRY(opened.value()->query("SELECT rolname FROM pg_catalog.pg_roles WHERE oid = 10"));
      superuser_ = TRY(told.cell(0, 0));
      return {};
    }
  }
  if (!runs()) return ended();
  return Error(ErrorCode::unsupported, "no role of the restored cluster is known: " +
                                           (first ? first->message() : std::string()))
      .with_hint("the component's URL names a user: one that the cluster has helps");
}

Result<std::unique_ptr<wire::PostgresConnection>> ScratchServer::connect(
    const std::string& database, const std::stop_token& stop) {
  if (superuser_.empty()) TRY(find_superuser(stop));
  return open(superuser_, database, stop);
}

Result<std::optional<std::string>> ScratchServer::last_replayed(const std::stop_token& stop) {
  const auto connection = TRY(connect("template1", stop));
  const auto told = TRY(connection->query("SELECT pg_catalog.pg_last_xact_replay_timestamp()"));
  return told.rows.empty() ? std::optional<std::string>() : told.rows[0].at(0);
}

std::string ScratchServer::url(const std::string& database) const {
  // Through the descriptor of the server's: the path itself may be too long for a socket.
  const auto socket = fmt::format("/proc/{}/fd/{}/socket", process_->pid(), scratch_descriptor);
  return fmt::format("postgresql://{}@/{}?host={}&port=5432&options={}",
                     percent_encoded(superuser_), percent_encoded(database),
                     percent_encoded(socket), percent_encoded(nothing_preloaded));
}

std::vector<std::string> ScratchServer::client_variables() const {
  auto variables = scratch_variables();
  variables.push_back(fmt::format("PGHOST={}/socket", scratch_folder));
  variables.emplace_back("PGPORT=5432");
  variables.push_back("PGUSER=" + superuser_);
  variables.emplace_back(fmt::format("PGOPTIONS={} -c statement_timeout=0", nothing_preloaded));
  return variables;
}

Result<void> ScratchServer::shut_down(const std::stop_token& stop) {
  process_->signal(SIGINT);
  const int status = TRY_CONTEXT(process_->wait(shut_down_timeout, stop), "shutting down");
  if (status == 0) return {};
  return ended();
}

}  // namespace holdfast::engine
