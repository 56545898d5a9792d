// A child process as a stream: its output is read, or its input written, piece by piece, within
// limits; what it says on standard error comes line by line. It runs in a session of its own,
// without our terminal, and is ended with all that it started.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::io {

struct ChildStreamCommand {
  // argv[0] is looked up in PATH. Secrets never go here: everyone can read a process list.
  std::vector<std::string> arguments;
  // Environment variables that the child does not inherit.
  std::vector<std::string> hidden_variables{"BACKUP_ENCRYPTION_KEY"};
  // "NAME=value", besides those that it inherits.
  std::vector<std::string> variables = {};
  std::string working_directory = {};  // empty: ours
  // none: empty. text: `input_text`, given while its output is read. written: what write() gets.
  enum class Input { none, text, written } input = Input::none;
  std::string input_text = {};
  // read: read() gives it. logged: it comes line by line, as standard error does.
  enum class Output { read, logged } output = Output::read;
  // A line of standard error without its end, cut at 4 KiB; raw bytes. overwritten: it ended with a
  // carriage return, as a progress bar does. Called by the task that uses the stream.
  enum class Line { whole, overwritten };
  std::function<void(std::string_view text, Line kind)> on_line = {};
  base::Duration timeout = {};  // from its start; 0: none
  // Ended when for so long it gives or takes nothing while it is waited for; 0: never.
  base::Duration stall = {};
  // When it has to go: between asking it (SIGTERM) and ending it (SIGKILL).
  base::Duration grace = base::seconds(5);
};

// `line` as /bin/sh reads it.
[[nodiscard]] ChildStreamCommand shell_stream(std::string line);

// Used by one task. Errors of each call: cancelled (stop was requested), unavailable (a limit), io.
// After an error only destruction is left.
class ChildStream {
 public:
  // not_found, permission_denied: it can't be started.
  static base::Result<std::unique_ptr<ChildStream>> start(ChildStreamCommand command,
                                                          std::stop_token stop);
  // Ends it, with its process group, unless finish() or wait() has returned.
  ~ChildStream();
  ChildStream(const ChildStream&) = delete;
  ChildStream& operator=(const ChildStream&) = delete;

  // What it writes to standard output; 0 at its end. io if it is gone and something that it left
  // behind holds its output open: nobody knows then whether that was all.
  base::Result<std::size_t> read(base::MutableByteView out);
  // All of `data` into its standard input. io if it doesn't take it.
  base::Result<void> write(base::ByteView data);
  // Closes its input and waits for its end: its exit status. io if a signal ended it. What it wrote
  // and nobody has read is lost.
  base::Result<int> wait();
  // The same; io, with the last line of its standard error, unless the status is 0.
  base::Result<void> finish();
  // The last line of standard error that isn't empty, printable.
  [[nodiscard]] const std::string& last_line() const noexcept { return last_line_; }

 private:
  ChildStream(ChildStreamCommand command, std::stop_token stop);
  struct Pipes;
  base::Result<void> begin();
  base::Result<void> check_limits();
  // Waits a little for `fd`, and meanwhile feeds input_text and takes lines.
  base::Result<void> round(int fd, short events);
  void feed();
  void take_lines();
  void tell(std::string_view line, ChildStreamCommand::Line kind);
  void moved();
  [[nodiscard]] bool has_exited();
  base::Result<int> reap();
  void end() noexcept;

  ChildStreamCommand command_;
  std::stop_token stop_;
  std::unique_ptr<Pipes> pipes_;
  int pid_ = 0;  // 0: not started, or reaped
  base::SystemClock clock_;
  base::Duration started_{};
  base::Duration moved_{};                   // when something was given or taken last
  std::optional<base::Duration> exited_at_;  // when that was seen
  std::size_t fed_ = 0;                      // of input_text
  std::string line_;                         // the beginning of the next one
  std::string last_line_;
};

// For programs that answer shortly: runs one to its end and gives its output and status. Output is
// read whatever command.output says. invalid_argument if there is more than `output_size_max`.
struct ChildAnswer {
  std::string output;
  int status = 0;
  std::string last_line;
};
base::Result<ChildAnswer> ask_child(ChildStreamCommand command, std::size_t output_size_max,
                                    std::stop_token stop);

}  // namespace holdfast::io
