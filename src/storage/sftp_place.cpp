// The translation of answers. OpenSSH's server says no_such_file for ENOENT and ENOTDIR,
// permission_denied for EPERM and EACCES, and failure for nearly everything else; what "failure"
// means is found out by asking again.
#include "sftp_place.hpp"

#include <utility>

#include "answers.hpp"
#include "local_root.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t durable_directories_max = 8192;
constexpr std::uint64_t full_below = 1024 * 1024;  // bytes free

}  // namespace

SftpPlace::SftpPlace(SftpUrl url, io::Executor& executor, SftpConnectionOptions options,
                     std::size_t connections_max)
    : pool_(std::move(url), executor, std::move(options), connections_max),
      description_(describe_sftp_place(pool_.url())),
      sign_(upload_directory) {}

std::string SftpPlace::path_of(std::string_view name) const {
  std::string path = pool_.url().path;
  if (name.empty() || name == ".") return path;
  path += '/';
  path += name;
  return path;
}

std::string SftpPlace::name_of(const std::string& path) const {
  const std::string root = path_of("") + "/";
  return path.starts_with(root) ? path.substr(root.size()) : std::string();
}

base::Result<void> SftpPlace::verify(SftpConnection& connection) {
  const std::string path = path_of(sign_);
  auto asked = connection.send([&](auto id) { return encode_sftp_stat(id, path); });
  const SftpReply reply = TRY(connection.wait(asked));
  if (reply.kind == SftpReply::Kind::attributes) return {};
  if (is_status(reply, SftpStatus::no_such_file)) {
    return Error(ErrorCode::unavailable,
                 description_ + " is not there, or is another directory than before")
        .with_retry(base::Retry::may_help)
        .with_hint("mount the file system that holds the repository on the server, then run again");
  }
  return Error(ErrorCode::unavailable,
               "cannot look at " + description_ + ": " + base::printable(reply.message))
      .with_retry(base::Retry::may_help)
      .with_hint("check the directory on the server");
}

Error SftpPlace::failure(SftpConnection& connection, const SftpReply& reply, std::string_view doing,
                         std::string_view name) {
  if (is_status(reply, SftpStatus::no_such_file)) {
    auto still = verify(connection);
    if (!still.ok()) return std::move(still).error();
    return absent(name, description_);
  }
  std::string what = "cannot ";
  what += doing;
  what += ' ';
  what += description_;
  if (!name.empty()) {
    what += '/';
    what += name;
  }
  what += ": the server says ";
  what += reply.message.empty() ? "no" : base::printable(reply.message);
  if (is_status(reply, SftpStatus::permission_denied)) {
    return Error(ErrorCode::permission_denied, what)
        .with_hint(
            "log in as the user who owns the repository, or correct the owner and the mode "
            "of its files on the server");
  }
  if (is_status(reply, SftpStatus::no_connection) ||
      is_status(reply, SftpStatus::connection_lost)) {
    return Error(ErrorCode::unavailable, what).with_retry(base::Retry::may_help);
  }
  if (is_status(reply, SftpStatus::failure) && (doing == "write" || doing == "sync")) {
    auto free = free_bytes(connection);
    if (free.ok() && free.value() && *free.value() < full_below) {
      return Error(ErrorCode::no_space, what + "; its disk is full")
          .with_hint("make room on the server, then run again");
    }
  }
  return Error(ErrorCode::io, what)
      .with_hint("see the server's log; is its disk full, or a quota used up?");
}

base::Result<std::string> SftpPlace::open(SftpConnection& connection, std::string_view name,
                                          SftpOpen how) {
  const std::string path = path_of(name);
  auto asked = connection.send([&](auto id) { return encode_sftp_open(id, path, how); });
  SftpReply reply = TRY(connection.wait(asked));
  if (reply.kind == SftpReply::Kind::handle) return std::move(reply.handle);
  // Where OpenSSH opens a directory and then reads nothing from it, others refuse. It is no object.
  if (how == SftpOpen::read && is_status(reply, SftpStatus::failure)) {
    const auto about = stat(connection, name);
    if (about.ok() && about.value().type() == SftpAttributes::Type::directory)
      return absent(name, description_);
  }
  return failure(connection, reply, how == SftpOpen::create_new ? "create" : "open", name);
}

base::Result<SftpAttributes> SftpPlace::stat(SftpConnection& connection, std::string_view name) {
  const std::string path = path_of(name);
  auto asked = connection.send([&](auto id) { return encode_sftp_stat(id, path); });
  const SftpReply reply = TRY(connection.wait(asked));
  if (reply.kind == SftpReply::Kind::attributes) return reply.attributes;
  return failure(connection, reply, "stat", name);
}

