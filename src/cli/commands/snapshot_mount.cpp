// Runs snapshot mount.
#include <filesystem>

#include "commands/handlers.hpp"
#include "engine/mount.hpp"
#include "session.hpp"

namespace holdfast::cli {

base::Result<ExitCode> run_snapshot_mount(Invocation& invocation) {
  const auto& directory = invocation.argument("DIR");
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) {
    return base::Error(base::ErrorCode::not_found,
                       base::printable(directory) + " is not a directory")
        .with_hint("make an empty one, and name it");
  }
  const auto session = TRY(Session::open(invocation));
  auto& output = invocation.output();
  const engine::MountOptions options{
      .directory = std::filesystem::absolute(directory).string(),
      .access = invocation.flag("allow-other") ? engine::MountOptions::Access::everybody
                                               : engine::MountOptions::Access::owner,
  };
  const auto ready = [&] {
    output.summary("mounted at " + base::printable(directory) + "; ends with Ctrl-C or umount");
  };
  TRY(engine::mount(session->repository(), options, ready, session->stop()));
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("directory", options.directory);
  }
  return ExitCode::done;
}

}  // namespace holdfast::cli
