// A handler may do next to nothing: it notes the signal and writes a byte into a pipe, at whose
// other end a task waits that may do everything.
#include "io/interrupt.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "base/check.hpp"
#include "io/file.hpp"

namespace holdfast::io {

namespace {

constexpr std::array handled{SIGINT, SIGTERM, SIGHUP};

// What the handler sees. Lock-free, as a handler must be.
std::atomic<int> pipe_of_handler{-1};
std::atomic<int> first_signal{0};
std::atomic<unsigned> hangup_count{0};
static_assert(std::atomic<int>::is_always_lock_free);

void count_hangup(int) { ++hangup_count; }

void handle(int number) {
  int none = 0;
  if (first_signal.compare_exchange_strong(none, number)) {
    const int saved = errno;
    const char byte = 1;
    // It can't fail: the pipe is empty and open while the handler is installed.
    [[maybe_unused]] const auto put = ::write(pipe_of_handler.load(), &byte, 1);
    errno = saved;
    return;
  }
  // The second: die of it, when this handler returns.
  ::signal(number, SIG_DFL);
  ::raise(number);
}

}  // namespace

struct Interrupt::State {
  Fd reading;
  Fd writing;
  std::stop_source source;
  std::array<struct sigaction, handled.size()> before{};
  std::unique_ptr<Task> task;
};

Interrupt::Interrupt(Executor& executor, Hangup hangup) : state_(std::make_unique<State>()) {
  int ends[2];
  CHECK(::pipe2(ends, O_CLOEXEC) == 0, "no pipe for signals");
  state_->reading = Fd(ends[0]);
  state_->writing = Fd(ends[1]);
  int unused = -1;
  CHECK(pipe_of_handler.compare_exchange_strong(unused, state_->writing.get()),
        "a second Interrupt in one process");
  first_signal = 0;
  hangup_count = 0;
  state_->task = executor.spawn("interrupt", [state = state_.get()] {
    std::array<base::Byte, 1> byte{};
    const auto got = read_some(state->reading.get(), byte);
    if (got.ok() && got.value() == 1 && byte[0] == 1) state->source.request_stop();
  });
  for (std::size_t i = 0; i < handled.size(); ++i) {
    ::sigaction(handled[i], nullptr, &state_->before[i]);
    const bool counts = handled[i] == SIGHUP && hangup == Hangup::is_counted;
    if (state_->before[i].sa_handler == SIG_IGN && !counts) continue;
    struct sigaction action{};
    action.sa_handler = counts ? count_hangup : handle;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    ::sigaction(handled[i], &action, nullptr);
  }
}

Interrupt::~Interrupt() {
  for (std::size_t i = 0; i < handled.size(); ++i) {
    ::sigaction(handled[i], &state_->before[i], nullptr);
  }
  // Wakes the task if no signal has. A handler that still runs in another thread writes to a pipe
  // that is open.
  const std::array<base::Byte, 1> end{0};
  (void)write_all(state_->writing.get(), end);
  state_->task->join();
  pipe_of_handler = -1;
}

std::stop_token Interrupt::token() const { return state_->source.get_token(); }

int Interrupt::signal() const noexcept { return first_signal.load(); }

unsigned Interrupt::hangups() const noexcept { return hangup_count.load(); }

}  // namespace holdfast::io
