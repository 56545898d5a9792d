// From a component's settings to a capture, and back into a directory.
#include "postgres_component.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>

#include "engine/version.hpp"
#include "io/file.hpp"
#include "repository/snapshot_writer.hpp"
#include "source/postgres/capture.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
using strategy::PlanType;

namespace {

// In a data directory that is being restored: which snapshot. Gone at the end.
constexpr std::string_view marker_name = "holdfast_restore_in_progress";
constexpr std::uint64_t marker_size_max = 4096;

std::string absolute(const Workplace& workplace, const std::string& path) {
  if (path.empty()) return path;
  return (std::filesystem::path(workplace.strategy.folder) / path).lexically_normal().string();
}

source::PostgresProgressCall report_to(const ProgressCall& progress) {
  return [&progress](const source::PostgresProgress& so_far) {
    if (!progress) return;
    progress({.items = so_far.files,
              .items_total = 0,
              .bytes = so_far.bytes,
              .bytes_total = so_far.bytes_total,
              .current = std::string(so_far.current)});
  };
}

// Once without `full_because`; again with it where that turned out to be impossible.
using Capture = std::function<Result<source::PostgresCaptureResult>(
    repository::SnapshotWriter&, const std::string& full_because)>;

// `path` tells the snapshots of dumps and of base backups apart.
Result<BackupReport> take(const Workplace& workplace, const CaptureRequest& request,
                          repository::Repository& repository, std::string_view path,
                          const Capture& capture) {
  for (const auto& [key, value] : request.tags) TRY(repository::check_tag(key));
  const auto& environment = repository.environment();
  const auto began = environment.clock.monotonic();
  const auto raw_path = base::as_bytes(path);
  repository::SnapshotOptions options{
      .source = std::string(strategy::component_kind_name(request.component.kind)),
      .host = workplace.host,
      .label = request.component.name,
      .paths = {base::Bytes(raw_path.begin(), raw_path.end())},
      .tags = request.tags,
      .command = "strategy " + workplace.strategy.name,
      .program = program_name_and_version(),
      .started = environment.clock.now(),
      .order = repository::EntryOrder::any,
  };
  auto writer = TRY(repository::SnapshotWriter::begin(repository, options));
  auto captured = TRY(capture(*writer, {}));
  if (!captured.retake_because.empty()) {
    const auto because = std::move(captured.retake_because);
    writer.reset();
    writer = TRY(repository::SnapshotWriter::begin(repository, std::move(options)));
    writer->warn(std::string(path), "a full backup instead of an incremental: " + because);
    captured = TRY(capture(*writer, because));
  }
  BackupReport report;
  auto& counts = report.capture;
  counts.files = captured.files;
  counts.directories = captured.directories;
  counts.others = captured.links;
  counts.added = captured.files + captured.directories + captured.links;
  counts.bytes = captured.bytes;
  counts.bytes_read = captured.bytes_received;
  if (!captured.full_because.empty()) {
    report.notes.push_back("a full instead of an incremental: " + captured.full_because);
  }
  auto statistics = std::move(captured.facts);
  statistics.emplace_back("files", counts.files);
  statistics.emplace_back("directories", counts.directories);
  statistics.emplace_back("others", counts.others);
  statistics.emplace_back("bytes", counts.bytes);
  auto committed = TRY(writer->commit(std::move(statistics)));
  report.snapshot = committed.id;
  report.parent = committed.summary.parent;
  report.bytes_new = committed.totals.bytes_new;
  report.bytes_stored = committed.totals.bytes_stored;
  report.stages = committed.totals.stages;
  report.warnings = writer->warnings();
  report.warning_count = writer->warning_count();
  report.duration_seconds = (environment.clock.monotonic() - began).seconds();
  return report;
}

source::PostgresPhysicalOptions physical_options(const Workplace& workplace,
                                                 const CaptureRequest& request) {
  using Checkpoint = wire::BaseBackupOptions::Checkpoint;
  using Transfer = source::PostgresPhysicalOptions::Transfer;
  base::Bytes random(8);
  workplace.random.fill(random);
  return {
      .transfer = request.type == PlanType::incremental ? Transfer::incremental : Transfer::full,
      .checkpoint = request.component.source.word("checkpoint") == "spread" ? Checkpoint::spread
                                                                            : Checkpoint::fast,
      .label = "holdfast " + request.component.name,
      .slot = "holdfast_" + base::to_hex(random)};
}

// The variables of the environment in which the strategy's secrets lie.
std::vector<std::string> secret_variables(const strategy::Strategy& strategy) {
  std::vector<std::string> names{"BACKUP_ENCRYPTION_KEY"};
  const auto add = [&](const strategy::SecretReference& reference) {
    if (reference.kind == strategy::SecretReference::Kind::env) names.push_back(reference.name);
  };
  add(strategy.encryption.key);
  add(strategy.encryption.write_key);
  add(strategy.encryption.read_key);
  for (const auto& location : strategy.locations) add(location.credentials);
  for (const auto& component : strategy.components) {
    for (const auto& [key, reference] : component.source.secrets) add(reference);
  }
  return names;
}

source::PostgresDumpOptions dump_options(const Workplace& workplace,
                                         const CaptureRequest& request) {
  using Databases = source::PostgresDumpOptions::Databases;
  using Content = source::PostgresDumpOptions::Content;
  const auto& source = request.component.source;
  source::PostgresDumpOptions options;
  options.names = source.list("databases");
  if (options.names == std::vector<std::string>{"all"}) {
    options.databases = Databases::all;
    options.names.clear();
  }
  options.schemas = source.list("schemas");
  options.tables = source.list("tables");
  options.content = request.content == "schema" ? Content::schema
                    : request.content == "data" ? Content::data
                                                : Content::all;
  options.tools = absolute(workplace, source.word("tools"));
  options.path = workplace.environment("PATH").value_or("");
  options.hidden_variables = secret_variables(workplace.strategy);
  return options;
}

// A base backup, laid over the snapshot before it where that was asked for and can be.
Result<source::PostgresCaptureResult> take_base(const wire::PostgresAddress& address,
                                                source::PostgresPhysicalOptions options,
                                                const std::string& full_because,
                                                repository::SnapshotWriter& writer,
                                                const source::PostgresProgressCall& report,
                                                const std::stop_token& stop) {
  if (!full_because.empty()) {
    options.transfer = source::PostgresPhysicalOptions::Transfer::full;
  } else if (writer.parent() != nullptr) {
    options.parent = source::PostgresParent{.nodes = &writer.parent_nodes(),
                                            .root = writer.parent()->summary.root};
  }
  auto made = TRY(source::capture_postgres_physical(address, options, writer, report, stop));
  if (!full_because.empty()) made.full_because = full_because;
  return made;
}

}  // namespace

