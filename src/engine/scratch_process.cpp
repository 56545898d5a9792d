// fork and exec: posix_spawn can't change the user, the network or the priority.
#include "scratch_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "base/bytes.hpp"
#include "io/file.hpp"
#include "scratch_confinement.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr int status_descriptor = 10;  // closed by exec; else the errno comes through it
constexpr int not_started = 127;
constexpr auto poll_interval = base::milliseconds(10);
constexpr auto grace = base::seconds(10);
constexpr std::uint64_t log_end_size = 16384;

void pause() {
  timespec t{.tv_sec = 0, .tv_nsec = poll_interval.nanoseconds};
  ::nanosleep(&t, nullptr);
}

// What the child needs, made before the fork: after it nothing may be allocated.
struct Preparation {
  std::vector<char*> arguments;
  std::vector<char*> variables;
  int folder = -1;
  int output = -1;
  int status = -1;
  pid_t parent = 0;
  const ScratchUser* user = nullptr;
  bool is_cut_off = true;
};

bool become(const ScratchUser& user) noexcept {
  // The system calls themselves: the library's functions speak to threads that aren't here.
  return ::syscall(SYS_setgroups, 0, nullptr) == 0 &&
         ::syscall(SYS_setresgid, user.gid, user.gid, user.gid) == 0 &&
         ::syscall(SYS_setresuid, user.uid, user.uid, user.uid) == 0;
}

// In the child; returns only what failed.
int turn_into_program(const Preparation& prepared) noexcept {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD}) {
    ::signal(number, SIG_DFL);
  }
  ::setsid();
  ::umask(S_IRWXG | S_IRWXO);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing < 0 || ::dup2(nothing, STDIN_FILENO) < 0) return errno;
  // The descriptors are above those that they become: see the caller.
  if (::dup2(prepared.output, STDOUT_FILENO) < 0 || ::dup2(prepared.output, STDERR_FILENO) < 0 ||
      ::dup2(prepared.folder, scratch_descriptor) < 0 ||
      ::dup3(prepared.status, status_descriptor, O_CLOEXEC) < 0) {
    return errno;
  }
  ::syscall(SYS_close_range, STDERR_FILENO + 1, scratch_descriptor - 1, 0);
  if (::syscall(SYS_close_range, status_descriptor + 1, ~0U, 0) != 0) return errno;
  if (::fchdir(scratch_descriptor) != 0) return errno;
  step_back();
  if (prepared.is_cut_off) leave_network();
  if (prepared.user != nullptr && !become(*prepared.user)) return errno;
  if (prepared.is_cut_off) write_only_below(scratch_descriptor);
  // After the change of user, which would take it back.
  if (::prctl(PR_SET_PDEATHSIG, SIGQUIT) != 0) return errno;
  if (::getppid() != prepared.parent) return ESRCH;
  ::execve(prepared.arguments[0], prepared.arguments.data(), prepared.variables.data());
  return errno;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The same file at a number that no dup2 of the child's overwrites.
Result<io::Fd> lifted(io::Fd from) {
  const int made = ::fcntl(from.get(), F_DUPFD_CLOEXEC, status_descriptor + 1);
  if (made < 0) return Error::from_errno(errno, "cannot duplicate a descriptor");
  return io::Fd(made);
}

// When it was started, in ticks since the machine was: with the id it names a process for good.
std::string start_of(pid_t pid) {
  const auto file = io::open_file(fmt::format("/proc/{}/stat", pid), O_RDONLY);
  if (!file.ok()) return {};
  std::array<base::Byte, 1024> bytes{};
  const auto size = io::read_some(file.value().get(), bytes);
  if (!size.ok()) return {};
  auto text = base::as_text(base::ByteView(bytes).first(size.value()));
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return {};
  text.remove_prefix(name_end + 1);
  if (text.starts_with(" Z")) return {};  // it has ended
  constexpr int fields_before = 20;       // starttime is the 22nd, the name the 2nd
  for (int i = 0; i < fields_before; ++i) {
    const auto space = text.find(' ');
    if (space == std::string_view::npos) return {};
    text.remove_prefix(space + 1);
  }
  return std::string(text.substr(0, text.find(' ')));
}

}  // namespace

