// A git repository is captured as the files of our bare mirror of it, so that unchanged packs cost
// nothing and what comes back is a repository.
#include "git_component.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "engine/commit_watch.hpp"
#include "engine/mirror_lag.hpp"
#include "run_log.hpp"
#include "secret_variables.hpp"
#include "source/git/archive.hpp"
#include "source/git/mirror.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// A component's name as that of a file: what could lead elsewhere is written as %XX.
std::string file_name_of(const std::string& name) {
  std::string text;
  for (const char c : name) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                          (c == '.' && !text.empty());
    if (is_plain) {
      text.push_back(c);
    } else {
      text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

std::string mirror_directory(const Workplace& workplace, const strategy::Component& component) {
  return workplace.state_directory + "/git/" + file_name_of(component.name);
}

Result<source::GitAddress> source_of(const Workplace& workplace,
                                     const strategy::Component& component) {
  if (component.kind != strategy::ComponentKind::git) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("component {} is no git repository", component.name));
  }
  const auto& settings = component.source;
  const auto& folder = workplace.strategy.folder;
  if (const auto& url = settings.word("url"); !url.empty()) {
    return source::parse_git_address(url, folder);
  }
  // A path is one whatever it looks like.
  return source::parse_git_address((std::filesystem::path(folder) / settings.word("path")).string(),
                                   folder);
}

Result<source::GitAddress> address_of(const Workplace& workplace,
                                      const strategy::Location& location) {
  if (location.is_object_store()) {
    return Error(ErrorCode::unsupported,
                 fmt::format("{} is a bucket, and a git repository can't be mirrored into one",
                             location.name))
        .with_hint("send the plan to a repository there: url instead of mirror");
  }
  return source::parse_git_address(location.url, workplace.strategy.folder)
      .with_context("location " + location.name);
}

source::GitSurroundings surroundings_of(const Workplace& workplace, RunLog& log,
                                        const ProgressCall& progress, base::Duration stall) {
  source::GitSurroundings made{.hidden_variables = secret_variables(workplace.strategy)};
  made.on_line = [&log](std::string_view line) { log.add(line); };
  made.on_progress = [&progress](std::string_view line) {
    if (progress) progress({.current = std::string(line)});
  };
  if (stall.nanoseconds > 0) made.stall = stall;
  return made;
}

source::GitRefreshOptions refresh_options(const source::GitAddress& from,
                                          const strategy::Component& component) {
  using LargeFiles = source::GitRefreshOptions::LargeFiles;
  const bool leaves = component.source.word("lfs") == "false";
  return {.from = from,
          .patterns = component.source.list("refs"),
          .large_files = leaves ? LargeFiles::leave : LargeFiles::take};
}

repository::Tags with_commit(const repository::Tags& given,
                             const source::GitRefreshReport& refreshed) {
  std::map<std::string, std::string> tags(given.begin(), given.end());
  if (!refreshed.head_id.empty()) tags[std::string(commit_tag)] = refreshed.head_id;
  constexpr std::string_view branches = "refs/heads/";
  if (refreshed.head_ref.starts_with(branches)) {
    tags[std::string(branch_tag)] = base::printable(refreshed.head_ref.substr(branches.size()));
  }
  return {tags.begin(), tags.end()};
}

Result<source::GitRefs> refs_of(const source::GitAddress& address,
                                const strategy::Component& component,
                                const source::GitSurroundings& surroundings, std::stop_token stop) {
  return source::list_git_refs(address, component.source.list("refs"), surroundings,
                               std::move(stop));
}

}  // namespace

Result<BackupReport> capture_git_component(const Workplace& workplace,
                                           const CaptureRequest& request,
                                           repository::Repository& repository,
                                           const ProgressCall& progress, std::stop_token stop) {
  const auto& component = request.component;
  RunLog log(workplace, request.run);
  const auto from = TRY(source_of(workplace, component));
  // Held until the snapshot is there: nothing changes what is being captured.
  const auto mirror =
      TRY(source::GitMirror::open(mirror_directory(workplace, component),
                                  surroundings_of(workplace, log, progress, request.stall), stop));
  const auto refreshed = TRY_CONTEXT(mirror->refresh(refresh_options(from, component), stop),
                                     base::printable(from.text));
  BackupOptions options;
  options.capture.roots = {mirror->directory()};
  options.capture.excludes = {"/lfs/objects/**/*.part"};
  options.source = strategy::component_kind_name(component.kind);
  options.host = workplace.host;
  options.label = component.name;
  options.tags = with_commit(request.tags, refreshed);
  options.command = "strategy " + workplace.strategy.name;
  auto report = TRY(back_up(repository, options, progress, stop));
  for (const auto& warning : refreshed.warnings) {
    report.warnings.push_back({.path = from.text, .message = warning});
    ++report.warning_count;
  }
  return report;
}

Result<std::vector<std::string>> refresh_git_component(const Workplace& workplace,
                                                       const strategy::Component& component,
                                                       const std::string& run,
                                                       const ProgressCall& progress,
                                                       std::stop_token stop) {
  RunLog log(workplace, run);
  const auto from = TRY(source_of(workplace, component));
  const auto mirror = TRY(
      source::GitMirror::open(mirror_directory(workplace, component),
                              surroundings_of(workplace, log, progress, base::Duration{}), stop));
  auto refreshed = TRY_CONTEXT(mirror->refresh(refresh_options(from, component), stop),
                               base::printable(from.text));
  return std::move(refreshed.warnings);
}

