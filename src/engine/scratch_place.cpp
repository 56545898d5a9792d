// Choosing the user, giving him the folder.
#include "scratch_place.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/bytes.hpp"
#include "folder_tree.hpp"
#include "io/file.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t entry_size = 65536;

std::optional<ScratchUser> user_of(const passwd* found) {
  if (found == nullptr || found->pw_uid == 0) return std::nullopt;
  return ScratchUser{.uid = found->pw_uid, .gid = found->pw_gid, .name = found->pw_name};
}

std::optional<ScratchUser> user_named(const char* name) {
  std::vector<char> buffer(entry_size);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found);
  return user_of(found);
}

std::optional<ScratchUser> user_numbered(uid_t uid) {
  std::vector<char> buffer(entry_size);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  return user_of(found);
}

Result<ScratchUser> choose_user(const std::string& data) {
  struct stat status{};
  if (::lstat(data.c_str(), &status) == 0) {
    if (auto owner = user_numbered(status.st_uid)) return *std::move(owner);
  }
  for (const char* name : {"postgres", "nobody"}) {
    if (auto user = user_named(name)) return *std::move(user);
  }
  return Error(ErrorCode::unsupported, "PostgreSQL doesn't run as root, and no other user is here")
      .with_hint("make a user `postgres`, or run the drill as somebody else than root");
}

Result<void> give(int at, const std::string& name, const ScratchUser& user,
                  const std::stop_token& stop) {
  if (stop.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
  const auto shown = base::printable(name);
  struct stat status{};
  if (::fstatat(at, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return Error::from_errno(errno, "looking at " + shown);
  }
  if ((status.st_uid != user.uid || status.st_gid != user.gid) &&
      ::fchownat(at, name.c_str(), user.uid, user.gid, AT_SYMLINK_NOFOLLOW) != 0) {
    return Error::from_errno(errno, "giving " + shown + " to " + user.name);
  }
  if (!S_ISDIR(status.st_mode)) return {};
  const auto folder = TRY(io::open_file_at(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  const auto names = TRY(names_in(fmt::format("/proc/self/fd/{}/.", folder.get())));
  for (const auto& each : names) TRY(give(folder.get(), each, user, stop));
  return {};
}

Result<void> hand_over(const ScratchPlace& place, const std::string& path) {
  if (!place.user || ::lchown(path.c_str(), place.user->uid, place.user->gid) == 0) return {};
  return Error::from_errno(errno, "giving " + path + " to " + place.user->name);
}

}  // namespace

Result<ScratchPlace> make_scratch_place(const std::string& path, const std::stop_token& stop) {
  ScratchPlace place{.path = path, .user = {}};
  if (::chmod(path.c_str(), S_IRWXU) != 0) return Error::from_errno(errno, "closing " + path);
  if (::geteuid() != 0) return place;
  place.user = TRY(choose_user(path + "/data"));
  TRY(give(AT_FDCWD, path, *place.user, stop));
  return place;
}

Result<void> write_in_place(const ScratchPlace& place, const std::string& name,
                            std::string_view text) {
  const auto path = place.path + "/" + name;
  const auto file = TRY(io::open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW));
  TRY(io::write_all(file.get(), base::as_bytes(text)));
  return hand_over(place, path);
}

Result<void> make_folder_in_place(const ScratchPlace& place, const std::string& name) {
  const auto path = place.path + "/" + name;
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return Error::from_errno(errno, "making " + path);
  }
  return hand_over(place, path);
}

}  // namespace holdfast::engine
