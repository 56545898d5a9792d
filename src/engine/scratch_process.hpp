// ScratchProcess: a program that works on a scratch folder and nothing else: as an unprivileged
// user, at the lowest priority, without our descriptors and terminal, without a network, and, where
// the kernel has Landlock, unable to write outside of that folder. It goes when we go, however we
// end.
//
// It finds the folder as /proc/self/fd/9: nothing above it has to be open to its user, and names of
// sockets stay short. PostgreSQL's clients leave the folder in which they start and don't find back
// into it: paths are given to them with it.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::engine {

inline constexpr int scratch_descriptor = 9;
inline constexpr const char* scratch_folder = "/proc/self/fd/9";

// As whom. Nothing: as ourselves.
struct ScratchUser {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
};

struct ScratchCommand {
  std::vector<std::string> arguments;  // argv[0] is a path
  std::vector<std::string> variables;  // all of its environment
  std::string folder;                  // absolute: its scratch_folder, and where it starts
  std::string output;                  // a file, relative to the folder, that it appends to
  std::optional<ScratchUser> user = {};
  // cut_off: no network, and no writing elsewhere, as far as we may take that from it. shared: it
  // has both, for a command that it starts and that needs them.
  enum class Surroundings { cut_off, shared } surroundings = Surroundings::cut_off;
};

// Used by one task.
class ScratchProcess {
 public:
  // not_found, permission_denied: it can't be started.
  static base::Result<std::unique_ptr<ScratchProcess>> start(const ScratchCommand& command);
  ScratchProcess(const ScratchProcess&) = delete;
  ScratchProcess& operator=(const ScratchProcess&) = delete;
  // Ends it, with its children: SIGQUIT, and soon SIGKILL.
  ~ScratchProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  // Its status as waitpid gives it; nothing while it runs.
  std::optional<int> poll_status();
  void signal(int number);
  // Waits for its end. cancelled; unavailable: it takes longer. It goes on then.
  base::Result<int> wait(base::Duration timeout, const std::stop_token& stop);

 private:
  explicit ScratchProcess(pid_t pid) : pid_(pid) {}
  pid_t pid_;
  std::optional<int> status_;
};

// Runs it to its end. io, with `trouble` of its output, unless it ends with 0.
base::Result<void> run_scratch(const ScratchCommand& command, base::Duration timeout,
                               const std::stop_token& stop);

// Of the end of a log: the last lines that tell of an error, else the last one; printable.
[[nodiscard]] std::string trouble_in(const std::string& log_path);

// A process that a run of ours which died left behind: remembered in a file beside the
// folder, where the process can't write, and ended by it, if it still is the same.
inline constexpr const char* scratch_memory_suffix = ".pid";
base::Result<void> remember_process(const std::string& folder, pid_t pid);
void end_remembered_process(const std::string& folder);

}  // namespace holdfast::engine