void SftpPlace::close(SftpConnection& connection, std::string_view handle) {
  (void)connection.send([&](auto id) { return encode_sftp_close(id, handle); });
}

base::Result<void> SftpPlace::make_directory(SftpConnection& connection, std::string_view name) {
  const std::string path = path_of(name);
  auto asked = connection.send([&](auto id) { return encode_sftp_make_directory(id, path); });
  const SftpReply reply = TRY(connection.wait(asked));
  if (is_ok(reply)) return {};
  // OpenSSH's server doesn't tell "exists" from other failures.
  const auto there = stat(connection, name);
  if (there.ok() && there.value().type() == SftpAttributes::Type::directory) return {};
  if (!there.ok() && there.error().code() != ErrorCode::not_found) return there.error();
  if (there.ok() && !is_status(reply, SftpStatus::permission_denied)) {
    return Error(ErrorCode::invalid_argument, "the name '" + std::string(name) +
                                                  "' is that of another object in " + description_);
  }
  return failure(connection, reply, "make directory", name);
}

base::Result<void> SftpPlace::make_parents(SftpConnection& connection, std::string_view name) {
  for (auto slash = name.find('/'); slash != std::string_view::npos;
       slash = name.find('/', slash + 1)) {
    const std::string directory(name.substr(0, slash));
    {
      const std::lock_guard lock(mutex_);
      if (durable_.contains(directory)) continue;
    }
    TRY(make_directory(connection, directory));
    TRY(sync_directories(connection, {directory_of(directory)}));
    const std::lock_guard lock(mutex_);
    if (durable_.size() >= durable_directories_max) durable_.clear();
    durable_.insert(directory);
  }
  return {};
}

void SftpPlace::forget_directories() {
  const std::lock_guard lock(mutex_);
  durable_.clear();
}

// Servers on systems that don't open directories as files give them no sync either; those still
// list them. A server that can't do that has run out of something.
base::Result<bool> SftpPlace::has_no_sync(SftpConnection& connection, const SftpReply& reply,
                                          const std::string& path) {
  if (is_status(reply, SftpStatus::no_such_file) ||
      is_status(reply, SftpStatus::permission_denied) ||
      is_status(reply, SftpStatus::unsupported)) {
    return true;
  }
  auto asked = connection.send([&](auto id) { return encode_sftp_open_directory(id, path); });
  const SftpReply listed = TRY(connection.wait(asked));
  if (listed.kind != SftpReply::Kind::handle) return false;
  close(connection, listed.handle);
  return true;
}

base::Result<void> SftpPlace::sync_directories(SftpConnection& connection,
                                               const std::vector<std::string>& directories) {
  std::vector<std::string> paths;
  paths.reserve(directories.size());
  for (const std::string& directory : directories) paths.push_back(path_of(directory));
  return sync_paths(connection, paths);
}

base::Result<void> SftpPlace::sync_paths(SftpConnection& connection,
                                         const std::vector<std::string>& paths) {
  if (!connection.server().fsync) return {};
  std::vector<SftpConnection::Ticket> opened;
  for (const std::string& path : paths) {
    opened.push_back(
        connection.send([&](auto id) { return encode_sftp_open(id, path, SftpOpen::read); }));
  }
  std::vector<SftpConnection::Ticket> synced;
  std::optional<Error> failed;  // all are waited for: what was opened is closed
  for (std::size_t i = 0; i < opened.size(); ++i) {
    const SftpReply reply = TRY(connection.wait(opened[i]));
    if (reply.kind != SftpReply::Kind::handle) {
      const bool without = TRY(has_no_sync(connection, reply, paths[i]));
      if (!without && !failed) failed = failure(connection, reply, "sync", name_of(paths[i]));
      continue;
    }
    synced.push_back(connection.send([&](auto id) { return encode_sftp_fsync(id, reply.handle); }));
    close(connection, reply.handle);
  }
  for (auto& one : synced) {
    const SftpReply reply = TRY(connection.wait(one));
    if (!is_ok(reply)) return failure(connection, reply, "sync", name_of(paths.front()));
  }
  if (failed) return *failed;
  return {};
}

base::Result<std::optional<std::uint64_t>> SftpPlace::free_bytes(SftpConnection& connection) {
  if (!connection.server().statvfs) return std::optional<std::uint64_t>();
  const std::string path = path_of("");
  auto asked = connection.send([&](auto id) { return encode_sftp_statvfs(id, path); });
  const SftpReply reply = TRY(connection.wait(asked));
  if (reply.kind != SftpReply::Kind::extended) {
    return failure(connection, reply, "ask for the free space of", "");
  }
  return std::optional<std::uint64_t>(TRY(decode_sftp_free_bytes(reply.extended)));
}

}  // namespace holdfast::storage
