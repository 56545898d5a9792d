// Names of snapshots in a mount.
#include "snapshot_folders.hpp"

#include <algorithm>
#include <cstring>
#include <set>

namespace holdfast::engine {

namespace {

constexpr auto list_age_max = base::seconds(30);
constexpr std::size_t short_id_size = 8;

// "2026-11-21_07-30-00": no character that a shell, a URL or another file system minds.
std::string folder_time(base::Time time) {
  auto text = base::format_utc(time);
  std::ranges::replace(text, ':', '-');
  std::ranges::replace(text, 'T', '_');
  text.pop_back();
  return text;
}

// One component of a path, whatever the name holds.
std::string folder_name(std::string name) {
  std::ranges::replace(name, '/', '_');
  std::ranges::replace(name, '\0', '_');
  return name.empty() || name == "." || name == ".." ? "_" : name;
}

}  // namespace

SnapshotFolders::SnapshotFolders(repository::Repository& repository,
                                 std::unique_ptr<repository::RepositoryReader> reader)
    : repository_(repository), reader_(std::move(reader)), recent_(*reader_) {}

base::Result<std::unique_ptr<SnapshotFolders>> SnapshotFolders::open(
    repository::Repository& repository) {
  auto reader = TRY(repository::RepositoryReader::open(repository, repository::Following::prunes));
  std::unique_ptr<SnapshotFolders> folders(new SnapshotFolders(repository, std::move(reader)));
  TRY(folders->refresh());
  return folders;
}

base::Result<void> SnapshotFolders::refresh() {
  const auto list = TRY(repository::list_snapshots(repository_));
  Names names;
  const std::lock_guard lock(mutex_);
  for (const auto& snapshot : list.snapshots) {
    const auto& summary = snapshot.summary;
    const auto id = base::to_hex(snapshot.id);
    const auto name = folder_time(summary.started) + "_" + id.substr(0, short_id_size);
    const auto component = folder_name(summary.label.empty() ? summary.host : summary.label);
    names["by-id/" + id] = snapshot.id;
    names["by-time/" + name] = snapshot.id;
    names["by-component/" + component + "/" + name] = snapshot.id;
    auto& mounted = mounted_[snapshot.id];
    if (mounted.tree) continue;
    mounted.tree = std::make_unique<SnapshotTree>(recent_, summary.root);
    mounted.time = summary.started;
    std::memcpy(&mounted.salt, snapshot.id.data(), sizeof mounted.salt);
  }
  names_ = std::move(names);
  listed_ = repository_.environment().clock.monotonic();
  return {};
}

base::Result<void> SnapshotFolders::refresh_if_old() {
  {
    const std::lock_guard lock(mutex_);
    if (repository_.environment().clock.monotonic() - listed_ < list_age_max) return {};
  }
  return refresh();
}

base::Result<SnapshotFolders::Place> SnapshotFolders::find(std::string_view path) {
  const auto relative = path.substr(std::min<std::size_t>(path.size(), 1));
  const std::lock_guard lock(mutex_);
  if (relative.empty()) return Place{};
  // The longest beginning of the path that is a snapshot's folder: at most three components.
  std::size_t end = 0;
  for (int depth = 0; depth < 3 && end != std::string_view::npos; ++depth) {
    end = relative.find('/', end == 0 ? 0 : end + 1);
    const auto found = names_.find(relative.substr(0, end));
    if (found == names_.end()) continue;
    const auto& mounted = mounted_.at(found->second);
    const auto rest = end == std::string_view::npos ? std::string_view() : relative.substr(end);
    return Place{.tree = mounted.tree.get(),
                 .path = rest.empty() ? "/" : std::string(rest),
                 .time = mounted.time,
                 .salt = mounted.salt};
  }
  const auto folder = std::string(relative) + "/";
  const auto below = names_.lower_bound(folder);
  const bool is_top = relative == "by-id" || relative == "by-time" || relative == "by-component";
  if (is_top || (below != names_.end() && below->first.starts_with(folder))) return Place{};
  return base::Error(base::ErrorCode::not_found, "no such folder");
}

base::Result<std::vector<std::string>> SnapshotFolders::list(std::string_view path) {
  TRY(refresh_if_old());
  if (path == "/") return std::vector<std::string>{"by-component", "by-id", "by-time"};
  const auto folder = std::string(path.substr(1)) + "/";
  const std::lock_guard lock(mutex_);
  std::set<std::string> found;
  for (auto each = names_.lower_bound(folder);
       each != names_.end() && each->first.starts_with(folder); ++each) {
    const auto name = std::string_view(each->first).substr(folder.size());
    found.emplace(name.substr(0, name.find('/')));
  }
  return std::vector<std::string>(found.begin(), found.end());
}

}  // namespace holdfast::engine
