// Pipelined writes, and what happens when the connection is lost under them.
//
// Writes carry their offset, so those that were not confirmed are simply sent again over the next
// connection to the same temporary file. What was confirmed and not yet synced may be gone, though,
// if it was the server's machine that failed; so a file that was written over more than one
// connection is read back after its sync and compared by CRC32C with what was appended.
//
// Commit: the rest of the bytes, fsync, a stamp with the server's time (setting the size that it
// has: SFTP's own way to set times would use ours), a hard link to the final name, which fails if
// that is taken, removal of the temporary name, fsync of the directory.
#include "sftp_upload.hpp"

#include <algorithm>
#include <utility>

#include "answers.hpp"
#include "base/random.hpp"
#include "base/units.hpp"
#include "codec/crc32c.hpp"
#include "local_root.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::uint64_t window_size = 4 * base::MiB;

std::string temporary_name() {
  base::SystemRandom random;
  return std::string(upload_directory) + "/" + base::to_hex(random.array<16>());
}

bool is_outage(const Error& error) { return error.code() == ErrorCode::unavailable; }

}  // namespace

// What an append that fails goes back to.
struct SftpUpload::Mark {
  base::Bytes tail;
  std::uint64_t sent;
  std::uint32_t checksum;
};

SftpUpload::SftpUpload(SftpPlace& place) : place_(place), temporary_(temporary_name()) {}

SftpUpload::~SftpUpload() {
  unconfirmed_.clear();
  if (!connection_.is_held()) return;
  if (!handle_.empty()) place_.close(*connection_, handle_);
  if (!exists_) return;
  // Waited for, so that a program that ends now leaves nothing; a lost connection answers at once.
  const std::string path = place_.path_of(temporary_);
  auto removed = connection_->send([&](auto id) { return encode_sftp_remove(id, path); });
  (void)connection_->wait(removed).ok();
}

base::Result<std::unique_ptr<SftpUpload>> SftpUpload::begin(SftpPlace& place) {
  std::unique_ptr<SftpUpload> upload(new SftpUpload(place));
  upload->connection_ = TRY(place.lease());
  TRY(upload->start());
  return upload;
}

base::Result<void> SftpUpload::start() {
  const std::string path = place_.path_of(temporary_);
  const auto create = [&](auto id) { return encode_sftp_open(id, path, SftpOpen::create_new); };
  auto asked = connection_->send(create);
  SftpReply reply = TRY(connection_->wait(asked));
  if (is_status(reply, SftpStatus::no_such_file)) {
    // tmp/ is missing: the root as well? Copies made by tools that skip empty directories lack it.
    TRY(place_.verify(*connection_));
    TRY(place_.make_directory(*connection_, upload_directory));
    asked = connection_->send(create);
    reply = TRY(connection_->wait(asked));
  }
  if (reply.kind != SftpReply::Kind::handle) {
    return place_.failure(*connection_, reply, "create", temporary_);
  }
  handle_ = std::move(reply.handle);
  exists_ = true;
  auto about = connection_->send([&](auto id) { return encode_sftp_fstat(id, handle_); });
  const SftpReply attributes = TRY(connection_->wait(about));
  if (attributes.attributes.modified_at) begun_at_ = *attributes.attributes.modified_at;
  return {};
}

base::Result<void> SftpUpload::reconnect() {
  if (error_) return *error_;
  // What broke one connection has broken the others, too, of which nobody knows yet: each is found
  // out by its first use, until a new one has to be made. Two new ones are enough.
  const std::size_t fruitless_max = place_.pool().connections_max() + 1;
  while (true) {
    const bool ready = !handle_.empty() || linked_for_sure_;
    if (ready && connection_.is_held() && !connection_->is_lost()) return {};
    if (fruitless_ == fruitless_max) return lost_again_and_again();
    ++fruitless_;
    auto opened = reopen();
    const bool found_out = connection_.is_held() && connection_->is_lost();
    if (!opened.ok() && !found_out) return opened;
  }
}

