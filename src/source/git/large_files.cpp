// Copying objects that are named by their hash.
#include "large_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "base/units.hpp"
#include "codec/hash.hpp"
#include "git_program.hpp"
#include "io/file.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t id_size = 64;

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::vector<std::string> names_in(const std::string& path, std::size_t name_size) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, CloseDirectory> listing(::opendir(path.c_str()));
  while (const auto* item = listing ? ::readdir(listing.get()) : nullptr) {
    const std::string_view name = item->d_name;
    if (name.size() == name_size && is_hex(name)) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool has_same_size(const std::string& a, const std::string& b) {
  struct stat of_a{};
  struct stat of_b{};
  return ::stat(a.c_str(), &of_a) == 0 && ::stat(b.c_str(), &of_b) == 0 &&
         of_a.st_size == of_b.st_size;
}

// Whether its bytes are those that its name promises; it is in place then.
Result<bool> copy_object(const std::string& from, const std::string& to, const std::string& id,
                         const std::stop_token& stop) {
  const auto in = TRY(io::open_file(from, O_RDONLY | O_NOFOLLOW));
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(to).parent_path(), error);
  if (error) return Error::from_errno(error.value(), "cannot make the folder of a large file");
  const auto partial = to + ".part";
  {
    const auto out = TRY(io::open_file(partial, O_WRONLY | O_CREAT | O_TRUNC));
    codec::Sha256 hash;
    base::Bytes buffer(base::MiB);
    while (true) {
      if (stop.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
      const auto got = TRY(io::read_some(in.get(), buffer));
      if (got == 0) break;
      const auto piece = base::ByteView(buffer).first(got);
      hash.update(piece);
      TRY(io::write_all(out.get(), piece));
    }
    const auto digest = hash.finish();
    if (base::to_hex(digest) != id) {
      (void)::unlink(partial.c_str());
      return false;
    }
  }
  if (::rename(partial.c_str(), to.c_str()) != 0) {
    return Error::from_errno(errno, "cannot name a large file");
  }
  return true;
}

Result<void> copy_all(const std::string& from, const std::string& mirror, LargeFilesTaken& taken,
                      const std::stop_token& stop) {
  for (const auto& first : names_in(from, 2)) {
    for (const auto& second : names_in(from + "/" + first, 2)) {
      const auto place = first + "/" + second + "/";
      for (const auto& id : names_in(from + "/" + place, id_size)) {
        const auto to = mirror + "/lfs/objects/" + place + id;
        if (has_same_size(from + "/" + place + id, to)) continue;
        const auto done = copy_object(from + "/" + place + id, to, id, stop);
        if (done.ok() && done.value()) {
          ++taken.added;
          continue;
        }
        if (!done.ok() && done.error().code() == ErrorCode::cancelled) return done.error();
        taken.warnings.push_back(
            "large file " + id + ": " +
            (done.ok() ? "its bytes are not what its name says" : done.error().to_string()));
      }
    }
  }
  return {};
}

// A line of output without its end.
std::string line_of(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::vector<std::string> inside(const std::string& path, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"-C", path, "-c", "safe.directory=*"});
  return arguments;
}

Result<bool> names_large_files(const std::string& mirror, const GitSurroundings& surroundings,
                               const std::stop_token& stop) {
  const auto found = TRY(ask_git({.arguments = {"grep", "--quiet", "-F", "-e", "filter=lfs", "HEAD",
                                                "--", ":(glob)**/.gitattributes"},
                                  .directory = mirror},
                                 surroundings, stop));
  return found.status == 0;
}

Result<void> take_remote(const GitAddress& from, const std::string& mirror,
                         const GitSurroundings& surroundings, LargeFilesTaken& taken,
                         const std::stop_token& stop) {
  if (!TRY(names_large_files(mirror, surroundings, stop))) return {};
  const auto version =
      TRY(ask_git({.arguments = {"lfs", "version"}, .directory = mirror}, surroundings, stop));
  if (version.status != 0) {
    taken.warnings.emplace_back(
        "the repository keeps large files with Git LFS, which isn't installed here: they aren't "
        "backed up; install git-lfs");
    return {};
  }
  const auto fetched = TRY(ask_git(
      {.arguments = {"-c", "remote.origin.url=" + from.text, "lfs", "fetch", "--all", "origin"},
       .directory = mirror,
       .words = GitCall::Words::followed},
      surroundings, stop));
  if (fetched.status != 0) {
    taken.warnings.push_back("large files could not be fetched: " + fetched.complaint);
  }
  return {};
}

}  // namespace

Result<LargeFilesTaken> take_git_large_files(const GitAddress& from, const std::string& mirror,
                                             const GitSurroundings& surroundings,
                                             const std::stop_token& stop) {
  LargeFilesTaken taken;
  if (from.kind == GitAddress::Kind::url) {
    TRY(take_remote(from, mirror, surroundings, taken, stop));
    return taken;
  }
  const auto answer = TRY(ask_git(
      {.arguments = inside(from.text, {"rev-parse", "--git-common-dir"})}, surroundings, stop));
  if (answer.status != 0) return Error(ErrorCode::io, answer.complaint);
  const auto place = std::filesystem::path(from.text) / line_of(answer.output) / "lfs" / "objects";
  TRY(copy_all(place.string(), mirror, taken, stop));
  if (::access(place.c_str(), F_OK) != 0 && TRY(names_large_files(mirror, surroundings, stop))) {
    taken.warnings.emplace_back(
        "the repository keeps large files with Git LFS and has none of them: they aren't backed "
        "up; git lfs fetch --all there brings them");
  }
  return taken;
}

Result<void> check_git_repository_is_deep(const std::string& path,
                                          const GitSurroundings& surroundings,
                                          const std::stop_token& stop) {
  const auto answer = TRY(ask_git(
      {.arguments = inside(path, {"rev-parse", "--is-shallow-repository"})}, surroundings, stop));
  if (answer.status != 0) return Error(ErrorCode::io, answer.complaint);
  if (line_of(answer.output) != "true") return {};
  return Error(ErrorCode::unsupported,
               "the repository at " + base::printable(path) + " is shallow: it lacks its history")
      .with_hint("git fetch --unshallow there completes it");
}

}  // namespace holdfast::source
