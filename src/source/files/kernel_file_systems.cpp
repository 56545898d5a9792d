// By the type that statfs gives.
#include "kernel_file_systems.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>

namespace holdfast::source {

bool lies_on_kernel_file_system(int fd) {
  struct statfs status;
  if (::fstatfs(fd, &status) != 0) return false;
  switch (static_cast<unsigned long>(status.f_type)) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case SECURITYFS_MAGIC:
    case SELINUX_MAGIC:
    case BPF_FS_MAGIC:
    case PSTOREFS_MAGIC:
    case EFIVARFS_MAGIC:
    case DEVPTS_SUPER_MAGIC:
    case BINFMTFS_MAGIC:
    case NSFS_MAGIC:
    case 0x62656570:  // configfs
    case 0x19800202:  // mqueue
    case 0x67596969:  // rpc_pipefs
      return true;
    default: return false;
  }
}

}  // namespace holdfast::source
