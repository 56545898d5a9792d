// A command's surroundings, and its two directions.
#include "command_component.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "base/units.hpp"
#include "engine/content_stream.hpp"
#include "engine/snapshot_tree.hpp"
#include "repository/repository_reader.hpp"
#include "run_log.hpp"
#include "secret_variables.hpp"
#include "snapshot_taking.hpp"
#include "source/command/capture.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// Shorter than a session's life: a run that is silent for longer could not commit.
constexpr base::Duration stall_default = base::minutes(30);

struct Surroundings {
  const Workplace& workplace;
  const strategy::Component& component;
  std::string run;
  base::Duration stall;
};

// As the strategy says it, with standard error into the run's log.
Result<io::ChildStreamCommand> command_for(const Surroundings& around, const std::string& line,
                                           RunLog& log) {
  const auto& source = around.component.source;
  const auto& strategy = around.workplace.strategy;
  auto command = io::shell_stream(line);
  command.hidden_variables = secret_variables(strategy);
  command.variables = {"HOLDFAST_COMPONENT=" + around.component.name, "HOLDFAST_RUN=" + around.run,
                       "HOLDFAST_ENVIRONMENT=" + strategy.environment};
  command.working_directory =
      (std::filesystem::path(strategy.folder) / source.word("folder")).lexically_normal().string();
  if (const auto& timeout = source.word("timeout"); !timeout.empty()) {
    command.timeout = TRY(base::parse_duration(timeout).with_context("timeout"));
  }
  command.stall = around.stall.nanoseconds > 0 ? around.stall : stall_default;
  command.on_line = [&log](std::string_view text, io::ChildStreamCommand::Line kind) {
    if (kind == io::ChildStreamCommand::Line::whole) log.add(text);
  };
  return command;
}

// The snapshot's only file.
Result<PlacedEntry> only_file(const SnapshotTree& tree) {
  std::optional<PlacedEntry> found;
  std::uint64_t count = 0;
  TRY(tree.list("/", [&](const std::string&, const PlacedEntry& entry) -> Result<void> {
    ++count;
    found = entry;
    return {};
  }));
  if (count == 1 && found->kind == repository::EntryKind::file) return std::move(*found);
  return Error(ErrorCode::damaged, "the snapshot doesn't hold one file, as one of a command does");
}

Result<void> pipe(ContentStream& content, io::ChildStream& child, RestoreReport& report,
                  const ProgressCall& progress) {
  base::Bytes buffer(base::MiB);
  auto& totals = report.files.totals;
  while (totals.bytes < content.size()) {
    const auto got = TRY(content.read(totals.bytes, buffer));
    TRY(child.write(base::ByteView(buffer).first(got)));
    totals.bytes += got;
    totals.bytes_written += got;
    if (!progress) continue;
    progress({.items = 0, .items_total = 1, .bytes = totals.bytes, .bytes_total = content.size()});
  }
  return child.finish();
}

}  // namespace

Result<BackupReport> capture_command_component(const Workplace& workplace,
                                               const CaptureRequest& request,
                                               repository::Repository& repository,
                                               const ProgressCall& progress, std::stop_token stop) {
  const auto& component = request.component;
  const auto& given = component.source.word("name");
  const auto name = given.empty() ? component.name : given;
  TRY(source::check_command_file_name(name).with_context("component " + component.name));
  RunLog log(workplace, request.run);
  const auto now = workplace.clock.now();
  source::CommandCaptureOptions options{
      .command = TRY(command_for({workplace, component, request.run, request.stall},
                                 component.source.word("run"), log)),
      .name = name,
      .modified = now};
  repository::SnapshotOptions snapshot{
      .source = std::string(strategy::component_kind_name(component.kind)),
      .host = workplace.host,
      .label = component.name,
      .paths = snapshot_paths({"/" + name}),
      .tags = request.tags,
      .command = "strategy " + workplace.strategy.name,
      .started = now};
  const auto capture =
      [&](repository::SnapshotWriter& writer) -> Result<source::FilesCaptureResult> {
    const auto bytes_total = writer.parent() == nullptr ? 0 : writer.parent()->summary.root.bytes;
    const auto told = [&](std::uint64_t bytes) {
      if (!progress) return;
      progress({.items = 0, .items_total = 1, .bytes = bytes, .bytes_total = bytes_total});
    };
    const auto size =
        TRY_CONTEXT(source::capture_command(std::move(options), writer, told, stop), "the command");
    source::FilesCaptureResult counts{.files = 1, .bytes = size, .bytes_read = size};
    ++(writer.parent() == nullptr ? counts.added : counts.changed);
    return counts;
  };
  return take_snapshot(repository, std::move(snapshot), capture);
}

Result<RestoreReport> restore_into_command(const Workplace& workplace, const CommandRestore& what,
                                           repository::Repository& repository,
                                           const ProgressCall& progress, std::stop_token stop) {
  const auto& line = what.component.source.word("restore");
  if (line.empty()) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("component {} has no restore command", what.component.name))
        .with_hint(
            "write restore: and the command that takes the data as its standard input, or "
            "restore --into a directory");
  }
  const auto& environment = repository.environment();
  const auto began = environment.clock.monotonic();
  const auto list = TRY(repository::list_snapshots(repository));
  const auto snapshot = TRY(repository::choose_snapshot(list, what.snapshot));
  const auto reader =
      TRY(repository::RepositoryReader::open(repository, repository::Following::prunes));
  const SnapshotTree tree(*reader, snapshot.summary.root);
  const auto file = TRY(only_file(tree));
  RestoreReport report;
  report.snapshot = snapshot.id;
  report.files.totals.files = 1;
  if (what.carry_out == source::FilesRestoreOptions::Run::dry) {
    report.files.totals.bytes = file.size;
    return report;
  }
  RunLog log(workplace, what.run);
  auto command = TRY(command_for({workplace, what.component, what.run, stall_default}, line, log));
  command.input = io::ChildStreamCommand::Input::written;
  command.output = io::ChildStreamCommand::Output::logged;
  ContentStream content(*reader, environment.executor, file.content, file.size);
  const auto child = TRY(io::ChildStream::start(std::move(command), std::move(stop)));
  TRY_CONTEXT(pipe(content, *child, report, progress), "the restore command");
  report.duration_seconds = (environment.clock.monotonic() - began).seconds();
  return report;
}

}  // namespace holdfast::engine
