// git archive, into a file that gets its name when it is whole.
#include "source/git/archive.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/units.hpp"
#include "git_program.hpp"
#include "io/file.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

std::vector<std::string> at(const GitArchiveOptions& options, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"-C", options.repository, "-c", "safe.directory=*"});
  return arguments;
}

// The commit that a name means: a tag before a branch before anything else.
Result<std::string> commit_of(const GitArchiveOptions& options, const GitSurroundings& surroundings,
                              const std::stop_token& stop) {
  for (const auto& name :
       {"refs/tags/" + options.name, "refs/heads/" + options.name, options.name}) {
    if (name.starts_with('-')) continue;
    const auto answer = TRY(ask_git(
        {.arguments = at(options, {"rev-parse", "--quiet", "--verify", name + "^{commit}"})},
        surroundings, stop));
    auto id = answer.output.substr(0, answer.output.find('\n'));
    if (answer.status == 0 && !id.empty()) return id;
  }
  return Error(ErrorCode::not_found, "the repository has no tag, branch or commit '" +
                                         base::printable(options.name) + "'")
      .with_hint("restore all of it, and git show-ref lists what there is");
}

Result<std::uint64_t> write_archive(io::ChildStream& child, const std::string& path) {
  const auto file = TRY(io::open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
  base::Bytes buffer(256 * base::KiB);
  std::uint64_t size = 0;
  while (const auto got = TRY(child.read(buffer))) {
    TRY(io::write_all(file.get(), base::ByteView(buffer).first(got)));
    size += got;
  }
  TRY(child.finish());
  TRY(io::sync_file(file.get()));
  return size;
}

}  // namespace

Result<std::uint64_t> archive_git_tree(const GitArchiveOptions& options,
                                       const GitSurroundings& surroundings, std::stop_token stop) {
  const auto commit = TRY(commit_of(options, surroundings, stop));
  std::vector<std::string> complaints;
  const auto command = git_command(
      {.arguments = at(options, {"archive", "--format=tar", "--prefix=" + options.prefix, commit})},
      surroundings, complaints);
  const auto child = TRY(io::ChildStream::start(command, std::move(stop)));
  const auto partial = options.file + ".part";
  const auto size = write_archive(*child, partial);
  if (!size.ok() || ::rename(partial.c_str(), options.file.c_str()) != 0) {
    auto error = size.ok() ? Error::from_errno(errno, "cannot name the archive") : size.error();
    (void)::unlink(partial.c_str());
    return error;
  }
  TRY(io::sync_directory(std::filesystem::path(options.file).parent_path().string()));
  return size.value();
}

}  // namespace holdfast::source
