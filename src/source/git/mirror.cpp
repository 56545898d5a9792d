// Following another repository: its refs by `git fetch`, its HEAD, its large files; and mending
// what a killed run left.
#include "source/git/mirror.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/units.hpp"
#include "git_program.hpp"
#include "large_files.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr long lock_interval_ms = 50;
constexpr int cleaning_depth_max = 64;

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

// Removes what git leaves when it is killed: lock files, which would stop every later one, and
// packs that never got their name. Nobody else uses the mirror now. No ref ends with .lock.
enum class Cleaned { locks, packs };
void clean(const std::string& directory, Cleaned what, int depth) {
  const std::unique_ptr<DIR, CloseDirectory> listing(::opendir(directory.c_str()));
  if (!listing || depth > cleaning_depth_max) return;
  while (const auto* item = ::readdir(listing.get())) {
    const std::string_view name = item->d_name;
    if (name == "." || name == "..") continue;
    const auto path = directory + "/" + std::string(name);
    if (item->d_type == DT_DIR) {
      // Objects are many and have no locks.
      const bool is_refs = depth > 0 || name == "refs";
      if (what == Cleaned::locks && is_refs) clean(path, what, depth + 1);
    } else if (what == Cleaned::packs
                   ? name.starts_with("tmp_")
                   : name.ends_with(".lock") || (depth == 0 && name == "gc.pid")) {
      (void)::unlink(path.c_str());
    }
  }
}

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<void> make_directories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return Error::from_errno(error.value(), "cannot make " + base::printable(path));
  (void)::chmod(path.c_str(), 0700);
  return {};
}

// What git shows as a repository's description: of which one this is the mirror.
std::string description_of(const GitAddress& from) { return "Mirror of " + from.text + "\n"; }

Result<void> describe(const std::string& directory, const GitAddress& from) {
  const auto file = TRY(io::open_file(directory + "/description", O_WRONLY | O_CREAT | O_TRUNC));
  return io::write_all(file.get(), base::as_bytes(description_of(from)));
}

bool is_mirror_of(const std::string& directory, const GitAddress& from) {
  const auto text = io::read_file(directory + "/description", 64 * base::KiB);
  return text.ok() && base::as_text(text.value()) == description_of(from);
}

std::string refspecs_of(const std::vector<std::string>& patterns, const GitRefs& theirs) {
  if (patterns.empty()) return "+refs/*:refs/*\n";
  std::string text;
  const auto add = [&](const std::string& name) {
    // Git refuses a name that isn't there; a pattern may match nothing.
    if (name.find('*') == std::string::npos) {
      bool found = false;
      for (const auto& ref : theirs.refs) found = found || ref.name == name;
      if (!found) return;
    }
    text += "+" + name + ":" + name + "\n";
  };
  for (const auto& pattern : patterns) {
    if (pattern.starts_with("refs/")) {
      add(pattern);
    } else {
      add("refs/heads/" + pattern);
      add("refs/tags/" + pattern);
    }
  }
  return text;
}

// HEAD as it shall be here: theirs, unless that one isn't taken.
std::string head_ref_for(const GitRefs& theirs) {
  const std::string* first = nullptr;
  for (const auto& ref : theirs.refs) {
    if (ref.name == theirs.head_ref) return theirs.head_ref;
    if (first == nullptr && ref.name.starts_with("refs/heads/")) first = &ref.name;
  }
  if (theirs.head_ref.empty() || first == nullptr) return theirs.head_ref;
  return *first;
}

Error shallow_repository() {
  return Error(ErrorCode::unsupported, "the repository is shallow: it lacks its history")
      .with_hint("git fetch --unshallow there completes it");
}

Error fetch_failed(Error error) {
  const auto& message = error.message();
  const auto says = [&](std::string_view words) {
    return message.find(words) != std::string::npos;
  };
  if (error.code() != ErrorCode::io) return error;
  if (says("shallow")) return shallow_repository();
  if (says("bad object") || says("missing") || says("corrupt") || says("unable to read") ||
      says("did not send all") || says("loose object") || says("inflate") || says("packfile")) {
    return Error(ErrorCode::damaged, message)
        .with_hint("git fsck there tells what is damaged; what was backed up before stays whole");
  }
  return error;
}

}  // namespace

Result<std::unique_ptr<GitMirror>> GitMirror::open(std::string directory,
                                                   GitSurroundings surroundings,
                                                   std::stop_token stop) {
  CHECK(directory.starts_with('/'), "a mirror has an absolute path");
  std::unique_ptr<GitMirror> mirror(new GitMirror(std::move(directory), std::move(surroundings)));
  TRY_CONTEXT(mirror->lock(stop), "git mirror");
  clean(mirror->directory_, Cleaned::locks, 0);
  clean(mirror->directory_ + "/objects/pack", Cleaned::packs, 0);
  return mirror;
}