Error SftpUpload::lost_again_and_again() const {
  return Error(ErrorCode::unavailable,
               "cannot write " + place_.description() + "/" + temporary_ +
                   ": one connection after the other is lost before the server takes a byte")
      .with_retry(base::Retry::may_help)
      .with_hint(
          "see the server's log: does its SFTP server end (a limit, a quota)? Or do large packets "
          "get lost on the way (MTU)?");
}

base::Result<void> SftpUpload::reopen() {
  for (Write& write : unconfirmed_) write.ticket = {};
  handle_.clear();
  connection_.release();
  connection_ = TRY(place_.lease());
  continued_ = true;
  const std::string path = place_.path_of(temporary_);
  auto asked =
      connection_->send([&](auto id) { return encode_sftp_open(id, path, SftpOpen::write); });
  SftpReply reply = TRY(connection_->wait(asked));
  if (is_status(reply, SftpStatus::no_such_file)) {
    TRY(place_.verify(*connection_));
    if (linked_for_sure_) return {};
    exists_ = false;
    error_ = Error(ErrorCode::conflict, place_.description() + "/" + temporary_ +
                                            " was removed while it was being written")
                 .with_hint("leave the directories of a repository to holdfast, and run again");
    return *error_;
  }
  if (reply.kind != SftpReply::Kind::handle) {
    return place_.failure(*connection_, reply, "open", temporary_);
  }
  handle_ = std::move(reply.handle);
  if (!unconfirmed_.empty()) {
    read_back_ = 0;
    read_back_checksum_ = 0;
  }
  for (Write& write : unconfirmed_) send(write);
  return {};
}

void SftpUpload::send(Write& write) {
  write.ticket = connection_->send(
      [&](auto id) { return encode_sftp_write(id, handle_, write.offset, write.data); });
}

base::Result<void> SftpUpload::confirm_first() {
  Write& write = unconfirmed_.front();
  const SftpReply reply = TRY(connection_->wait(write.ticket));
  if (!is_ok(reply)) {
    Error error = place_.failure(*connection_, reply, "write", temporary_);
    if (!is_outage(error)) {
      error_ = error;
    } else if (!connection_->is_lost()) {
      // The server's own outage: the write is still wanted, by whoever asks again.
      send(write);
    }
    return error;
  }
  fruitless_ = 0;
  unconfirmed_size_ -= write.data.size();
  unconfirmed_.pop_front();
  return {};
}

base::Result<void> SftpUpload::confirm_down_to(std::uint64_t bytes) {
  while (unconfirmed_size_ > bytes) {
    TRY(reconnect());
    auto confirmed = confirm_first();
    // The next round goes on over another connection.
    if (!confirmed.ok() && !(is_outage(confirmed.error()) && connection_->is_lost())) {
      return confirmed;
    }
  }
  return {};
}

base::Result<void> SftpUpload::take(base::ByteView data) {
  while (!data.empty()) {
    const std::size_t size_max = connection_->write_size_max();
    if (tail_.capacity() == 0) tail_.reserve(std::min(data.size(), size_max));
    const auto piece = data.first(std::min(data.size(), size_max - tail_.size()));
    tail_.insert(tail_.end(), piece.begin(), piece.end());
    data = data.subspan(piece.size());
    if (tail_.size() < size_max) break;
    Write write{.offset = sent_, .data = std::move(tail_), .ticket = {}};
    tail_ = {};
    sent_ += write.data.size();
    unconfirmed_size_ += write.data.size();
    unconfirmed_.push_back(std::move(write));
    send(unconfirmed_.back());
    TRY(confirm_down_to(window_size));
  }
  return {};
}

base::Result<void> SftpUpload::append(base::ByteView data) {
  CHECK(!done_, "append to an upload that was committed");
  fruitless_ = 0;
  TRY(reconnect());
  if (tail_.size() + data.size() < connection_->write_size_max()) {
    checksum_ = codec::crc32c(data, checksum_);
    return take(data);
  }
  Mark mark{.tail = tail_, .sent = sent_, .checksum = checksum_};
  checksum_ = codec::crc32c(data, checksum_);
  auto taken = take(data);
  if (!taken.ok()) {
    // Nothing was taken: what comes instead is written over what went.
    while (!unconfirmed_.empty() && unconfirmed_.back().offset >= mark.sent) {
      unconfirmed_size_ -= unconfirmed_.back().data.size();
      unconfirmed_.pop_back();
    }
    tail_ = std::move(mark.tail);
    sent_ = mark.sent;
    checksum_ = mark.checksum;
  }
  return taken;
}

