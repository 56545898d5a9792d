// From files to databases.
#include "postgres_load.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "folder_tree.hpp"
#include "globals_script.hpp"
#include "source/postgres/archive_header.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr const char* dumps_folder = "dumps";
constexpr const char* log_name = "load.log";
constexpr std::uint64_t globals_size_max = std::uint64_t{64} * 1024 * 1024;
constexpr auto step_timeout = base::hours(24);
constexpr int jobs_max = 4;

struct Archive {
  std::string file;  // relative to the place
  source::PostgresArchiveHeader header;
};

class Loader {
 public:
  Loader(const ScratchPlace& place, const PostgresProgramPlaces& programs,
         const std::stop_token& stop)
      : place_(place), programs_(programs), stop_(stop) {}

  Result<LoadedDumps> run() {
    const base::SystemClock clock;
    const auto began = clock.monotonic();
    TRY(read_archives());
    TRY(find_programs());
    TRY(make_cluster());
    LoadedDumps loaded;
    loaded.server = TRY(ScratchServer::start(
        place_, {.programs = server_, .settings = {"max_wal_size=8GB"}, .roles = {superuser_}},
        stop_));
    // One of its databases may be called so.
    TRY(drop_postgres(*loaded.server));
    loaded.start = clock.monotonic() - began;
    TRY(run_client(*loaded.server,
                   {clients_ + "/psql", "-X", "-q", "--no-password", "-d", "template1", "-v",
                    "ON_ERROR_STOP=1", "-f", fmt::format("{}/globals.sql", scratch_folder)}));
    for (const auto& each : archives_) {
      TRY_CONTEXT(load(*loaded.server, each), "database " + each.header.database);
      loaded.databases.push_back(each.header.database);
    }
    loaded.replay = clock.monotonic() - began - loaded.start;
    return loaded;
  }

 private:
  Result<void> read_archives() {
    const auto names = TRY(names_in(place_.path + "/" + dumps_folder));
    for (const auto& name : names) {
      if (!name.ends_with(".dump")) continue;
      Archive each{.file = fmt::format("{}/{}", dumps_folder, name), .header = {}};
      const auto file = TRY(io::open_file(place_.path + "/" + each.file, O_RDONLY | O_NOFOLLOW));
      base::Bytes bytes(source::postgres_archive_header_max);
      const auto size = TRY(io::read_some(file.get(), base::MutableByteView(bytes)));
      each.header = TRY_CONTEXT(source::parse_archive_header(base::ByteView(bytes).first(size)),
                                base::printable(name));
      major_ = std::max({major_, each.header.server_major, each.header.tool_major});
      archives_.push_back(std::move(each));
    }
    if (!archives_.empty()) return {};
    return Error(ErrorCode::damaged, "the snapshot holds no archive of a database");
  }

  Result<void> find_programs() {
    const auto server = TRY(find_server_from(programs_, major_, stop_));
    server_ = server.folder;
    clients_ = TRY(find_clients(programs_, major_, stop_));
    return {};
  }

  ScratchCommand command(std::vector<std::string> arguments,
                         std::vector<std::string> variables) const {
    return {.arguments = std::move(arguments),
            .variables = std::move(variables),
            .folder = place_.path,
            .output = log_name,
            .user = place_.user};
  }

  Result<void> run_step(const ScratchCommand& step) const {
    // Of each step's own: what the last one said isn't what is wrong with this one.
    TRY(write_in_place(place_, log_name, ""));
    const auto ran = run_scratch(step, step_timeout, stop_);
    if (ran.ok() || ran.error().code() != ErrorCode::io) return ran;
    return Error(judge_trouble(ran.error().message(), ErrorCode::damaged), ran.error().message());
  }

  Result<void> run_client(const ScratchServer& server, std::vector<std::string> arguments) const {
    return run_step(command(std::move(arguments), server.client_variables()));
  }

  Result<void> make_cluster() {
    const auto bytes = TRY(io::read_file(
        fmt::format("{}/{}/globals.sql", place_.path, dumps_folder), globals_size_max));
    auto globals = prepare_globals(base::as_text(bytes));
    superuser_ = globals.superuser;
    TRY(write_in_place(place_, "globals.sql", globals.text));
    return run_step(
        command({server_ + "/initdb", "-D", fmt::format("{}/data", scratch_folder), "-U",
                 superuser_, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"},
                scratch_variables()));
  }

  Result<void> drop_postgres(ScratchServer& server) const {
    const bool is_dumped = std::any_of(archives_.begin(), archives_.end(), [](const Archive& each) {
      return each.header.database == "postgres";
    });
    const auto connection = TRY(server.connect("template1", stop_));
    if (is_dumped) TRY(connection->query("DROP DATABASE postgres"));
    return {};
  }

  Result<void> load(const ScratchServer& server, const Archive& archive) const {
    const auto processors = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
    return run_client(server, {clients_ + "/pg_restore", "--create", "--exit-on-error",
                               "--no-password", "--dbname=template1",
                               fmt::format("--jobs={}", std::clamp(processors, 1, jobs_max)),
                               fmt::format("{}/{}", scratch_folder, archive.file)});
  }

  const ScratchPlace& place_;
  const PostgresProgramPlaces& programs_;
  const std::stop_token& stop_;
  std::vector<Archive> archives_;
  int major_ = 0;
  std::string server_;
  std::string clients_;
  std::string superuser_;
};

}  // namespace

Result<LoadedDumps> load_dumps(const ScratchPlace& place, const PostgresProgramPlaces& programs,
                               const std::stop_token& stop) {
  return Loader(place, programs, stop).run();
}

}  // namespace holdfast::engine
