// A child, a pipe, and patience with a limit.
#include "io/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "child_spawn.hpp"
#include "io/file.hpp"

namespace holdfast::io {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// How often a wait looks at the stop token and at the child.
constexpr base::Duration check_interval = base::milliseconds(20);

// A started child; ended and reaped when it goes.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (status_) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  // Its status as waitpid gives it; nothing while it runs.
  std::optional<int> poll_status() {
    int status = 0;
    if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
    return status_;
  }

 private:
  pid_t pid_;
  std::optional<int> status_;
};

struct Limits {
  base::Duration end;  // on the monotonic clock
  std::size_t output_size_max;
  const std::stop_token& stop;
};

Result<void> check_limits(const Limits& limits, std::size_t output_size) {
  if (limits.stop.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
  if (output_size > limits.output_size_max) {
    return Error(ErrorCode::invalid_argument,
                 "it wrote more than " + std::to_string(limits.output_size_max) + " bytes");
  }
  if (base::SystemClock().monotonic() >= limits.end) {
    return Error(ErrorCode::unavailable, "it took too long and was ended");
  }
  return {};
}

void sleep_a_little() {
  timespec t{.tv_sec = 0, .tv_nsec = check_interval.nanoseconds};
  ::nanosleep(&t, nullptr);
}

// Collects the output and waits for the end. The end of the child ends the reading too: a
// grandchild in the background may hold the pipe open for ever.
Result<base::SecretBytes> collect(Child& child, int pipe, const Limits& limits) {
  base::SecretBytes buffer(limits.output_size_max + 1);
  std::size_t size = 0;
  bool open = true;
  while (true) {
    TRY(check_limits(limits, size));
    const bool ended = child.poll_status().has_value();
    if (!open && ended) return base::SecretBytes(buffer.view().first(size));
    if (!open) {
      sleep_a_little();
      continue;
    }
    pollfd wanted{.fd = pipe, .events = POLLIN, .revents = 0};
    const int wait_ms = ended ? 0 : static_cast<int>(check_interval.nanoseconds / 1'000'000);
    const int ready = ::poll(&wanted, 1, wait_ms);
    if (ready < 0 && errno != EINTR) return Error::from_errno(errno, "cannot wait for its output");
    if (ready <= 0) {
      open = !ended;
      continue;
    }
    const auto got = ::read(pipe, buffer.writable().data() + size, buffer.size() - size);
    if (got < 0 && errno != EINTR) return Error::from_errno(errno, "cannot read its output");
    if (got == 0) open = false;
    if (got > 0) size += static_cast<std::size_t>(got);
  }
}

Result<base::SecretBytes> run(const ChildCommand& command, const std::stop_token& stop) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno(errno, "cannot make a pipe");
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  const auto pid = TRY(spawn_child({.arguments = command.arguments,
                                    .hidden_variables = command.hidden_variables,
                                    .variables = command.variables,
                                    .working_directory = command.working_directory,
                                    .output = writing.get()}));
  writing.reset();
  Child child(pid);
  const Limits limits{.end = base::SystemClock().monotonic() + command.timeout,
                      .output_size_max = command.output_size_max,
                      .stop = stop};
  auto output = TRY(collect(child, reading.get(), limits));
  TRY(check_child_status(*child.poll_status()));
  return output;
}

}  // namespace

ChildCommand shell_command(std::string line) {
  return {.arguments = {"/bin/sh", "-c", std::move(line)}};
}

Result<base::SecretBytes> run_child(const ChildCommand& command, const std::stop_token& stop) {
  CHECK(!command.arguments.empty(), "a command has a program");
  return run(command, stop).with_context("command " + base::printable(command.arguments[0]));
}

}  // namespace holdfast::io
