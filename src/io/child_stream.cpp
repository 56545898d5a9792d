// Three pipes that never block us, and one place where everything waits.
#include "io/child_stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/units.hpp"
#include "child_spawn.hpp"
#include "io/file.hpp"

namespace holdfast::io {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// How often a wait looks at the stop token and at the child.
constexpr int check_interval_ms = 20;
constexpr std::size_t line_size_max = 4096;
constexpr int pipe_size = 1 << 20;  // as much as the kernel lets everyone have
// A child that is gone closes its pipes; what it left behind gets this long to say something.
constexpr base::Duration linger = base::seconds(5);

// While it lives, no SIGPIPE reaches this thread: what we write to may be gone. What the thread's
// mask was and what was pending stays as it was.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipe() {
    const timespec no_time{};
    while (!was_pending_ && sigtimedwait(&pipe_, nullptr, &no_time) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_ = false;
};

struct Pipe {
  Fd reading;
  Fd writing;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno(errno, "cannot make a pipe");
  (void)::fcntl(ends[0], F_SETPIPE_SZ, pipe_size);  // slower without it, not wrong
  return Pipe{.reading = Fd(ends[0]), .writing = Fd(ends[1])};
}

// The two ends have states of their own: the child's goes on blocking.
void make_patient(const Fd& ours) {
  const int flags = ::fcntl(ours.get(), F_GETFL);
  (void)::fcntl(ours.get(), F_SETFL, flags | O_NONBLOCK);
}

void sleep_a_little() {
  const timespec t{.tv_sec = 0, .tv_nsec = check_interval_ms * 1'000'000L};
  ::nanosleep(&t, nullptr);
}

}  // namespace

struct ChildStream::Pipes {
  Fd input;   // closed: it has none, or no more
  Fd output;  // closed: at its end, or logged
  Fd errors;  // closed: at its end
};

ChildStreamCommand shell_stream(std::string line) {
  return {.arguments = {"/bin/sh", "-c", std::move(line)}};
}

ChildStream::ChildStream(ChildStreamCommand command, std::stop_token stop)
    : command_(std::move(command)), stop_(std::move(stop)), pipes_(std::make_unique<Pipes>()) {}

ChildStream::~ChildStream() { end(); }

Result<std::unique_ptr<ChildStream>> ChildStream::start(ChildStreamCommand command,
                                                        std::stop_token stop) {
  CHECK(!command.arguments.empty(), "a command has a program");
  const auto program = base::printable(command.arguments[0]);
  std::unique_ptr<ChildStream> stream(new ChildStream(std::move(command), std::move(stop)));
  TRY_CONTEXT(stream->begin(), "command " + program);
  return stream;
}

Result<void> ChildStream::begin() {
  const bool has_input = command_.input != ChildStreamCommand::Input::none;
  const bool is_read = command_.output == ChildStreamCommand::Output::read;
  Pipe input;
  Pipe output;
  if (has_input) input = TRY(make_pipe());
  if (is_read) output = TRY(make_pipe());
  auto errors = TRY(make_pipe());
  pid_ = TRY(spawn_child({.arguments = command_.arguments,
                          .hidden_variables = command_.hidden_variables,
                          .variables = command_.variables,
                          .working_directory = command_.working_directory,
                          .input = has_input ? input.reading.get() : -1,
                          .output = is_read ? output.writing.get() : errors.writing.get(),
                          .errors = errors.writing.get(),
                          .session = SpawnRequest::Session::own}));
  pipes_->input = std::move(input.writing);
  pipes_->output = std::move(output.reading);
  pipes_->errors = std::move(errors.reading);
  for (const auto* ours : {&pipes_->input, &pipes_->output, &pipes_->errors}) {
    if (ours->valid()) make_patient(*ours);
  }
  started_ = moved_ = clock_.monotonic();
  return {};
}

void ChildStream::moved() { moved_ = clock_.monotonic(); }

Result<void> ChildStream::check_limits() {
  if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
  const auto now = clock_.monotonic();
  if (command_.timeout.nanoseconds > 0 && now - started_ >= command_.timeout) {
    return Error(
        ErrorCode::unavailable,
        "it took longer than " + base::format_duration(command_.timeout) + " and was ended");
  }
  if (command_.stall.nanoseconds > 0 && now - moved_ >= command_.stall) {
    return Error(
        ErrorCode::unavailable,
        "nothing came from it for " + base::format_duration(command_.stall) + ", and it was ended");
  }
  return {};
}

// Leaves it as a zombie: until it is reaped, its process group is nobody else's.
bool ChildStream::has_exited() {
  if (exited_at_) return true;
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid == 0) {
    return false;
  }
  exited_at_ = clock_.monotonic();
  return true;
}

void ChildStream::tell(std::string_view line, ChildStreamCommand::Line kind) {
  if (kind == ChildStreamCommand::Line::whole && !line.empty()) last_line_ = base::printable(line);
  if (command_.on_line && !line.empty()) command_.on_line(line, kind);
}

