// Pushing all refs but those that belong to one clone, and how far a place is behind.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

#include "git_program.hpp"
#include "source/git/mirror.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// Folders below refs/ that are one clone's, or that a forge makes and lets nobody push.
constexpr std::array<std::string_view, 13> own_folders{
    "remotes",        "bisect",      "worktree",     "rewritten", "original",
    "prefetch",       "pull",        "pull-request", "pipelines", "merge-requests",
    "merge_requests", "keep-around", "environments"};

// The folder below refs/, with its '/'; empty: there is none, as of refs/stash.
std::string_view folder_of(std::string_view name) {
  name.remove_prefix(std::string_view("refs/").size());
  const auto slash = name.find('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash + 1);
}

// No repository takes a ref without a folder from a push.
bool is_pushed(std::string_view name) {
  const auto folder = folder_of(name);
  return !folder.empty() &&
         std::none_of(own_folders.begin(), own_folders.end(), [&](std::string_view own) {
           return folder.size() == own.size() + 1 && folder.starts_with(own);
         });
}

using RefMap = std::map<std::string, std::string>;

RefMap pushed(const GitRefs& refs) {
  RefMap map;
  for (const auto& ref : refs.refs) {
    if (is_pushed(ref.name)) map[ref.name] = ref.id;
  }
  return map;
}

std::uint64_t count_differences(const RefMap& ours, const RefMap& theirs) {
  std::uint64_t count = 0;
  for (const auto& [name, id] : ours) {
    const auto there = theirs.find(name);
    if (there == theirs.end() || there->second != id) ++count;
  }
  for (const auto& [name, id] : theirs) count += ours.contains(name) ? 0 : 1;
  return count;
}

std::vector<std::string> refspecs_for(const RefMap& ours, const RefMap& theirs) {
  std::set<std::string> folders{"heads/", "tags/"};
  for (const auto* map : {&ours, &theirs}) {
    for (const auto& [name, id] : *map) folders.emplace(folder_of(name));
  }
  std::vector<std::string> refspecs;
  for (const auto& folder : folders) {
    const auto names = "refs/" + folder + "*";
    refspecs.push_back("+" + names + ":" + names);
  }
  return refspecs;
}

// Those of `ids` that the repository has.
Result<std::set<std::string>> known_of(const std::set<std::string>& ids, const std::string& objects,
                                       const GitSurroundings& surroundings,
                                       const std::stop_token& stop) {
  std::string input;
  for (const auto& id : ids) input += id + "\n";
  std::set<std::string> known;
  if (input.empty()) return known;
  const auto output =
      TRY(run_git({.arguments = {"-c", "safe.directory=*", "-C", objects, "cat-file",
                                 "--batch-check=%(objectname) %(objecttype)"},
                   .input = std::move(input)},
                  surroundings, stop));
  std::string_view rest = output;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!line.ends_with(" missing")) known.emplace(line.substr(0, line.find(' ')));
  }
  return known;
}

// The smallest of the numbers at the beginnings of lines.
std::optional<base::Time> oldest_of(std::string_view lines) {
  std::optional<std::int64_t> oldest;
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    std::int64_t seconds = 0;
    const auto got = std::from_chars(lines.data(), lines.data() + end, seconds);
    if (got.ec == std::errc() && (!oldest || seconds < *oldest)) oldest = seconds;
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  if (!oldest) return std::nullopt;
  return base::Time{} + base::seconds(*oldest);
}

}  // namespace

Result<GitPushReport> GitMirror::push(const GitAddress& to, std::stop_token stop) {
  const auto ours = TRY(refs(stop));
  const auto there = TRY(list_git_refs(to, {}, surroundings_, stop));
  const auto wanted = pushed(ours);
  const auto present = pushed(there);
  GitPushReport report{.head_id = ours.head_id};
  report.refs_changed = count_differences(wanted, present);
  if (report.refs_changed > 0) {
    GitCall call{.arguments = {"push", "--prune", "--no-verify", "--no-follow-tags", "--no-signed",
                               "--recurse-submodules=no", "--progress", "--", to.text},
                 .directory = directory_,
                 .words = GitCall::Words::followed};
    const auto refspecs = refspecs_for(wanted, present);
    call.arguments.insert(call.arguments.end(), refspecs.begin(), refspecs.end());
    TRY(run_git(call, surroundings_, stop));
  }
  // Where it is a folder of ours, a clone of it begins where one of the source does.
  if (to.kind == GitAddress::Kind::path && !ours.head_ref.empty() &&
      there.head_ref != ours.head_ref) {
    const auto set =
        ask_git({.arguments = {"symbolic-ref", "HEAD", ours.head_ref}, .directory = to.text},
                surroundings_, stop);
    if (!set.ok() && set.error().code() == ErrorCode::cancelled) return set.error();
  }
  return report;
}

Result<GitLag> git_lag(const GitRefs& ours, const GitRefs& theirs, const std::string& objects,
                       const GitSurroundings& surroundings, std::stop_token stop) {
  const auto wanted = pushed(ours);
  const auto present = pushed(theirs);
  GitLag lag{.refs = count_differences(wanted, present)};
  if (lag.refs == 0 || objects.empty()) return lag;
  std::set<std::string> missing;
  std::set<std::string> there;
  for (const auto& [name, id] : present) there.insert(id);
  for (const auto& [name, id] : wanted) {
    if (!there.contains(id)) missing.insert(id);
  }
  std::string input;
  const auto tips = TRY(known_of(missing, objects, surroundings, stop));
  for (const auto& id : tips) input += id + "\n";
  if (input.empty()) return lag;
  const auto bounds = TRY(known_of(there, objects, surroundings, stop));
  for (const auto& id : bounds) input += "^" + id + "\n";
  const auto lines = TRY(run_git(
      {.arguments = {"-c", "safe.directory=*", "-C", objects, "rev-list", "--timestamp", "--stdin"},
       .input = std::move(input)},
      surroundings, stop));
  lag.oldest = oldest_of(lines);
  return lag;
}

}  // namespace holdfast::source