Result<std::unique_ptr<ScratchProcess>> ScratchProcess::start(const ScratchCommand& command) {
  CHECK(!command.arguments.empty(), "a command has a program");
  auto arguments = command.arguments;
  auto variables = command.variables;
  const auto folder =
      TRY(lifted(TRY(io::open_file(command.folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))));
  auto output = TRY(io::open_file(command.folder + "/" + command.output,
                                  O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW));
  const auto log = TRY(lifted(std::move(output)));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno(errno, "cannot make a pipe");
  const io::Fd reading(ends[0]);
  auto writing = TRY(lifted(io::Fd(ends[1])));
  using Surroundings = ScratchCommand::Surroundings;
  const Preparation prepared{.arguments = pointers_to(arguments),
                             .variables = pointers_to(variables),
                             .folder = folder.get(),
                             .output = log.get(),
                             .status = writing.get(),
                             .parent = ::getpid(),
                             .user = command.user ? &*command.user : nullptr,
                             .is_cut_off = command.surroundings == Surroundings::cut_off};
  const pid_t pid = ::fork();
  if (pid < 0) return Error::from_errno(errno, "cannot start " + command.arguments[0]);
  if (pid == 0) {
    const int problem = turn_into_program(prepared);
    static_cast<void>(::write(prepared.status, &problem, sizeof problem) > 0);
    static_cast<void>(::write(status_descriptor, &problem, sizeof problem) > 0);
    ::_exit(not_started);
  }
  std::unique_ptr<ScratchProcess> made(new ScratchProcess(pid));
  writing.reset();
  int problem = 0;
  std::array<base::Byte, sizeof problem> told{};
  const auto size = io::read_some(reading.get(), told);
  if (size.ok() && size.value() == told.size()) {
    std::copy(told.begin(), told.end(), reinterpret_cast<base::Byte*>(&problem));
    return Error::from_errno(problem, "cannot start " + base::printable(command.arguments[0]));
  }
  return made;
}

std::optional<int> ScratchProcess::poll_status() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_;
}

void ScratchProcess::signal(int number) {
  if (!poll_status()) ::kill(pid_, number);
}

Result<int> ScratchProcess::wait(base::Duration timeout, const std::stop_token& stop) {
  const base::SystemClock clock;
  const auto end = clock.monotonic() + timeout;
  while (true) {
    if (const auto status = poll_status()) return *status;
    if (stop.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
    if (clock.monotonic() >= end) return Error(ErrorCode::unavailable, "it takes too long");
    pause();
  }
}

ScratchProcess::~ScratchProcess() {
  signal(SIGQUIT);
  const bool has_gone = wait(grace, {}).ok();
  // What it started is of its session; that it has gone doesn't say that they have.
  ::kill(-pid_, SIGKILL);
  if (!has_gone) {
    ::kill(pid_, SIGKILL);
    static_cast<void>(wait(grace, {}).ok());
  }
}

Result<void> run_scratch(const ScratchCommand& command, base::Duration timeout,
                         const std::stop_token& stop) {
  const auto& program = command.arguments.at(0);
  const auto name = program.substr(program.rfind('/') + 1);
  const auto process = TRY(ScratchProcess::start(command));
  const int status = TRY_CONTEXT(process->wait(timeout, stop), name);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return Error(ErrorCode::io,
               fmt::format("{}: {}", name, trouble_in(command.folder + "/" + command.output)));
}

std::string trouble_in(const std::string& log_path) {
  const auto file = io::open_file(log_path, O_RDONLY | O_NOFOLLOW);
  if (!file.ok()) return "it said nothing";
  struct stat status{};
  if (::fstat(file.value().get(), &status) != 0) return "it said nothing";
  const auto size = static_cast<std::uint64_t>(status.st_size);
  base::Bytes bytes(log_end_size);
  const auto got = io::read_at(file.value().get(), base::MutableByteView(bytes),
                               size > log_end_size ? size - log_end_size : 0);
  if (!got.ok()) return "it said nothing";
  auto text = base::as_text(base::ByteView(bytes).first(got.value()));
  std::string last = "it said nothing";
  std::string trouble;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    last = base::printable(line);
    for (const std::string_view mark : {"FATAL:", "PANIC:", "ERROR:", "error:"}) {
      if (line.find(mark) == std::string_view::npos) continue;
      // The first one is the cause of those that follow.
      if (trouble.empty()) trouble = base::printable(line.substr(line.find(mark)));
    }
  }
  return trouble.empty() ? last : trouble;
}

Result<void> remember_process(const std::string& folder, pid_t pid) {
  const auto file =
      TRY(io::open_file(folder + scratch_memory_suffix, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW));
  const auto text = fmt::format("{} {}\n", pid, start_of(pid));
  return io::write_all(file.get(), base::as_bytes(text));
}

void end_remembered_process(const std::string& folder) {
  const auto file = io::open_file(folder + scratch_memory_suffix, O_RDONLY | O_NOFOLLOW);
  if (!file.ok()) return;
  std::array<base::Byte, 64> bytes{};
  const auto size = io::read_some(file.value().get(), bytes);
  if (!size.ok()) return;
  const auto text = base::as_text(base::ByteView(bytes).first(size.value()));
  pid_t pid = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (read.ec != std::errc() || pid <= 1) return;
  const auto rest = text.substr(static_cast<std::size_t>(read.ptr - text.data()));
  const auto is_same = [&] {
    const auto start = start_of(pid);
    return !start.empty() && rest == " " + start + "\n";
  };
  if (!is_same()) return;
  ::kill(pid, SIGQUIT);
  const base::SystemClock clock;
  const auto end = clock.monotonic() + grace;
  while (is_same() && clock.monotonic() < end) pause();
  if (is_same()) ::kill(-pid, SIGKILL);
}

}  // namespace holdfast::engine