Result<wire::PostgresAddress> postgres_address(const Workplace& workplace,
                                               const strategy::Component& component) {
  const auto& source = component.source;
  if (source.word("url").empty() && source.word("host").empty()) {
    return Error(ErrorCode::unsupported,
                 fmt::format("component {} names a container only", component.name))
        .with_hint("give url: postgresql://user@host:port/database, as it is reached from here");
  }
  wire::PostgresAddress address{.url = source.word("url"),
                                .host = source.word("host"),
                                .port = source.word("port"),
                                .user = source.word("user"),
                                .database = source.word("database"),
                                .tls = source.word("tls"),
                                .ca = absolute(workplace, source.word("ca")),
                                .password = {}};
  const auto password = source.secrets.find("password");
  if (password != source.secrets.end() && password->second.is_set()) {
    address.password = TRY_CONTEXT(workplace.secret(password->second),
                                   fmt::format("the password of {}", component.name));
  }
  return address;
}

Result<BackupReport> capture_postgres_component(const Workplace& workplace,
                                                const CaptureRequest& request,
                                                repository::Repository& repository,
                                                const ProgressCall& progress,
                                                std::stop_token stop) {
  if (request.type == PlanType::log) {
    return Error(ErrorCode::unsupported,
                 fmt::format("{} plans of postgres can't be carried out yet",
                             strategy::plan_type_name(request.type)))
        .with_hint("logical, physical and incremental ones can");
  }
  const auto address = TRY(postgres_address(workplace, request.component));
  const auto report = report_to(progress);
  if (request.type == PlanType::logical) {
    const auto options = dump_options(workplace, request);
    return take(workplace, request, repository, source::postgres_dumps_path,
                [&](repository::SnapshotWriter& writer, const std::string&) {
                  return source::capture_postgres_dumps(address, options, writer, report, stop);
                });
  }
  const auto options = physical_options(workplace, request);
  return take(workplace, request, repository, source::postgres_data_path,
              [&](repository::SnapshotWriter& writer, const std::string& full_because) {
                return take_base(address, options, full_because, writer, report, stop);
              });
}

