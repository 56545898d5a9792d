// From a pipe into the buffers of a snapshot's writer.
#include "source/command/capture.hpp"

#include <unistd.h>

#include "base/units.hpp"
#include "files/owner_names.hpp"
#include "repository/path_key.hpp"
#include "source/files/posix_attributes.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t name_size_max = 255;
// Nobody knows how much will come: as much as makes it a stream.
constexpr std::uint64_t expected_size = 64 * base::MiB;

Result<repository::Entry> entry_of(const CommandCaptureOptions& options) {
  OwnerNames owners;
  PosixAttributes attributes;
  attributes.mode = 0600;
  attributes.uid = ::geteuid();
  attributes.gid = ::getegid();
  attributes.user = owners.user_name(attributes.uid);
  attributes.group = owners.group_name(attributes.gid);
  attributes.mtime = options.modified.nanoseconds;
  repository::Entry entry;
  entry.key = TRY(repository::key_of_path("/" + options.name));
  entry.kind = repository::EntryKind::file;
  entry.attributes = encode_attributes(attributes);
  return entry;
}

Result<std::uint64_t> copy_output(io::ChildStream& child, repository::EntrySink& sink,
                                  const CommandCaptureProgress& progress) {
  std::uint64_t size = 0;
  while (true) {
    const auto room = TRY(sink.buffer());
    const auto got = TRY(child.read(room));
    if (got == 0) break;
    TRY(sink.filled(got));
    size += got;
    if (progress) progress(size);
  }
  TRY(child.finish());
  return size;
}

}  // namespace

Result<void> check_command_file_name(const std::string& name) {
  if (!name.empty() && name.size() <= name_size_max && name != "." && name != ".." &&
      name.find('/') == std::string::npos && name.find('\0') == std::string::npos) {
    return {};
  }
  return Error(ErrorCode::invalid_argument,
               "'" + base::printable(name) + "' can't be the name of a file")
      .with_hint("write name: and a name without slashes");
}

Result<std::uint64_t> capture_command(CommandCaptureOptions options, repository::EntrySink& sink,
                                      const CommandCaptureProgress& progress,
                                      std::stop_token stop) {
  TRY(check_command_file_name(options.name));
  auto entry = TRY(entry_of(options));
  const auto child = TRY(io::ChildStream::start(std::move(options.command), std::move(stop)));
  TRY(sink.begin_content(expected_size));
  const auto size = copy_output(*child, sink, progress);
  if (!size.ok()) {
    sink.abandon_content();
    return size.error();
  }
  if (size.value() == 0) sink.warn("/" + options.name, "the command printed nothing");
  TRY(sink.end_content(std::move(entry)));
  return size.value();
}

}  // namespace holdfast::source
