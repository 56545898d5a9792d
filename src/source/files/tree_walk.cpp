// The walk: a stack of listed directories, of which the innermost ones are open.
#include "tree_walk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kernel_file_systems.hpp"
#include "long_path.hpp"
#include "repository/path_key.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t open_directories_max = 64;

std::string reason(int error) { return Error::from_errno(error, "").message().substr(2); }

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::size_t name_offset_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? 0 : slash + 1;
}

std::string gone(int error) {
  if (error == ENOENT) return "vanished before it could be read";
  return "can't be read: " + reason(error);
}

// The directory in which a root lies; symlinks on the way are followed.
int open_parent_of_root(const std::string& root, io::Fd& out) {
  return open_long_path(AT_FDCWD, "/" + parent_of(root), O_PATH | O_DIRECTORY, out);
}

std::string path_of(const base::Bytes& key) {
  std::string path(base::as_text(key));
  std::ranges::replace(path, '\0', '/');
  return path;
}

Result<void> check_root(const base::Bytes& key) {
  if (key.empty()) return {};
  const auto root = path_of(key);
  io::Fd parent;
  FileStatus status;
  int error = open_parent_of_root(root, parent);
  if (error == 0) error = read_status(parent.get(), root.c_str() + name_offset_of(root), status);
  if (error == 0) return {};
  auto failure = Error::from_errno(error, "cannot back up /" + base::printable(root));
  if (failure.code() != ErrorCode::not_found) return failure;
  return std::move(failure).with_hint("check the path for typing errors; nothing was backed up");
}

// Sorted by key, without those that lie in another.
Result<std::vector<std::string>> fold_roots(const std::vector<std::string>& paths) {
  std::vector<base::Bytes> keys;
  for (const auto& path : paths) {
    keys.push_back(TRY(repository::key_of_path(path)));
    TRY(check_root(keys.back()));
  }
  std::ranges::sort(keys);
  std::vector<std::string> roots;
  const base::Bytes* last = nullptr;
  for (const auto& key : keys) {
    if (last != nullptr && repository::is_within(key, *last)) continue;
    last = &key;
    roots.push_back(path_of(key));
  }
  return roots;
}

}  // namespace

TreeWalk::TreeWalk(std::vector<Stop> stops, Exclusions exclusions,
                   const FilesCaptureOptions& options)
    : stops_(std::move(stops)),
      exclusions_(std::move(exclusions)),
      file_systems_(options.file_systems),
      opening_(options.access_times) {}

Result<TreeWalk> TreeWalk::open(const FilesCaptureOptions& options) {
  const auto roots = TRY(fold_roots(options.roots));
  if (roots.empty()) return Error(ErrorCode::invalid_argument, "no path to back up was given");
  std::vector<Stop> stops;
  for (std::size_t i = 0; i < roots.size(); ++i) {
    const auto first_above = static_cast<std::ptrdiff_t>(stops.size());
    for (auto path = roots[i]; !path.empty();) {
      path = parent_of(path);
      const bool known = i > 0 && (path.empty() || roots[i - 1].starts_with(path + "/"));
      if (!known)
        stops.insert(stops.begin() + first_above, {.path = path, .kind = Stop::Kind::above_root});
    }
    stops.push_back({.path = roots[i], .kind = Stop::Kind::root});
  }
  auto exclusions = TRY(Exclusions::load(options));
  return TreeWalk(std::move(stops), std::move(exclusions), options);
}

bool TreeWalk::next(WalkItem& item) {
  while (true) {
    if (pending_) {
      item = std::move(*pending_);
      pending_.reset();
      return true;
    }
    if (depth_ == 0) return next_stop(item);
    Frame& frame = *frames_[depth_ - 1];
    if (frame.next == frame.listing.size()) {
      leave();
      continue;
    }
    const auto index = frame.next++;
    path_.resize(frame.path_size);
    if (!path_.empty()) path_.push_back('/');
    name_offset_ = path_.size();
    path_ += frame.listing.name(index);
    item.parent = frame.directory;
    if (visit(item, frame.listing.type(index))) return true;
  }
}

bool TreeWalk::next_stop(WalkItem& item) {
  if (next_stop_ == stops_.size()) return false;
  const Stop& stop = stops_[next_stop_++];
  path_ = stop.path;
  name_offset_ = name_offset_of(path_);
  item.parent = nullptr;
  item.self = nullptr;
  return stop.kind == Stop::Kind::root ? visit_root(item) : visit_above_root(item);
}

bool TreeWalk::visit_above_root(WalkItem& item) {
  io::Fd self;
  // A directory that may be passed but not listed has no readable attributes beyond stat.
  int error = open_long_path(AT_FDCWD, "/" + path_, O_RDONLY | O_DIRECTORY, self);
  const bool listable = error == 0;
  if (!listable) error = open_long_path(AT_FDCWD, "/" + path_, O_PATH | O_DIRECTORY, self);
  if (error == 0) error = read_status(self.get(), item.status);
  if (error != 0) {
    give_message(item, "vanished or can't be read any more: " + reason(error));
    return true;
  }
  give(item);
  if (listable) item.self = std::make_shared<const io::Fd>(std::move(self));
  return true;
}

