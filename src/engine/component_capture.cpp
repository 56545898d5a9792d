// Which kind is captured how.
#include "component_capture.hpp"

#include <fmt/format.h>

#include "engine/source_paths.hpp"

#include "command_component.hpp"
#include "git_component.hpp"

#include "postgres_component.hpp"

namespace holdfast::engine {

namespace {

BackupOptions options_for(const Workplace& workplace, const CaptureRequest& request) {
  BackupOptions options;
  options.source = strategy::component_kind_name(request.component.kind);
  options.host = workplace.host;
  options.label = request.component.name;
  options.tags = request.tags;
  options.command = "strategy " + workplace.strategy.name;
  if (request.type == strategy::PlanType::full) {
    options.capture.trust_stat = source::FilesCaptureOptions::TrustStat::none;
  }
  return options;
}

base::Result<BackupReport> capture_files(const Workplace& workplace, const CaptureRequest& request,
                                         repository::Repository& repository,
                                         const ProgressCall& progress, std::stop_token stop) {
  const auto& source = request.component.source;
  auto options = options_for(workplace, request);
  options.capture.roots = source_paths(workplace.strategy, request.component);
  options.capture.excludes = source.list("exclude");
  for (const auto& path : source.list("exclude-from")) {
    options.capture.exclude_files.push_back(absolute_path(workplace.strategy, path));
  }
  if (source.word("one-file-system") == "true") {
    options.capture.file_systems = source::FilesCaptureOptions::FileSystems::same_as_root;
  }
  return back_up(repository, options, progress, stop);
}

}  // namespace

base::Result<BackupReport> capture_component(const Workplace& workplace,
                                             const CaptureRequest& request,
                                             repository::Repository& repository,
                                             const ProgressCall& progress, std::stop_token stop) {
  switch (request.component.kind) {
    case strategy::ComponentKind::files:
      return capture_files(workplace, request, repository, progress, stop);
    case strategy::ComponentKind::command:
      return capture_command_component(workplace, request, repository, progress, stop);
    case strategy::ComponentKind::git:
      return capture_git_component(workplace, request, repository, progress, stop);
    case strategy::ComponentKind::postgres:
      return capture_postgres_component(workplace, request, repository, progress, stop);
    default:
      return base::Error(base::ErrorCode::unsupported,
                         fmt::format("components of the kind {} can't be backed up yet",
                                     strategy::component_kind_name(request.component.kind)))
          .with_hint("'holdfast strategy check' lists what isn't built");
  }
}

}  // namespace holdfast::engine
