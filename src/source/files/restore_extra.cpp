// The walk goes through the snapshot in order; when a directory is left, all its names are known.
#include "restore_extra.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "directory_listing.hpp"
#include "file_status.hpp"
#include "long_path.hpp"
#include "repository/path_key.hpp"

namespace holdfast::source {

using base::Bytes;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t depth_max = 1'000;
constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

std::string joined(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "/" + name;
}

// Puts a directory's times back when it goes: what was removed had never been there.
class KeptTimes {
 public:
  KeptTimes(int fd, const struct stat& status) : fd_(fd), status_(status) {}
  KeptTimes(const KeptTimes&) = delete;
  KeptTimes& operator=(const KeptTimes&) = delete;
  ~KeptTimes() {
    const timespec times[2] = {status_.st_atim, status_.st_mtim};
    (void)::futimens(fd_, times);
  }

 private:
  const int fd_;
  const struct stat status_;
};

}  // namespace

ExtraRemoval::ExtraRemoval(const FilesRestoreOptions& options, const RestoreSelection& selection,
                           int target, RestoreTally& tally, std::stop_token stop)
    : options_(options),
      selection_(selection),
      target_(target),
      tally_(tally),
      stop_(std::move(stop)) {}

Result<void> ExtraRemoval::load() {
  for (const auto& path : options_.covered) {
    root_keys_.push_back(TRY(repository::key_of_path(path)));
    roots_.push_back(TRY(repository::path_of_key(root_keys_.back())).substr(1));
  }
  for (const auto& path : options_.spared) spared_.insert(path.substr(path.starts_with('/')));
  FilesCaptureOptions capture;
  capture.excludes = options_.left_out;
  capture.exclude_files = options_.left_out_files;
  exclusions_ = TRY(Exclusions::load(capture));
  return {};
}

Result<void> ExtraRemoval::run(repository::NodeSource& nodes, const repository::TreeRoot& root) {
  CHECK(options_.path.empty(), "extra files are removed below whole snapshots only");
  TRY(load());
  repository::TreeCursor entries(nodes, root);
  frames_.emplace_back();
  frames_.back().is_wanted = selection_.wants({}, PathKind::directory, false);
  while (const auto entry = TRY(entries.next())) {
    if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "the restore was stopped");
    TRY(repository::path_of_key(entry->key));
    while (frames_.size() > 1 && !repository::is_within(entry->key, frames_.back().key)) {
      TRY(leave());
    }
    enter(*entry);
  }
  while (!frames_.empty()) TRY(leave());
  return {};
}

void ExtraRemoval::enter(const repository::Entry& entry) {
  if (entry.key.empty()) {
    // "/" itself: captured whole only if it is a root.
    for (std::size_t i = 0; i < root_keys_.size(); ++i) {
      if (root_keys_[i].empty()) frames_.back().root = i;
    }
    return;
  }
  while (true) {
    const auto& above = frames_.back().key;
    const auto at = above.empty() ? 0 : above.size() + 1;
    const auto end = std::find(entry.key.begin() + static_cast<std::ptrdiff_t>(at), entry.key.end(),
                               base::Byte{0});
    const std::string name(base::as_text(base::ByteView(entry.key).subspan(
        at, static_cast<std::size_t>(end - entry.key.begin()) - at)));
    frames_.back().names.insert(name);
    const bool is_last = end == entry.key.end();
    if (is_last && entry.kind != repository::EntryKind::directory) return;
    // A directory without an entry of its own was never captured as a whole.
    push({entry.key.begin(), end}, name, is_last);
    if (is_last) return;
  }
}

void ExtraRemoval::push(Bytes key, const std::string& name, bool is_recorded) {
  const auto& above = frames_.back();
  Frame frame;
  frame.path = joined(above.path, name);
  frame.is_wanted = selection_.wants(frame.path, PathKind::directory, above.is_wanted);
  for (std::size_t i = 0; is_recorded && i < root_keys_.size(); ++i) {
    if (repository::is_within(key, root_keys_[i])) frame.root = i;
  }
  frame.key = std::move(key);
  frames_.push_back(std::move(frame));
}

Result<void> ExtraRemoval::leave() {
  const auto frame = std::move(frames_.back());
  frames_.pop_back();
  if (!frame.root || spared_.contains(frame.path)) return {};
  return clean(frame);
}

