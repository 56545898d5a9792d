// One inotify descriptor; a watch for each folder.
#include "io/change_watch.hpp"

#include <dirent.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <set>

#include "io/file.hpp"

namespace holdfast::io {

namespace {

constexpr std::uint32_t interesting = IN_ATTRIB | IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE |
                                      IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF |
                                      IN_MOVE_SELF;
constexpr std::size_t gaps_max = 10;
constexpr int depth_max = 500;

enum class Found { folder, other, nothing };

Found look_at(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return Found::nothing;
  return S_ISDIR(status.st_mode) ? Found::folder : Found::other;
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

struct ChangeWatch::State {
  // A folder that is watched: for all that is in it, or for some names only.
  struct Folder {
    std::string path;
    bool is_whole = false;
    std::set<std::string> names;
  };

  void watch_root(const std::string& path);
  void watch_tree(const std::string& path, int depth);
  Folder* watch(const std::string& path);
  bool read_events();
  bool handle(const inotify_event& event);
  void add_gap(const std::string& path, int error);

  Fd fd;
  std::map<int, Folder> folders;
  std::vector<std::string> roots;
  std::set<std::string> missing;  // roots that don't exist yet
  std::vector<std::string> gaps;
};

void ChangeWatch::State::add_gap(const std::string& path, int error) {
  if (gaps.size() < gaps_max) {
    gaps.push_back(base::Error::from_errno(error, path).message());
  }
}

ChangeWatch::State::Folder* ChangeWatch::State::watch(const std::string& path) {
  const int number = ::inotify_add_watch(fd.get(), path.c_str(), interesting | IN_ONLYDIR);
  if (number < 0) {
    if (errno != ENOENT) add_gap(path, errno);
    return nullptr;
  }
  auto& folder = folders[number];
  folder.path = path;
  return &folder;
}

void ChangeWatch::State::watch_tree(const std::string& path, int depth) {
  auto* folder = watch(path);
  if (folder == nullptr || depth > depth_max) return;
  folder->is_whole = true;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(path.c_str()), &::closedir);
  if (listing == nullptr) return;
  // One task uses it: NOLINTNEXTLINE(concurrency-mt-unsafe)
  while (const auto* entry = ::readdir(listing.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    const auto below = path + "/" + name;
    const bool is_folder =
        entry->d_type == DT_DIR || (entry->d_type == DT_UNKNOWN && look_at(below) == Found::folder);
    if (is_folder) watch_tree(below, depth + 1);
  }
}

void ChangeWatch::State::watch_root(const std::string& path) {
  switch (look_at(path)) {
    case Found::nothing: missing.insert(path); return;
    case Found::folder: watch_tree(path, 0); break;
    case Found::other: break;
  }
  // Through its folder, so that a replacement by rename is seen.
  if (auto* folder = watch(parent_of(path))) folder->names.insert(name_of(path));
}

bool ChangeWatch::State::handle(const inotify_event& event) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    // What was missed may include new folders.
    for (const auto& root : roots) watch_root(root);
    return true;
  }
  const auto found = folders.find(event.wd);
  if (found == folders.end()) return false;
  if ((event.mask & IN_IGNORED) != 0) {
    folders.erase(found);
    return false;
  }
  const std::string name = event.len > 0 ? event.name : "";
  const auto path = found->second.path + "/" + name;
  const bool counts = found->second.is_whole || found->second.names.contains(name);
  const bool is_new_folder =
      (event.mask & IN_ISDIR) != 0 && (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0;
  if (counts && is_new_folder) watch_tree(path, 0);
  return counts;
}

bool ChangeWatch::State::read_events() {
  bool is_changed = false;
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  while (true) {
    const auto got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return is_changed;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      is_changed |= handle(*event);
      at += sizeof(inotify_event) + event->len;
    }
  }
}

ChangeWatch::ChangeWatch(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChangeWatch::~ChangeWatch() = default;

base::Result<std::unique_ptr<ChangeWatch>> ChangeWatch::open(std::vector<std::string> paths) {
  auto state = std::make_unique<State>();
  state->fd = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!state->fd.valid()) {
    return base::Error::from_errno(errno, "can't watch for changes")
        .with_hint("raise fs.inotify.max_user_instances; until then only sweeps find changes");
  }
  state->roots = std::move(paths);
  for (const auto& root : state->roots) state->watch_root(root);
  return std::unique_ptr<ChangeWatch>(new ChangeWatch(std::move(state)));
}

bool ChangeWatch::take() {
  bool is_changed = state_->read_events();
  for (const auto& path : std::set<std::string>(state_->missing)) {
    if (look_at(path) == Found::nothing) continue;
    state_->missing.erase(path);
    state_->watch_root(path);
    is_changed = true;
  }
  return is_changed;
}

const std::vector<std::string>& ChangeWatch::gaps() const noexcept { return state_->gaps; }

}  // namespace holdfast::io