bool TreeWalk::visit_root(WalkItem& item) {
  root_base_ = path_.empty() ? 0 : path_.size() + 1;
  io::Fd parent;
  int error = open_parent_of_root(path_, parent);
  if (error == 0) {
    item.parent = std::make_shared<const io::Fd>(std::move(parent));
    error = read_status(item.parent->get(), path_.empty() ? "." : path_.c_str() + name_offset_,
                        item.status);
  }
  if (error != 0) {
    give_message(item, gone(error));
    return true;
  }
  root_device_ = item.status.device;
  if (item.status.is_directory()) return visit_directory(item);
  give(item);
  struct stat target;
  if (item.status.is_symlink() && ::fstatat(item.parent->get(), item.name(), &target, 0) == 0 &&
      S_ISDIR(target.st_mode)) {
    item.message =
        "is a symbolic link to a directory and was recorded as a link: name the directory to back "
        "up what it holds";
  }
  return true;
}

bool TreeWalk::visit(WalkItem& item, std::uint8_t type) {
  const auto& rules = frames_[depth_ - 1]->rules;
  if (item.parent == nullptr) return false;  // the directory was lost; leave() reported it
  int error = 0;
  bool known = false;
  if (type == DT_UNKNOWN) {
    error = read_status(item.parent->get(), path_.c_str() + name_offset_, item.status);
    known = error == 0;
    if (known && item.status.is_directory()) type = DT_DIR;
  }
  const auto kind = type == DT_DIR ? PathKind::directory : PathKind::other;
  if (exclusions_.excludes(path_, kind, root_base_, rules.get())) return false;
  if (!known && error == 0)
    error = read_status(item.parent->get(), path_.c_str() + name_offset_, item.status);
  if (error != 0) {
    give_message(item, gone(error));
    return true;
  }
  if (item.status.is_directory()) return visit_directory(item);
  give(item);
  return true;
}

bool TreeWalk::visit_directory(WalkItem& item) {
  give(item);
  const bool elsewhere = file_systems_ == FilesCaptureOptions::FileSystems::same_as_root &&
                         item.status.device != root_device_;
  const int fd = opening_.open(item.parent->get(), path_.empty() ? "." : item.name(), O_DIRECTORY,
                               item.status);
  if (fd < 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR || error == ELOOP) {
      give_message(item, gone(error));
    } else {
      item.message = "can't be read, so what it holds is missing: " + reason(error);
    }
    return true;
  }
  item.self = std::make_shared<const io::Fd>(fd);
  const bool is_mount = depth_ > 0 && item.status.device != frames_[depth_ - 1]->status.device;
  if (!elsewhere && !(is_mount && lies_on_kernel_file_system(fd))) enter(item);
  return true;
}

void TreeWalk::give(WalkItem& item) const {
  item.kind = WalkItem::Kind::entry;
  item.path = path_;
  item.name_offset = name_offset_;
  item.self = nullptr;
  item.message.clear();
}

void TreeWalk::give_message(WalkItem& item, std::string message) const {
  give(item);
  item.kind = WalkItem::Kind::message;
  item.message = std::move(message);
}

void TreeWalk::enter(const WalkItem& item) {
  if (depth_ == frames_.size()) frames_.push_back(std::make_unique<Frame>());
  Frame& frame = *frames_[depth_];
  const int error = frame.listing.read(item.self->get());
  if (error != 0) {
    pending_.emplace();
    give_message(*pending_, "can't be listed to its end, so a part of what it holds is missing: " +
                                reason(error));
  }
  frame.directory = item.self;
  frame.status = item.status;
  frame.next = 0;
  frame.path_size = path_.size();
  exclusions_.apply_marks(item.self->get(), frame.listing);
  frame.rules =
      exclusions_.enter(item.self->get(), frame.listing, path_.empty() ? 0 : path_.size() + 1,
                        depth_ > 0 ? frames_[depth_ - 1]->rules : nullptr);
  ++depth_;
  if (depth_ > open_directories_max)
    frames_[depth_ - 1 - open_directories_max]->directory = nullptr;
}

void TreeWalk::leave() {
  Frame& left = *frames_[--depth_];
  const auto below = std::move(left.directory);
  left.rules = nullptr;
  if (depth_ == 0) return;
  Frame& frame = *frames_[depth_ - 1];
  if (frame.directory != nullptr || frame.next == frame.listing.size()) return;
  const int error = reopen(frame, below);
  if (error == 0) return;
  frame.next = frame.listing.size();
  path_.resize(frame.path_size);
  name_offset_ = name_offset_of(path_);
  pending_.emplace();
  give_message(*pending_, "was moved while it was read, so a part of what it holds is missing: " +
                              reason(error));
}

int TreeWalk::reopen(Frame& frame, const SharedDirectory& below) const {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const auto accept = [&frame](io::Fd fd) -> int {
    FileStatus status;
    if (const int error = read_status(fd.get(), status); error != 0) return error;
    if (!status.same_file(frame.status)) return ENOENT;
    frame.directory = std::make_shared<const io::Fd>(std::move(fd));
    return 0;
  };
  if (below != nullptr) {
    const int fd = ::openat(below->get(), "..", flags);
    if (fd >= 0 && accept(io::Fd(fd)) == 0) return 0;
  }
  io::Fd fd;
  const int error = open_long_path(AT_FDCWD, "/" + path_.substr(0, frame.path_size), flags, fd);
  return error != 0 ? error : accept(std::move(fd));
}

}  // namespace holdfast::source