// What standard error holds now; a limit, so that one who writes for ever doesn't keep us.
void ChildStream::take_lines() {
  std::array<char, 16 * 1024> buffer;
  for (int turn = 0; turn < 64 && pipes_->errors.valid(); ++turn) {
    const auto got = ::read(pipes_->errors.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return;
    if (got == 0) {
      pipes_->errors.reset();
      tell(std::exchange(line_, {}), ChildStreamCommand::Line::whole);
      return;
    }
    moved();
    for (const char c : std::string_view(buffer.data(), static_cast<std::size_t>(got))) {
      if (c != '\n' && c != '\r' && line_.size() < line_size_max) line_.push_back(c);
      if (c != '\n' && c != '\r') continue;
      tell(std::exchange(line_, {}),
           c == '\n' ? ChildStreamCommand::Line::whole : ChildStreamCommand::Line::overwritten);
    }
  }
}

void ChildStream::feed() {
  const NoBrokenPipe quiet;
  while (pipes_->input.valid()) {
    const auto rest = std::string_view(command_.input_text).substr(fed_);
    if (rest.empty()) return pipes_->input.reset();
    const auto put = ::write(pipes_->input.get(), rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) return;
    if (put < 0) return pipes_->input.reset();  // it doesn't want more; its status tells
    fed_ += static_cast<std::size_t>(put);
    moved();
  }
}

Result<void> ChildStream::round(int fd, short events) {
  TRY(check_limits());
  std::array<pollfd, 3> wanted{{{.fd = fd, .events = events, .revents = 0},
                                {.fd = pipes_->errors.get(), .events = POLLIN, .revents = 0},
                                {.fd = -1, .events = POLLOUT, .revents = 0}}};
  if (command_.input == ChildStreamCommand::Input::text) wanted[2].fd = pipes_->input.get();
  const int ready = ::poll(wanted.data(), wanted.size(), check_interval_ms);
  if (ready < 0 && errno != EINTR) return Error::from_errno(errno, "cannot wait for it");
  if (ready <= 0) return {};
  if (wanted[1].revents != 0) take_lines();
  if (wanted[2].revents != 0) feed();
  return {};
}

Result<std::size_t> ChildStream::read(base::MutableByteView out) {
  moved();  // the time that its reader took is none of its own
  while (pipes_->output.valid()) {
    TRY(check_limits());
    take_lines();
    const bool was_gone = has_exited();
    const auto got = ::read(pipes_->output.get(), out.data(), out.size());
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) {
      pipes_->output.reset();
      break;
    }
    if (errno != EAGAIN && errno != EINTR) {
      return Error::from_errno(errno, "cannot read its output");
    }
    if (was_gone && clock_.monotonic() - std::max(moved_, *exited_at_) >= linger) {
      return Error(ErrorCode::io,
                   "it has ended, and a process that it left behind holds its output open")
          .with_hint("let the command wait for all that it starts");
    }
    TRY(round(pipes_->output.get(), POLLIN));
  }
  return std::size_t{0};
}

Result<void> ChildStream::write(base::ByteView data) {
  CHECK(command_.input == ChildStreamCommand::Input::written, "its input is another one");
  const NoBrokenPipe quiet;
  moved();
  while (!data.empty()) {
    TRY(check_limits());
    take_lines();
    const auto put = ::write(pipes_->input.get(), data.data(), data.size());
    if (put > 0) {
      data = data.subspan(static_cast<std::size_t>(put));
      moved();
      continue;
    }
    if (put < 0 && errno == EPIPE) {
      pipes_->input.reset();
      TRY(finish());
      return Error(ErrorCode::io, "it ended before it had taken all of its input");
    }
    if (errno != EAGAIN && errno != EINTR) {
      return Error::from_errno(errno, "cannot write its input");
    }
    TRY(round(pipes_->input.get(), POLLOUT));
  }
  return {};
}

Result<int> ChildStream::wait() {
  moved();
  if (command_.input == ChildStreamCommand::Input::written) pipes_->input.reset();
  pipes_->output.reset();
  while (!has_exited()) {
    if (pipes_->errors.valid()) {
      TRY(round(-1, 0));
    } else {
      TRY(check_limits());
      if (command_.input == ChildStreamCommand::Input::text) feed();
      sleep_a_little();
    }
  }
  // What it said is there by now; who holds the pipe open after it isn't waited for.
  take_lines();
  tell(std::exchange(line_, {}), ChildStreamCommand::Line::whole);
  return reap();
}

Result<int> ChildStream::reap() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) return Error::from_errno(errno, "cannot wait for its end");
  }
  pid_ = 0;
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return std::move(check_child_status(status)).error();
}

Result<void> ChildStream::finish() {
  const auto status = TRY(wait());
  if (status == 0) return {};
  auto message = "it ended with status " + std::to_string(status);
  if (!last_line_.empty()) message += ": " + last_line_;
  return Error(ErrorCode::io, std::move(message));
}

void ChildStream::end() noexcept {
  if (pid_ == 0) return;
  *pipes_ = {};
  ::kill(-pid_, SIGTERM);
  const auto until = clock_.monotonic() + command_.grace;
  while (!has_exited() && clock_.monotonic() < until) sleep_a_little();
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

Result<ChildAnswer> ask_child(ChildStreamCommand command, std::size_t output_size_max,
                              std::stop_token stop) {
  command.output = ChildStreamCommand::Output::read;
  const auto program = base::printable(command.arguments.at(0));
  const auto ask = [&]() -> Result<ChildAnswer> {
    const auto stream = TRY(ChildStream::start(std::move(command), std::move(stop)));
    ChildAnswer answer;
    base::Bytes buffer(64 * base::KiB);
    while (const auto got = TRY(stream->read(buffer))) {
      if (answer.output.size() + got > output_size_max) {
        return Error(ErrorCode::invalid_argument,
                     "it wrote more than " + base::format_size(output_size_max));
      }
      answer.output.append(base::as_text(base::ByteView(buffer).first(got)));
    }
    answer.status = TRY(stream->wait());
    answer.last_line = stream->last_line();
    return answer;
  };
  return ask().with_context("command " + program);
}

}  // namespace holdfast::io
