// Components of the kind command: their output captured, and given back to their restore command.
#pragma once

#include <stop_token>

#include "component_capture.hpp"
#include "engine/restore.hpp"

namespace holdfast::engine {

base::Result<BackupReport> capture_command_component(const Workplace& workplace,
                                                     const CaptureRequest& request,
                                                     repository::Repository& repository,
                                                     const ProgressCall& progress,
                                                     std::stop_token stop);

struct CommandRestore {
  const strategy::Component& component;
  std::string snapshot;  // hexadecimal
  std::string run;       // whose log gets what the command says
  source::FilesRestoreOptions::Run carry_out = source::FilesRestoreOptions::Run::real;
};
// Pipes the snapshot's file into the component's restore command. invalid_argument: it has none;
// io: it failed.
base::Result<RestoreReport> restore_into_command(const Workplace& workplace,
                                                 const CommandRestore& what,
                                                 repository::Repository& repository,
                                                 const ProgressCall& progress,
                                                 std::stop_token stop);

}  // namespace holdfast::engine
