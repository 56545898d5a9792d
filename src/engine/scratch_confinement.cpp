// Namespaces, Landlock, priorities: each as far as the kernel goes along.
#include "scratch_confinement.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace holdfast::engine {

namespace {

// What Landlock's first version knows of writing.
constexpr std::uint64_t writing = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                  LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                  LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
constexpr int lowest_nice = 19;
constexpr int whole_process = 1;     // IOPRIO_WHO_PROCESS
constexpr int idle_class = 3 << 13;  // IOPRIO_CLASS_IDLE

bool allow(int rules, std::uint64_t access, int folder) noexcept {
  const landlock_path_beneath_attr below{.allowed_access = access, .parent_fd = folder};
  return ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) == 0;
}

}  // namespace

void leave_network() noexcept { static_cast<void>(::unshare(CLONE_NEWNET) == 0); }

void write_only_below(int descriptor) noexcept {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return;
  const auto version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  // Renaming from one folder to another: the first version can only forbid it.
  const std::uint64_t access = version >= 2 ? writing | LANDLOCK_ACCESS_FS_REFER : writing;
  const landlock_ruleset_attr handled{.handled_access_fs = access};
  const int rules =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0));
  if (rules < 0) return;
  const int devices = ::open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (devices >= 0 && allow(rules, access, descriptor) && allow(rules, access, devices)) {
    static_cast<void>(::syscall(SYS_landlock_restrict_self, rules, 0) == 0);
  }
  if (devices >= 0) ::close(devices);
  ::close(rules);
}

void step_back() noexcept {
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, lowest_nice) == 0);
  static_cast<void>(::syscall(SYS_ioprio_set, whole_process, 0, idle_class) == 0);
}

}  // namespace holdfast::engine
