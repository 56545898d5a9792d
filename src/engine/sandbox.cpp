// Making, sweeping, removing.
#include "sandbox.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/bytes.hpp"
#include "folder_tree.hpp"
#include "scratch_process.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::string_view lock_suffix = ".lock";
constexpr std::string_view gate_name = "gate";
constexpr const char* marker_name = ".holdfast-drill";

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), S_IRWXU) == 0 || errno == EEXIST) return {};
  return Error::from_errno(errno, "cannot make " + path);
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return Error::from_errno(errno, "cannot remove " + path);
}

// Servers that a drill which died had started in it.
void end_processes(const std::string& folder) {
  constexpr std::string_view suffix = scratch_memory_suffix;
  const auto names = names_in(folder);
  if (!names.ok()) return;
  for (const auto& name : names.value()) {
    if (!name.ends_with(suffix)) continue;
    end_remembered_process(folder + "/" + name.substr(0, name.size() - suffix.size()));
  }
}

// What belongs to nobody who lives. One that can't be removed stops no drill: it is tried again.
Result<void> sweep(const std::string& parent) {
  const auto names = TRY(names_in(parent));
  const auto has = [&](const std::string& name) {
    return std::binary_search(names.begin(), names.end(), name);
  };
  for (const auto& name : names) {
    if (name == gate_name) continue;
    const auto path = parent + "/" + name;
    if (!name.ends_with(lock_suffix)) {
      if (!has(name + std::string(lock_suffix))) static_cast<void>(remove_tree(path).ok());
      continue;
    }
    const auto lock = io::open_file(path, O_RDWR | O_NOFOLLOW);
    if (!lock.ok() || ::flock(lock.value().get(), LOCK_EX | LOCK_NB) != 0) continue;
    const auto folder = path.substr(0, path.size() - lock_suffix.size());
    end_processes(folder);
    if (remove_tree(folder).ok()) static_cast<void>(remove_file(path).ok());
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Sandbox>> Sandbox::make(const std::string& parent, const std::string& name) {
  TRY(make_folder(parent));
  const auto gate =
      TRY(io::open_file(fmt::format("{}/{}", parent, gate_name), O_RDWR | O_CREAT | O_NOFOLLOW));
  while (::flock(gate.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return Error::from_errno(errno, "cannot lock " + parent);
  }
  TRY(sweep(parent));
  const auto path = parent + "/" + name;
  auto lock =
      TRY(io::open_file(path + std::string(lock_suffix), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error::from_errno(errno, "cannot lock " + path);
  }
  std::unique_ptr<Sandbox> made(new Sandbox(path, std::move(lock)));
  if (::mkdir(path.c_str(), S_IRWXU) != 0) return Error::from_errno(errno, "cannot make " + path);
  return made;
}

Result<void> Sandbox::remove() {
  is_removed_ = true;
  TRY(remove_tree(path_));
  return remove_file(path_ + std::string(lock_suffix));
}

Sandbox::~Sandbox() {
  if (!is_removed_) static_cast<void>(remove().ok());
}

Result<std::string> prepare_target(const std::string& target, const std::string& name) {
  struct stat status;
  if (::stat(target.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return Error(ErrorCode::not_found, "there is no folder " + base::printable(target))
        .with_hint("mount it, or make it: drills never make the target itself");
  }
  auto path = target + "/" + name;
  const auto marker = path + "/" + marker_name;
  if (::lstat(path.c_str(), &status) == 0) {
    const bool is_ours = ::lstat(marker.c_str(), &status) == 0;
    if (!is_ours && !(TRY(names_in(path)).empty())) {
      return Error(ErrorCode::conflict, base::printable(path) + " holds what no drill left there")
          .with_hint("move it away, or give the drill a target of its own");
    }
    TRY(remove_tree(path));
  }
  if (::mkdir(path.c_str(), S_IRWXU) != 0) return Error::from_errno(errno, "cannot make " + path);
  TRY(io::open_file(marker, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW));
  return path;
}

}  // namespace holdfast::engine