Result<void> GitMirror::lock(const std::stop_token& stop) {
  TRY(make_directories(std::filesystem::path(directory_).parent_path().string()));
  lock_ = TRY(io::open_file(directory_ + ".lock", O_RDWR | O_CREAT));
  while (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return Error::from_errno(errno, "cannot lock " + base::printable(directory_));
    }
    if (stop.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
    const timespec pause{.tv_sec = 0, .tv_nsec = lock_interval_ms * 1'000'000L};
    ::nanosleep(&pause, nullptr);
  }
  return {};
}

bool GitMirror::exists() const {
  return is_there(directory_ + "/HEAD") && is_there(directory_ + "/objects");
}

Result<void> GitMirror::make(const GitRefs& like, const std::stop_token& stop) {
  const auto& id = !like.head_id.empty() || like.refs.empty() ? like.head_id : like.refs[0].id;
  const std::string format = id.size() == 64 ? "sha256" : "sha1";
  if (exists()) {
    const auto answer =
        TRY(ask_git({.arguments = {"rev-parse", "--show-object-format"}, .directory = directory_},
                    surroundings_, stop));
    if (id.empty() || (answer.status == 0 && answer.output == format + "\n")) return {};
  }
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
  TRY(make_directories(directory_));
  TRY(run_git(
      {.arguments = {"init", "--quiet", "--bare", "--template=", "--object-format=" + format,
                     "--initial-branch=main", "--", directory_}},
      surroundings_, stop));
  return {};
}

Result<GitRefs> GitMirror::refs(std::stop_token stop) const {
  if (!exists()) return GitRefs{};
  return list_git_refs({.kind = GitAddress::Kind::path, .text = directory_}, {}, surroundings_,
                       std::move(stop));
}

Result<void> GitMirror::fetch(const GitAddress& from, const std::string& refspecs,
                              const std::stop_token& stop) {
  // Each fetch makes one pack: files that stay as they are until they are many.
  GitCall call{.arguments = {"-c", "fetch.unpackLimit=1", "fetch", "--prune", "--no-tags",
                             "--no-write-fetch-head", "--no-auto-maintenance",
                             "--no-recurse-submodules", "--force", "--progress"},
               .directory = directory_,
               .input = refspecs,
               .words = GitCall::Words::followed};
  const auto options = git_reading_options(from);
  call.arguments.insert(call.arguments.end(), options.begin(), options.end());
  call.arguments.insert(call.arguments.end(), {"--stdin", "--", from.text});
  const auto done = run_git(call, surroundings_, stop);
  if (!done.ok()) return fetch_failed(done.error());
  return {};
}

Result<bool> GitMirror::is_whole(const std::stop_token& stop) const {
  const auto answer =
      TRY(ask_git({.arguments = {"fsck", "--connectivity-only", "--no-dangling", "--no-progress"},
                   .directory = directory_},
                  surroundings_, stop));
  return answer.status == 0;
}

Result<void> GitMirror::take_refs(const GitRefreshOptions& options, const GitRefs& theirs,
                                  const std::stop_token& stop) {
  TRY(make(theirs, stop));
  const auto refspecs = refspecs_of(options.patterns, theirs);
  if (refspecs.empty()) return {};
  auto fetched = fetch(options.from, refspecs, stop);
  if (!fetched.ok() && fetched.error().code() != ErrorCode::cancelled && !TRY(is_whole(stop))) {
    // It is our own that is broken: it can be had anew.
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
    TRY(make(theirs, stop));
    fetched = fetch(options.from, refspecs, stop);
  }
  TRY(std::move(fetched));
  TRY(drop_others(options.patterns, stop));
  return check_taken(options, theirs, stop);
}

// Git leaves out, without a word, refs whose history a shallow repository lacks.
Result<void> GitMirror::check_taken(const GitRefreshOptions& options, const GitRefs& theirs,
                                    const std::stop_token& stop) const {
  if (is_there(directory_ + "/shallow")) return shallow_repository();
  const auto own = TRY(refs(stop));
  if (own.refs == theirs.refs) return {};
  // They may have gone on meanwhile.
  const auto now = TRY(list_git_refs(options.from, options.patterns, surroundings_, stop));
  const auto has = [&](const GitRef& wanted) {
    return std::any_of(own.refs.begin(), own.refs.end(),
                       [&](const GitRef& ref) { return ref.name == wanted.name; });
  };
  const auto is_missing = [&](const GitRef& wanted) {
    return std::find(theirs.refs.begin(), theirs.refs.end(), wanted) != theirs.refs.end() &&
           !has(wanted);
  };
  const auto missing = std::find_if(now.refs.begin(), now.refs.end(), is_missing);
  if (missing == now.refs.end()) return {};
  return shallow_repository().with_context("git gave no " + base::printable(missing->name));
}

