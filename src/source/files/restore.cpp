// A whole restore: one task plans windows, this one has them fetched and finishes them.
#include "source/files/restore.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "io/bounded_queue.hpp"
#include "long_path.hpp"
#include "metadata_writer.hpp"
#include "restore_extra.hpp"
#include "restore_planner.hpp"
#include "restore_selection.hpp"
#include "restore_tally.hpp"
#include "restore_writer.hpp"
#include "write_back.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

using WindowPtr = std::unique_ptr<RestoreWindow>;

// mkdir -p. False: it was there.
Result<bool> make_directories(const std::string& path) {
  bool made = false;
  for (std::size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const auto above = path.substr(0, end);
    if (above.empty() || above == "/") continue;
    if (::mkdir(above.c_str(), 0777) == 0) {
      made = true;
    } else if (errno != EEXIST) {
      return Error::from_errno(errno, "cannot make the directory " + base::printable(above));
    }
  }
  return made;
}

Result<RestoreTarget> open_target(const FilesRestoreOptions& options) {
  std::string path = options.target;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (path.empty())
    return Error(ErrorCode::invalid_argument, "no directory to restore into was given");
  RestoreTarget target;
  struct stat there;
  target.existed = ::stat(path.c_str(), &there) == 0;
  if (!target.existed) {
    if (options.run == FilesRestoreOptions::Run::dry) return target;
    target.existed = !TRY(make_directories(path));
  } else if (!S_ISDIR(there.st_mode)) {
    return Error(ErrorCode::invalid_argument, base::printable(path) + " is not a directory")
        .with_hint("name a directory to restore into; it is made if it doesn't exist");
  }
  target.directory = TRY(io::open_file(path, O_RDONLY | O_DIRECTORY));
  return target;
}

class Restore {
 public:
  Restore(const FilesRestoreOptions& options, repository::ContentReader& reader,
          const repository::TreeRoot& root, io::Executor& executor,
          const FilesRestoreProgressCall& progress, std::stop_token stop)
      : options_(options),
        reader_(reader),
        root_(root),
        executor_(executor),
        stop_(std::move(stop)),
        tally_(progress),
        windows_(executor, 1) {}

  Result<FilesRestoreReport> run();

 private:
  Result<void> write_windows(RestoreWriter& writer, WriteBack& write_back);
  Result<void> remove_extra(const RestoreSelection& selection, const RestoreTarget& target);

  const FilesRestoreOptions& options_;
  repository::ContentReader& reader_;
  const repository::TreeRoot& root_;
  io::Executor& executor_;
  std::stop_token stop_;
  RestoreTally tally_;
  io::BoundedQueue<WindowPtr> windows_;
};

Result<void> Restore::write_windows(RestoreWriter& writer, WriteBack& write_back) {
  while (auto window = windows_.pop()) {
    const auto& now = **window;
    if (!now.chunks.empty()) {
      const auto receive = [&](const repository::ChunkId& id,
                               Result<base::ByteView> plaintext) -> Result<void> {
        auto received = writer.receive(now, id, plaintext);
        write_back.note(tally_.bytes_written);
        return received;
      };
      TRY(reader_.fetch(now.chunks, receive, stop_));
    }
    TRY(writer.finish(now));
    tally_.tell();
  }
  return {};
}

// Only beside a whole restore: what is missing may be what the repository has lost.
Result<void> Restore::remove_extra(const RestoreSelection& selection, const RestoreTarget& target) {
  if (tally_.has_failed()) {
    tally_.note("nothing that the snapshot doesn't have was removed, since not all was restored");
    return {};
  }
  if (!target.directory.valid()) return {};
  return ExtraRemoval(options_, selection, target.directory.get(), tally_, stop_)
      .run(reader_, root_);
}

Result<FilesRestoreReport> Restore::run() {
  if (options_.extra == FilesRestoreOptions::Extra::remove && !options_.path.empty()) {
    return Error(ErrorCode::invalid_argument,
                 "what a part of a snapshot doesn't have can't be removed")
        .with_hint("restore the whole snapshot");
  }
  const auto selection = TRY(RestoreSelection::make(options_));
  const auto target = TRY(open_target(options_));
  MetadataWriter metadata(tally_);
  if (target.directory.valid() &&
      ::fgetxattr(target.directory.get(), "system.posix_acl_default", nullptr, 0) > 0) {
    metadata.expect_inherited_lists();
  }
  RestoreWriter writer(target.directory, metadata, tally_);
  RestorePlanner planner(
      {.options = options_,
       .selection = selection,
       .target = target,
       .reader = reader_,
       .root = root_,
       .metadata = metadata,
       .tally = tally_,
       .writer = writer},
      [this](WindowPtr window) -> Result<void> {
        if (windows_.push(std::move(window))) return {};
        return Error(ErrorCode::cancelled, "the restore has ended");
      },
      stop_);
  Result<void> planned;
  const auto task = executor_.spawn("restore plan", [&] {
    planned = planner.run();
    windows_.close();
  });
  WriteBack write_back(executor_, target.directory);
  auto written = write_windows(writer, write_back);
  windows_.abandon();
  task->join();
  // When the windows could not be written, planning ended because of that.
  if (written.ok()) written = std::move(planned);
  if (!written.ok()) {
    writer.remove_unfinished();
    return Error(std::move(written).error());
  }
  if (options_.extra == FilesRestoreOptions::Extra::remove) TRY(remove_extra(selection, target));
  writer.set_forbidding_flags();
  if (options_.run == FilesRestoreOptions::Run::real) TRY(write_back.finish());
  return tally_.report();
}

}  // namespace

Result<FilesRestoreReport> restore_files(const FilesRestoreOptions& options,
                                         repository::ContentReader& reader,
                                         const repository::TreeRoot& root, io::Executor& executor,
                                         const FilesRestoreProgressCall& progress,
                                         std::stop_token stop) {
  return Restore(options, reader, root, executor, progress, std::move(stop)).run();
}

}  // namespace holdfast::source