base::Result<void> SftpUpload::ask(const std::function<base::Bytes(std::uint32_t)>& encode,
                                   std::string_view doing) {
  auto asked = connection_->send(encode);
  const SftpReply reply = TRY(connection_->wait(asked));
  if (is_ok(reply)) return {};
  return place_.failure(*connection_, reply, doing, temporary_);
}

base::Result<void> SftpUpload::make_durable() {
  // The tail stays what it is, so that a repeated commit writes it again; nothing else is sent now.
  SftpConnection::Ticket written;
  if (!tail_.empty()) {
    written =
        connection_->send([&](auto id) { return encode_sftp_write(id, handle_, sent_, tail_); });
  }
  const std::uint64_t size = sent_ + tail_.size();
  // On one connection requests on one handle are done in order: the sync comes after the writes.
  auto sized = connection_->send([&](auto id) { return encode_sftp_set_size(id, handle_, size); });
  SftpConnection::Ticket synced;
  const bool can_sync = connection_->server().fsync;
  if (can_sync) {
    synced = connection_->send([&](auto id) { return encode_sftp_fsync(id, handle_); });
  }
  while (!unconfirmed_.empty()) TRY(confirm_first());
  const auto expect_ok = [&](SftpConnection::Ticket& ticket,
                             std::string_view doing) -> base::Result<void> {
    const SftpReply reply = TRY(connection_->wait(ticket));
    if (is_ok(reply)) return {};
    Error error = place_.failure(*connection_, reply, doing, temporary_);
    if (!is_outage(error)) error_ = error;
    return error;
  };
  if (!tail_.empty()) TRY(expect_ok(written, "write"));
  TRY(expect_ok(sized, "write"));
  if (can_sync) TRY(expect_ok(synced, "sync"));
  return {};
}

base::Result<void> SftpUpload::read_back() {
  const std::uint64_t size = sent_ + tail_.size();
  const std::string handle = TRY(place_.open(*connection_, temporary_, SftpOpen::read));
  // What was read before the connection was lost once more was on disk, and stays good.
  while (read_back_ < size) {
    const std::uint64_t at = read_back_;
    constexpr std::size_t at_once = 16;
    const std::uint32_t piece = connection_->read_size_max();
    base::Bytes content(std::min<std::uint64_t>(size - at, at_once * piece));
    std::vector<SftpConnection::Ticket> reads;
    for (std::size_t i = 0; i < content.size(); i += piece) {
      const auto out = base::MutableByteView(content).subspan(i).first(
          std::min<std::size_t>(piece, content.size() - i));
      reads.push_back(connection_->send(
          [&](auto id) {
            return encode_sftp_read(id, handle, at + i, static_cast<std::uint32_t>(out.size()));
          },
          out));
    }
    for (auto& one : reads) {
      // A short answer leaves zeros, which the checksum won't forgive.
      const SftpReply reply = TRY(connection_->wait(one));
      if (reply.kind != SftpReply::Kind::data && !is_status(reply, SftpStatus::eof)) {
        place_.close(*connection_, handle);
        return place_.failure(*connection_, reply, "read", temporary_);
      }
    }
    read_back_checksum_ = codec::crc32c(content, read_back_checksum_);
    read_back_ += content.size();
  }
  place_.close(*connection_, handle);
  if (read_back_checksum_ == checksum_) {
    continued_ = false;
    return {};
  }
  error_ = Error(ErrorCode::conflict, place_.description() + "/" + temporary_ +
                                          " lost bytes while the connection was down: did the "
                                          "server restart?")
               .with_hint("nothing was stored under its name; run again");
  return *error_;
}

