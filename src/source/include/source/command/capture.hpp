// Capture of a command: what a program prints becomes one file of a snapshot, as it comes, in
// bounded memory and without a temporary file.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "io/child_stream.hpp"
#include "repository/entry_sink.hpp"

namespace holdfast::source {

struct CommandCaptureOptions {
  io::ChildStreamCommand command;  // its output is read
  std::string name;                // of the file
  base::Time modified;             // the file's time
};

// Called now and then with what came so far.
using CommandCaptureProgress = std::function<void(std::uint64_t bytes)>;

// invalid_argument unless `name` can be that of a file.
base::Result<void> check_command_file_name(const std::string& name);

// Runs the command and writes its output into `sink` as the file /NAME, readable by its owner only;
// how many bytes there were. Fails, and leaves nothing whole behind, unless the program ends by
// itself with status 0: errors are the child's and the sink's. No output at all is a warning.
base::Result<std::uint64_t> capture_command(CommandCaptureOptions options,
                                            repository::EntrySink& sink,
                                            const CommandCaptureProgress& progress,
                                            std::stop_token stop);

}  // namespace holdfast::source