std::optional<std::uint64_t> ExtraRemoval::device_of_root(std::size_t root) {
  const auto known = devices_.find(root);
  if (known != devices_.end()) return known->second;
  std::optional<std::uint64_t> device;
  io::Fd directory;
  struct stat status;
  if (open_beneath(target_, roots_[root], directory_flags, directory) == 0 &&
      ::fstat(directory.get(), &status) == 0) {
    device = status.st_dev;
  }
  devices_[root] = device;
  return device;
}

bool ExtraRemoval::is_left_out(const std::string& path, PathKind kind, std::size_t root) const {
  const auto base = roots_[root].empty() ? 0 : roots_[root].size() + 1;
  return spared_.contains(path) || exclusions_->excludes(path, kind, base, nullptr);
}

Result<void> ExtraRemoval::clean(const Frame& frame) {
  io::Fd directory;
  const int problem = open_beneath(target_, frame.path, directory_flags, directory);
  // In a dry run it may not be there yet; a symlink in its place is not followed.
  if (problem == ENOENT || problem == ENOTDIR || problem == ELOOP) return {};
  struct stat status;
  if (problem != 0 || ::fstat(directory.get(), &status) != 0) {
    tally_.fail(frame.path, "what it has besides can't be looked at", RestoreTally::Cause::target);
    return {};
  }
  if (device_of_root(*frame.root) != status.st_dev) {
    tally_.note("/" + base::printable(frame.path) +
                " is another file system: what it has besides stays");
    return {};
  }
  DirectoryListing listing;
  if (const int error = listing.read(directory.get()); error != 0) {
    tally_.fail(frame.path, Error::from_errno(error, "cannot list it").to_string(),
                RestoreTally::Cause::target);
    return {};
  }
  const KeptTimes times(directory.get(), status);
  const Emptied in{.fd = directory.get(),
                   .path = frame.path,
                   .root = *frame.root,
                   .device = status.st_dev,
                   .depth = 0};
  for (std::size_t i = 0; i < listing.size(); ++i) {
    const auto name = std::string(listing.name(i));
    if (frame.names.contains(name)) continue;
    FileStatus there;
    if (read_status(in.fd, name.c_str(), there) != 0) continue;
    const auto kind = there.is_directory() ? PathKind::directory : PathKind::other;
    if (!selection_.wants(joined(frame.path, name), kind, frame.is_wanted)) continue;
    (void)TRY(remove(in, name));
  }
  return {};
}

Result<bool> ExtraRemoval::remove(const Emptied& in, const std::string& name) {
  if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "the restore was stopped");
  const auto path = joined(in.path, name);
  FileStatus there;
  if (const int error = read_status(in.fd, name.c_str(), there); error != 0) return error == ENOENT;
  const auto kind = there.is_directory() ? PathKind::directory : PathKind::other;
  if (is_left_out(path, kind, in.root)) return false;
  if (!there.is_directory()) return take_away(in, name, path, 0);
  if (there.device != in.device) {
    tally_.note("/" + base::printable(path) + " is another file system: it stays");
    return false;
  }
  return remove_directory(in, name, path);
}

Result<bool> ExtraRemoval::remove_directory(const Emptied& in, const std::string& name,
                                            const std::string& path) {
  auto opened = io::open_file_at(in.fd, name, directory_flags);
  DirectoryListing listing;
  if (!opened.ok() || listing.read(opened.value().get()) != 0 || in.depth >= depth_max) {
    tally_.fail(path, "it is not in the snapshot, and can't be emptied",
                RestoreTally::Cause::target);
    return false;
  }
  // What was looked at by name may have been changed for another since.
  FileStatus status;
  if (read_status(opened.value().get(), status) != 0 || status.device != in.device) return false;
  const Emptied inside{.fd = opened.value().get(),
                       .path = path,
                       .root = in.root,
                       .device = in.device,
                       .depth = in.depth + 1};
  bool is_empty = true;
  for (std::size_t i = 0; i < listing.size(); ++i) {
    if (!TRY(remove(inside, std::string(listing.name(i))))) is_empty = false;
  }
  return is_empty && take_away(in, name, path, AT_REMOVEDIR);
}

bool ExtraRemoval::take_away(const Emptied& in, const std::string& name, const std::string& path,
                             int flags) {
  if (options_.run == FilesRestoreOptions::Run::real &&
      ::unlinkat(in.fd, name.c_str(), flags) != 0 && errno != ENOENT) {
    tally_.fail(path, Error::from_errno(errno, "it is not in the snapshot, and stays").to_string(),
                RestoreTally::Cause::target);
    return false;
  }
  tally_.removed(path);
  return true;
}

}  // namespace holdfast::source