Result<MirrorPushReport> push_to_mirror(const Workplace& workplace, const MirrorPush& what,
                                        const ProgressCall& progress, std::stop_token stop) {
  RunLog log(workplace, what.run);
  const auto to = TRY(address_of(workplace, what.location));
  const auto mirror = TRY(
      source::GitMirror::open(mirror_directory(workplace, what.component),
                              surroundings_of(workplace, log, progress, base::Duration{}), stop));
  const auto pushed = TRY(mirror->push(to, std::move(stop)));
  MirrorPushReport report{.commit = pushed.head_id, .refs_changed = pushed.refs_changed};
  if (report.commit.empty()) report.commit = std::string(40, '0');
  std::error_code error;
  if (std::filesystem::exists(mirror->directory() + "/lfs/objects", error)) {
    report.warnings.push_back(
        fmt::format("large files (Git LFS) aren't pushed to {}", what.location.name));
  }
  return report;
}

Result<std::string> commit_state(const Workplace& workplace, const strategy::Component& component,
                                 std::stop_token stop) {
  RunLog log(workplace, {});
  const ProgressCall silent;
  const auto from = TRY(source_of(workplace, component));
  const auto surroundings = surroundings_of(workplace, log, silent, base::minutes(2));
  const auto refs = TRY(refs_of(from, component, surroundings, std::move(stop))
                            .with_context(base::printable(from.text)));
  return source::git_refs_fingerprint(refs);
}

Result<MirrorLag> mirror_lag(const Workplace& workplace, const strategy::Component& component,
                             const strategy::Location& location, std::stop_token stop) {
  RunLog log(workplace, {});
  const ProgressCall silent;
  const auto from = TRY(source_of(workplace, component));
  const auto to = TRY(address_of(workplace, location));
  const auto surroundings = surroundings_of(workplace, log, silent, base::minutes(2));
  const auto ours =
      TRY(refs_of(from, component, surroundings, stop).with_context(base::printable(from.text)));
  const auto theirs = TRY(
      source::list_git_refs(to, {}, surroundings, stop).with_context("location " + location.name));
  // Of a remote repository our copy knows the commits that came with the last run.
  auto objects = from.text;
  if (from.kind == source::GitAddress::Kind::url) {
    objects = mirror_directory(workplace, component);
    std::error_code error;
    if (!std::filesystem::exists(objects + "/HEAD", error)) objects.clear();
  }
  const auto lag = TRY(source::git_lag(ours, theirs, objects, surroundings, std::move(stop)));
  MirrorLag made{.location = location.name, .refs_behind = lag.refs, .oldest_commit = lag.oldest};
  if (lag.oldest) made.age = workplace.clock.now() - *lag.oldest;
  return made;
}

namespace {

// Where the mirror lay when it was captured; it may have been on another machine.
Result<source::FilesRestoreOptions> whole_repository(repository::Repository& repository,
                                                     const GitRestore& what) {
  const auto list = TRY(repository::list_snapshots(repository));
  const auto snapshot = TRY(repository::choose_snapshot(list, what.snapshot));
  const auto& paths = snapshot.summary.paths;
  if (paths.size() != 1) {
    return Error(ErrorCode::damaged, "the snapshot isn't of one git repository");
  }
  auto options = what.files;
  options.path = base::as_text(paths.front());
  return options;
}

class RemovedAtEnd {
 public:
  explicit RemovedAtEnd(std::string path) : path_(std::move(path)) {}
  RemovedAtEnd(const RemovedAtEnd&) = delete;
  RemovedAtEnd& operator=(const RemovedAtEnd&) = delete;
  ~RemovedAtEnd() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

Result<RestoreReport> restore_archive(const Workplace& workplace, const GitRestore& what,
                                      repository::Repository& repository,
                                      const ProgressCall& progress, std::stop_token stop) {
  using Options = source::FilesRestoreOptions;
  auto options = TRY(whole_repository(repository, what));
  auto plain = what.archive;
  std::replace(plain.begin(), plain.end(), '/', '-');
  const auto name = file_name_of(what.component.name) + "-" + file_name_of(plain);
  const source::GitArchiveOptions archive{
      .repository = what.files.target + "/.holdfast-" + what.snapshot.substr(0, 16),
      .name = what.archive,
      .prefix = name + "/",
      .file = what.files.target + "/" + name + ".tar"};
  std::error_code error;
  RestoreReport report;
  const bool is_kept = options.overwrite == Options::Overwrite::never &&
                       std::filesystem::exists(archive.file, error);
  if (!is_kept && options.run == Options::Run::real) {
    const RemovedAtEnd scratch(archive.repository);
    options.target = scratch.path();
    options.includes.clear();
    report = TRY(restore(repository, what.snapshot, options, progress, stop));
    if (report.files.damaged || report.files.totals.failures > 0) return report;
    RunLog log(workplace, {});
    const auto size = TRY(source::archive_git_tree(
        archive, surroundings_of(workplace, log, progress, base::Duration{}), std::move(stop)));
    report.files.totals = {.files = 1, .bytes = size, .bytes_written = size};
    return report;
  }
  report.snapshot =
      TRY(repository::choose_snapshot(TRY(repository::list_snapshots(repository)), what.snapshot))
          .id;
  report.files.totals = {.files = 1, .unchanged = is_kept ? 1U : 0U};
  return report;
}

}  // namespace

Result<RestoreReport> restore_git_component(const Workplace& workplace, const GitRestore& what,
                                            repository::Repository& repository,
                                            const ProgressCall& progress, std::stop_token stop) {
  if (!what.archive.empty()) {
    return restore_archive(workplace, what, repository, progress, std::move(stop));
  }
  auto options = TRY(whole_repository(repository, what));
  return restore(repository, what.snapshot, options, progress, std::move(stop));
}

std::string git_restore_target(const strategy::Component& component, const std::string& into) {
  return into + "/" + file_name_of(component.name) + ".git";
}

}  // namespace holdfast::engine