// What was wanted once and isn't any more: fetch prunes only what it looks at.
Result<void> GitMirror::drop_others(const std::vector<std::string>& patterns,
                                    const std::stop_token& stop) {
  if (patterns.empty()) return {};
  std::string deletions;
  const auto own = TRY(refs(stop));
  for (const auto& ref : own.refs) {
    if (matches_git_patterns(ref.name, patterns)) continue;
    deletions += "delete " + ref.name + '\0' + '\0';
  }
  if (deletions.empty()) return {};
  TRY(run_git({.arguments = {"update-ref", "--stdin", "-z"},
               .directory = directory_,
               .input = std::move(deletions)},
              surroundings_, stop));
  return {};
}

Result<void> GitMirror::take_head(const GitRefreshOptions& options, const GitRefs& theirs,
                                  const std::stop_token& stop) {
  const auto wanted = head_ref_for(theirs);
  if (!wanted.empty()) {
    const auto now =
        TRY(ask_git({.arguments = {"symbolic-ref", "--quiet", "HEAD"}, .directory = directory_},
                    surroundings_, stop));
    if (now.output == wanted + "\n") return {};
    TRY(run_git({.arguments = {"symbolic-ref", "HEAD", wanted}, .directory = directory_},
                surroundings_, stop));
    return {};
  }
  if (theirs.head_id.empty() || !options.patterns.empty()) return {};
  // Detached: its commit may be on no branch.
  const auto now = TRY(
      ask_git({.arguments = {"rev-parse", "--quiet", "--verify", "HEAD"}, .directory = directory_},
              surroundings_, stop));
  const auto symbolic =
      TRY(ask_git({.arguments = {"symbolic-ref", "--quiet", "HEAD"}, .directory = directory_},
                  surroundings_, stop));
  if (symbolic.status != 0 && now.output == theirs.head_id + "\n") return {};
  const auto known =
      TRY(ask_git({.arguments = {"cat-file", "-e", theirs.head_id}, .directory = directory_},
                  surroundings_, stop));
  if (known.status != 0) TRY(fetch(options.from, "HEAD\n", stop));
  TRY(run_git(
      {.arguments = {"update-ref", "--no-deref", "HEAD", theirs.head_id}, .directory = directory_},
      surroundings_, stop));
  return {};
}

Result<void> GitMirror::take_large_files(const GitRefreshOptions& options, GitRefreshReport& report,
                                         const std::stop_token& stop) {
  if (options.large_files == GitRefreshOptions::LargeFiles::leave) return {};
  const auto taken = TRY(take_git_large_files(options.from, directory_, surroundings_, stop));
  report.large_files_added = taken.added;
  report.warnings.insert(report.warnings.end(), taken.warnings.begin(), taken.warnings.end());
  return {};
}

Result<GitRefreshReport> GitMirror::refresh(const GitRefreshOptions& options,
                                            std::stop_token stop) {
  const auto theirs = TRY(list_git_refs(options.from, options.patterns, surroundings_, stop));
  if (options.from.kind == GitAddress::Kind::path) {
    TRY(check_git_repository_is_deep(options.from.text, surroundings_, stop));
  }
  if (theirs.refs.empty() && !options.patterns.empty()) {
    return Error(ErrorCode::not_found, "no ref of the repository matches what refs: says")
        .with_hint("git ls-remote lists those that there are");
  }
  // Of another repository nothing shall stay behind here.
  if (exists() && !is_mirror_of(directory_, options.from)) {
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
  }
  GitRefreshReport report;
  const auto before = TRY(refs(stop));
  const bool is_same = exists() && before.refs == theirs.refs;
  if (!is_same) TRY(take_refs(options, theirs, stop));
  if (!is_same) TRY(describe(directory_, options.from));
  TRY(take_head(options, theirs, stop));
  TRY(take_large_files(options, report, stop));
  if (!is_same) {
    // Many small packs become one now and then; that it fails harms nothing.
    const auto gc =
        ask_git({.arguments = {"-c", "gc.bigPackThreshold=512m", "gc", "--auto", "--quiet"},
                 .directory = directory_},
                surroundings_, stop);
    if (!gc.ok() && gc.error().code() == ErrorCode::cancelled) return gc.error();
  }
  const auto now = TRY(refs(stop));
  report.refs = now.refs.size();
  report.head_ref = now.head_ref;
  report.head_id = now.head_id;
  report.change =
      now == before ? GitRefreshReport::Refs::unchanged : GitRefreshReport::Refs::changed;
  if (now.refs.empty()) report.warnings.emplace_back("the repository has no refs yet");
  return report;
}

}  // namespace holdfast::source
