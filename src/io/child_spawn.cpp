// posix_spawn with all its options.
#include "child_spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/bytes.hpp"

namespace holdfast::io {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// A variable that is given stands before an inherited one of the same name.
std::vector<std::string> environment_of(const SpawnRequest& request) {
  const auto& hidden = request.hidden_variables;
  auto kept = request.variables;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const auto name = text.substr(0, text.find('='));
    if (std::find(hidden.begin(), hidden.end(), name) == hidden.end()) kept.emplace_back(text);
  }
  return kept;
}

// posix_spawn's two option objects.
struct SpawnOptions {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;

  // Signals that we block or handle must reach the child as they would reach any program.
  explicit SpawnOptions(const SpawnRequest& request) {
    ::posix_spawn_file_actions_init(&files);
    if (!request.working_directory.empty()) {
      ::posix_spawn_file_actions_addchdir_np(&files, request.working_directory.c_str());
    }
    if (request.input < 0) {
      ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    } else {
      ::posix_spawn_file_actions_adddup2(&files, request.input, STDIN_FILENO);
    }
    ::posix_spawn_file_actions_adddup2(&files, request.output, STDOUT_FILENO);
    if (request.errors >= 0) {
      ::posix_spawn_file_actions_adddup2(&files, request.errors, STDERR_FILENO);
    }
    // Also those that our own parent left open.
    ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    ::posix_spawnattr_init(&attributes);
    sigset_t signals;
    sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes, &signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) sigaddset(&signals, signal);
    ::posix_spawnattr_setsigdefault(&attributes, &signals);
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (request.session == SpawnRequest::Session::own) flags |= POSIX_SPAWN_SETSID;
    ::posix_spawnattr_setflags(&attributes, static_cast<short>(flags));
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;
  ~SpawnOptions() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
};

}  // namespace

Result<pid_t> spawn_child(const SpawnRequest& request) {
  auto arguments = request.arguments;
  auto environment = environment_of(request);
  const SpawnOptions options(request);
  pid_t pid = 0;
  const int problem =
      ::posix_spawnp(&pid, arguments[0].c_str(), &options.files, &options.attributes,
                     pointers_to(arguments).data(), pointers_to(environment).data());
  for (auto& variable : environment) {
    base::wipe({reinterpret_cast<base::Byte*>(variable.data()), variable.size()});
  }
  if (problem != 0) return Error::from_errno(problem, "it cannot be started");
  return pid;
}

Result<void> check_child_status(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (WIFEXITED(status)) {
    return Error(ErrorCode::io, "it ended with status " + std::to_string(WEXITSTATUS(status)));
  }
  return Error(ErrorCode::io, "it was ended by signal " + std::to_string(WTERMSIG(status)));
}

}  // namespace holdfast::io