Error SftpUpload::link_failure(const SftpReply& reply, const std::string& name) {
  auto there = place_.stat(*connection_, name);
  if (there.ok()) {
    // As in commit(): it must last.
    auto synced = place_.sync_directories(*connection_, {directory_of(name)});
    return synced.ok() ? already_exists(name, place_.description()) : std::move(synced).error();
  }
  if (there.error().code() != ErrorCode::not_found) return std::move(there).error();
  if (is_status(reply, SftpStatus::no_such_file)) {
    place_.forget_directories();
    return Error(ErrorCode::conflict, place_.description() + ": files were removed while '" + name +
                                          "' was being stored")
        .with_hint("leave the directories of a repository to holdfast, and run again");
  }
  Error error = place_.failure(*connection_, reply, "link", name);
  if (error.code() != ErrorCode::permission_denied && error.code() != ErrorCode::io) return error;
  return std::move(error).with_hint(
      "may this user write there, and does the file system of the server have hard links, as ext4, "
      "XFS, Btrfs and ZFS do?");
}

base::Result<void> SftpUpload::link(const std::string& name) {
  TRY(place_.make_parents(*connection_, name));
  const std::string from = place_.path_of(temporary_);
  const std::string to = place_.path_of(name);
  const std::uint64_t size = sent_ + tail_.size();
  auto stamped =
      connection_->send([&](auto id) { return encode_sftp_set_size(id, handle_, size); });
  linked_ = name;
  const bool can_link = connection_->server().hardlink;
  auto asked = connection_->send([&](auto id) {
    return can_link ? encode_sftp_hardlink(id, from, to) : encode_sftp_rename(id, from, to);
  });
  const SftpReply stamp = TRY(connection_->wait(stamped));
  const SftpReply reply = TRY(connection_->wait(asked));
  if (!is_ok(reply)) {
    linked_.clear();
    return link_failure(reply, name);
  }
  linked_for_sure_ = true;
  if (!can_link) exists_ = false;
  if (!is_ok(stamp)) return place_.failure(*connection_, stamp, "stamp", temporary_);
  return {};
}

base::Result<ObjectInfo> SftpUpload::finish(const std::string& name) {
  SftpConnection::Ticket removed;
  if (exists_) {
    const std::string path = place_.path_of(temporary_);
    removed = connection_->send([&](auto id) { return encode_sftp_remove(id, path); });
  }
  const std::string path = place_.path_of(name);
  auto asked = connection_->send([&](auto id) { return encode_sftp_stat(id, path); });
  TRY(place_.sync_directories(*connection_, {directory_of(name)}));
  if (exists_) {
    // What stays behind is removed by the cleaning of tmp/.
    TRY(connection_->wait(removed));
    exists_ = false;
  }
  const SftpReply reply = TRY(connection_->wait(asked));
  if (reply.kind != SftpReply::Kind::attributes) {
    return place_.failure(*connection_, reply, "stat", name);
  }
  ObjectInfo info;
  info.name = name;
  info.size = reply.attributes.size.value_or(0);
  info.stored_at = reply.attributes.modified_at.value_or(base::Time{});
  done_ = true;
  if (!handle_.empty()) place_.close(*connection_, handle_);
  handle_.clear();
  connection_.release();
  return info;
}

base::Result<ObjectInfo> SftpUpload::commit(std::string_view name, const PutOptions& options) {
  if (!is_valid_name(name) || is_reserved(name)) return invalid_name(name, place_.description());
  if (options.retain_until) return no_retention(place_.description());
  if (done_) return already_exists(name, place_.description());
  fruitless_ = 0;
  TRY(reconnect());
  const std::string wanted(name);
  if (linked_for_sure_ && linked_ == wanted) return finish(wanted);
  auto there = place_.stat(*connection_, wanted);
  if (there.ok() && there.value().type() != SftpAttributes::Type::directory) {
    // Ours, by an earlier attempt whose answer was lost, or that of another who hasn't synced yet:
    // who hears that it is there takes it for stored.
    TRY(place_.sync_directories(*connection_, {directory_of(wanted)}));
    return already_exists(wanted, place_.description());
  }
  if (there.ok()) return already_exists(wanted, place_.description());
  if (there.error().code() != ErrorCode::not_found) return std::move(there).error();
  TRY(make_durable());
  if (continued_) TRY(read_back());
  TRY(link(wanted));
  return finish(wanted);
}

}  // namespace holdfast::storage