namespace {

namespace fs = std::filesystem;

// What a directory holds, without "." and ".."; nothing if it doesn't exist.
Result<std::vector<std::string>> names_in(const std::string& folder) {
  std::vector<std::string> names;
  DIR* opened = ::opendir(folder.c_str());
  if (opened == nullptr) {
    if (errno == ENOENT) return names;
    return Error::from_errno(errno, "looking into " + folder);
  }
  while (const dirent* each = ::readdir(opened)) {
    const std::string name = each->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(opened);
  return names;
}

// Whether the target may be written: it is empty, or an interrupted restore of this snapshot.
Result<void> check_target(const std::string& target, const std::string& snapshot) {
  if (TRY(names_in(target)).empty()) return {};
  const auto marker = io::read_file(target + "/" + std::string(marker_name), marker_size_max);
  if (marker.ok() && base::as_text(marker.value()) == snapshot) return {};
  return Error(ErrorCode::already_exists, fmt::format("{} is not empty", target))
      .with_hint(
          "a data directory must not be mixed with another: stop its server, and move or "
          "empty it, or name another place");
}

Result<void> write_marker(const std::string& target, const std::string& snapshot) {
  std::error_code error;
  fs::create_directories(target, error);
  if (error) return Error::from_errno(error.value(), "making " + target);
  const auto file = TRY(
      io::open_file(target + "/" + std::string(marker_name), O_WRONLY | O_CREAT | O_TRUNC, 0600));
  return io::write_all(file.get(), base::as_bytes(snapshot));
}

Error link_error(const std::string& path) {
  return Error::from_errno(errno, "linking the tablespace " + path);
}

// pg_tblspc/OID -> TABLESPACES/OID, absolute; owned as before.
Result<void> link_tablespaces(const std::string& target, const std::string& tablespaces) {
  const auto folder = target + "/pg_tblspc";
  const auto names = TRY(names_in(folder));
  for (const auto& name : names) {
    const auto path = folder + "/" + name;
    const auto made = path + ".holdfast";
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) return link_error(path);
    if (!S_ISLNK(status.st_mode)) continue;
    ::unlink(made.c_str());
    if (::symlink((tablespaces + "/" + name).c_str(), made.c_str()) != 0) return link_error(path);
    // Without root it is ours anyhow.
    static_cast<void>(::lchown(made.c_str(), status.st_uid, status.st_gid) == 0);
    if (::rename(made.c_str(), path.c_str()) != 0) return link_error(path);
  }
  return io::sync_directory(folder);
}

void add(source::FilesRestoreReport& to, source::FilesRestoreReport from) {
  to.totals.files += from.totals.files;
  to.totals.directories += from.totals.directories;
  to.totals.others += from.totals.others;
  to.totals.unchanged += from.totals.unchanged;
  to.totals.bytes += from.totals.bytes;
  to.totals.bytes_written += from.totals.bytes_written;
  to.totals.failures += from.totals.failures;
  to.damaged = to.damaged || from.damaged;
  for (auto& each : from.failures) to.failures.push_back(std::move(each));
  for (auto& each : from.notes) {
    if (std::find(to.notes.begin(), to.notes.end(), each) == to.notes.end()) {
      to.notes.push_back(std::move(each));
    }
  }
}

}  // namespace

Result<RestoreReport> restore_postgres_component(repository::Repository& repository,
                                                 std::string_view snapshot,
                                                 const source::FilesRestoreOptions& files,
                                                 const ProgressCall& progress, std::stop_token stop,
                                                 const PostgresCompletion& complete) {
  const auto list = TRY(repository::list_snapshots(repository));
  const auto record = TRY(repository::choose_snapshot(list, snapshot));
  const auto data_path = base::as_bytes(source::postgres_data_path);
  const bool is_physical = record.summary.paths == std::vector<base::Bytes>{base::Bytes(
                                                       data_path.begin(), data_path.end())};
  if (!is_physical) return restore(repository, snapshot, files, progress, std::move(stop));

  const bool is_real = files.run == source::FilesRestoreOptions::Run::real;
  const auto id = base::to_hex(record.id);
  auto options = files;
  options.target = fs::path(files.target).lexically_normal().string();
  while (options.target.size() > 1 && options.target.ends_with('/')) options.target.pop_back();
  const auto target = options.target;
  if (is_real) {
    TRY(check_target(target, id));
    TRY(write_marker(target, id));
  }
  options.path = source::postgres_data_path;
  auto report = TRY(restore(repository, snapshot, options, progress, stop));

  options.target = target + ".tablespaces";
  options.path = source::postgres_tablespaces_path;
  auto tablespaces = restore(repository, snapshot, options, progress, stop);
  if (tablespaces.ok()) {
    if (is_real) TRY(link_tablespaces(target, options.target));
    report.duration_seconds += tablespaces.value().duration_seconds;
    add(report.files, std::move(tablespaces).value().files);
  } else if (tablespaces.error().code() != ErrorCode::not_found) {
    return std::move(tablespaces).error();
  }
  const bool is_whole = !report.files.damaged && report.files.totals.failures == 0;
  if (is_real && is_whole) {
    if (complete) TRY(complete(target));
    TRY(io::sync_directory(target));
    if (::unlink((target + "/" + std::string(marker_name)).c_str()) != 0) {
      return Error::from_errno(errno, "removing the marker of the restore in " + target);
    }
  }
  return report;
}

}  // namespace holdfast::engine
