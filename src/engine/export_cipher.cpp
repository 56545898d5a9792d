// posix_spawn with four descriptors: a socket to read from (a write to it can't raise a signal),
// the file, a pipe for what it says, and a pipe with the passphrase.
#include "export_cipher.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <optional>
#include <vector>

#include "io/file.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr int passphrase_fd = 3;
constexpr std::size_t passphrase_size_max = 4'000;  // a pipe takes it without waiting
constexpr std::size_t said_max = 2'000;
constexpr int wait_ms = 50;

struct Pipe {
  io::Fd reading;
  io::Fd writing;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno(errno, "cannot make a pipe");
  return Pipe{.reading = io::Fd(ends[0]), .writing = io::Fd(ends[1])};
}

// A home for gpg that holds nothing of the user's, and goes with it.
class TemporaryHome {
 public:
  static Result<TemporaryHome> make() {
    std::error_code error;
    auto path = (std::filesystem::temp_directory_path(error) / "holdfast-export-XXXXXX").string();
    if (error) path = "/tmp/holdfast-export-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
      return Error::from_errno(errno, "cannot make a folder for the program that encrypts");
    }
    return TemporaryHome(std::move(path));
  }
  TemporaryHome(TemporaryHome&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryHome& operator=(TemporaryHome&&) = delete;
  ~TemporaryHome() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit TemporaryHome(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

std::vector<std::string> arguments_of(const std::string& program, const std::string& home) {
  if (program == "openssl") {
    return {"openssl",
            "enc",
            "-aes-256-cbc",
            "-pbkdf2",
            "-salt",
            "-pass",
            fmt::format("fd:{}", passphrase_fd)};
  }
  return {"gpg",
          "--batch",
          "--quiet",
          "--no-options",
          "--no-autostart",
          "--homedir",
          home,
          "--pinentry-mode",
          "loopback",
          "--passphrase-fd",
          std::to_string(passphrase_fd),
          "--cipher-algo",
          "AES256",
          "--s2k-mode",
          "3",
          "--s2k-digest-algo",
          "SHA512",
          "--s2k-count",  // otherwise it asks an agent how fast the machine is
          "65011712",
          "--compress-algo",
          "none",
          "--symmetric"};
}

Result<Pipe> pipe_with(const base::SecretBytes& key) {
  const auto view = key.view();
  const bool is_line = std::none_of(view.begin(), view.end(), [](base::Byte byte) {
    return byte == '\n' || byte == '\r' || byte == 0;
  });
  if (view.empty() || !is_line || view.size() > passphrase_size_max) {
    return Error(ErrorCode::invalid_argument,
                 "the strategy's key is no passphrase for an encrypted export")
        .with_hint(fmt::format("gpg and openssl take one line of at most {} bytes: give "
                               "encryption: {{ key: … }} such a key, or leave encrypt: away",
                               passphrase_size_max));
  }
  auto pipe = TRY(make_pipe());
  TRY(io::write_all(pipe.writing.get(), view));
  TRY(io::write_all(pipe.writing.get(), base::as_bytes("\n")));
  pipe.writing.reset();
  return pipe;
}

struct Descriptors {
  int input;
  int output;
  int said;
  int passphrase;
};

Result<pid_t> spawn(std::vector<std::string> arguments, std::vector<std::string> variables,
                    const Descriptors& descriptors) {
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (auto& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  };
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, descriptors.input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, descriptors.output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, descriptors.said, STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, descriptors.passphrase, passphrase_fd);
  ::posix_spawn_file_actions_addclosefrom_np(&files, passphrase_fd + 1);
  ::posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  ::posix_spawnattr_setsigmask(&attributes, &signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) sigaddset(&signals, signal);
  ::posix_spawnattr_setsigdefault(&attributes, &signals);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int problem = ::posix_spawnp(&pid, arguments[0].c_str(), &files, &attributes,
                                     pointers(arguments).data(), pointers(variables).data());
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (problem == 0) return pid;
  return Error::from_errno(problem, arguments[0] + " cannot be started")
      .with_hint("install it, or leave encrypt: away");
}

}  // namespace

struct ExportCipher::State {
  std::string program;
  std::optional<TemporaryHome> home;
  io::Fd input;
  io::Fd said;
  pid_t pid = 0;
  std::optional<int> status;

  bool poll_status() {
    int ended = 0;
    if (!status && ::waitpid(pid, &ended, WNOHANG) == pid) status = ended;
    return status.has_value();
  }
  [[nodiscard]] std::string words() const {
    std::string text(said_max, '\0');
    const auto size = ::read(said.get(), text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    std::replace(text.begin(), text.end(), '\n', ' ');
    while (text.ends_with(' ')) text.pop_back();
    return base::printable(text);
  }
};

ExportCipher::ExportCipher(std::unique_ptr<State> state) : state_(std::move(state)) {}

ExportCipher::~ExportCipher() {
  if (state_->status) return;
  ::kill(state_->pid, SIGKILL);
  while (::waitpid(state_->pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<std::unique_ptr<ExportCipher>> ExportCipher::start(const std::string& program,
                                                          const base::SecretBytes& key,
                                                          int output) {
  auto state = std::make_unique<State>();
  state->program = program;
  state->home.emplace(TRY(TemporaryHome::make()));
  const auto passphrase = TRY(pipe_with(key));
  auto said = TRY(make_pipe());
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return Error::from_errno(errno, "cannot make a pair of sockets");
  }
  state->input = io::Fd(ends[0]);
  const io::Fd theirs(ends[1]);
  const char* path = ::secure_getenv("PATH");
  std::vector<std::string> variables{
      std::string("PATH=") + (path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin"),
      "HOME=" + state->home->path(), "LC_ALL=C"};
  state->pid = TRY(spawn(arguments_of(program, state->home->path()), std::move(variables),
                         {.input = theirs.get(),
                          .output = output,
                          .said = said.writing.get(),
                          .passphrase = passphrase.reading.get()}));
  ::fcntl(said.reading.get(), F_SETFL, O_NONBLOCK);
  state->said = std::move(said.reading);
  return std::unique_ptr<ExportCipher>(new ExportCipher(std::move(state)));
}

Result<void> ExportCipher::write(base::ByteView bytes, const std::stop_token& stop) {
  while (!bytes.empty()) {
    if (stop.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
    const auto sent =
        ::send(state_->input.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EPIPE || errno == ECONNRESET) {
      const auto ended = finish(stop);
      if (!ended.ok()) return ended;
      return Error(ErrorCode::io, state_->program + " ended before it had read everything");
    }
    if (errno != EAGAIN && errno != EINTR) {
      return Error::from_errno(errno, "cannot write to " + state_->program);
    }
    pollfd wanted{.fd = state_->input.get(), .events = POLLOUT, .revents = 0};
    (void)::poll(&wanted, 1, wait_ms);
  }
  return {};
}

Result<void> ExportCipher::finish(const std::stop_token& stop) {
  state_->input.reset();
  while (!state_->poll_status()) {
    if (stop.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
    const timespec pause{.tv_sec = 0, .tv_nsec = 5'000'000};
    ::nanosleep(&pause, nullptr);
  }
  const int status = *state_->status;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const auto how = WIFEXITED(status) ? fmt::format("ended with status {}", WEXITSTATUS(status))
                                     : fmt::format("was ended by signal {}", WTERMSIG(status));
  return Error(ErrorCode::io, fmt::format("{} {}: {}", state_->program, how, state_->words()));
}

std::string cipher_suffix(const std::string& program) {
  if (program == "gpg") return ".gpg";
  return program == "openssl" ? ".enc" : "";
}

}  // namespace holdfast::engine
