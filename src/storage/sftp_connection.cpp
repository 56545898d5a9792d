// The pump: queued packets to the channel, arrived ones to those who wait for them. At any moment
// at most one task pumps. A task that queues while the pump rests in poll(2) wakes it through an
// eventfd; one that queues while nobody pumps does one round itself, so that an upload whose task
// is busy computing goes on.
#include "sftp_connection.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/units.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t arrival_size = 512 * 1024;
constexpr std::uint32_t transfer_size_wanted = 255 * 1024;  // what OpenSSH allows
constexpr int rest_ms_max = 500;
constexpr base::Duration tidy_timeout = base::seconds(1);

}  // namespace

struct SftpConnection::Call {
  base::MutableByteView destination;
  SftpReply reply;
  bool answered = false;
};

SftpConnection::Ticket& SftpConnection::Ticket::operator=(Ticket&& other) noexcept {
  if (this != &other) {
    abandon();
    connection_ = other.connection_;
    call_ = std::move(other.call_);
  }
  return *this;
}

SftpConnection::Ticket::~Ticket() { abandon(); }

void SftpConnection::Ticket::abandon() {
  if (!call_) return;
  const std::lock_guard lock(connection_->mutex_);
  call_->destination = {};
  call_.reset();
}

SftpConnection::SftpConnection(std::unique_ptr<SftpChannel> channel, io::Executor& executor,
                               SftpConnectionOptions options)
    : channel_(std::move(channel)),
      options_(std::move(options)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      changed_(executor.make_signal()),
      arrived_(arrival_size),
      last_progress_(clock_.monotonic()) {}

SftpConnection::~SftpConnection() = default;

base::Result<std::unique_ptr<SftpConnection>> SftpConnection::open(const SftpUrl& url,
                                                                   io::Executor& executor,
                                                                   SftpConnectionOptions options) {
  const base::Duration timeout =
      options.stop.stop_requested() ? tidy_timeout : options.open_timeout;
  auto channel = TRY(SftpChannel::open(url, timeout));
  std::unique_ptr<SftpConnection> connection(
      new SftpConnection(std::move(channel), executor, options));
  TRY_CONTEXT(connection->greet(), describe_sftp_place(url));
  TRY_CONTEXT(connection->ask_limits(), describe_sftp_place(url));
  return connection;
}

// INIT has no id, so it goes around the calls.
base::Result<void> SftpConnection::greet() {
  queue_.push_back(encode_sftp_init());
  while (!greeting_) {
    const bool moved = TRY(move_bytes());
    if (!moved && !greeting_) TRY(rest_until_ready());
  }
  server_ = TRY(decode_sftp_version(*greeting_));
  greeted_ = true;
  if (server_.version == 3) return {};
  return Error(ErrorCode::unsupported, "the server speaks version " +
                                           std::to_string(server_.version) +
                                           " of SFTP, version 3 is needed")
      .with_hint("use OpenSSH's server");
}

base::Result<void> SftpConnection::ask_limits() {
  if (!server_.limits) return {};
  auto ticket = send(encode_sftp_limits);
  const SftpReply reply = TRY(wait(ticket));
  if (reply.kind != SftpReply::Kind::extended) return {};
  const SftpLimits limits = TRY(decode_sftp_limits(reply.extended));
  const auto allowed = [](std::uint64_t limit, std::uint32_t known) {
    if (limit < known) return known;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(limit, transfer_size_wanted));
  };
  read_size_max_ = allowed(limits.read_size_max, read_size_max_);
  write_size_max_ = allowed(limits.write_size_max, write_size_max_);
  return {};
}

SftpConnection::Ticket SftpConnection::send(const std::function<base::Bytes(std::uint32_t)>& encode,
                                            base::MutableByteView destination) {
  auto call = std::make_shared<Call>();
  call->destination = destination;
  std::unique_lock lock(mutex_);
  Ticket ticket(*this, call);
  if (lost_) return ticket;
  while (due_.contains(next_id_)) ++next_id_;
  queue_.push_back(encode(next_id_));
  due_.emplace(next_id_++, std::move(call));
  if (moving_) {
    const std::uint64_t one = 1;
    if (resting_) (void)!::write(wake_.get(), &one, sizeof one);
    return ticket;
  }
  moving_ = true;
  lock.unlock();
  auto moved = move_bytes();
  if (!moved.ok()) lose(std::move(moved).error());
  lock.lock();
  stop_moving();
  return ticket;
}

bool SftpConnection::is_lost() {
  const std::lock_guard lock(mutex_);
  return lost_.has_value();
}

void SftpConnection::break_off() { (void)::shutdown(channel_->descriptor(), SHUT_RDWR); }

void SftpConnection::stop_moving() {
  moving_ = false;
  changed_->notify_all();
}

void SftpConnection::lose(Error error) {
  const std::lock_guard lock(mutex_);
  if (!lost_) lost_ = std::move(error);
  queue_.clear();
  due_.clear();
}

base::Result<SftpReply> SftpConnection::wait(Ticket& ticket) {
  CHECK(ticket.call_ != nullptr, "an answer is waited for once");
  std::unique_lock lock(mutex_);
  const auto call = ticket.call_;
  while (!call->answered && !lost_) {
    if (moving_) {
      changed_->wait(lock);
      continue;
    }
    moving_ = true;
    while (!call->answered && !lost_) {
      lock.unlock();
      auto moved = move_bytes();
      if (moved.ok() && !moved.value()) {
        // Between the look at the answer and the rest nobody else moves bytes.
        auto rested = rest_until_ready();
        if (!rested.ok()) moved = std::move(rested).error();
      }
      if (!moved.ok()) lose(std::move(moved).error());
      lock.lock();
    }
    stop_moving();
  }
  ticket.call_.reset();
  if (!call->answered) return *lost_;
  return std::move(call->reply);
}

// True if any byte went or came.
base::Result<bool> SftpConnection::move_bytes() {
  const bool wrote = TRY(write_queued());
  const bool read = TRY(read_arrived());
  if (wrote || read) last_progress_ = clock_.monotonic();
  return wrote || read;
}

base::Result<bool> SftpConnection::write_queued() {
  bool moved = false;
  while (true) {
    if (sent_ == sending_.size()) {
      const std::lock_guard lock(mutex_);
      sending_.clear();
      sent_ = 0;
      if (queue_.empty()) return moved;
      sending_ = std::move(queue_.front());
      queue_.pop_front();
    }
    const std::size_t count = TRY(channel_->write_some(base::ByteView(sending_).subspan(sent_)));
    if (count == 0) return moved;
    sent_ += count;
    moved = true;
  }
}

base::Result<bool> SftpConnection::read_arrived() {
  bool moved = false;
  while (true) {
    const auto room = base::MutableByteView(arrived_).subspan(arrived_size_);
    const std::size_t count = TRY(channel_->read_some(room));
    if (count == 0) return moved;
    moved = true;
    arrived_size_ += count;
    std::size_t at = 0;
    while (true) {
      const base::ByteView rest(arrived_.data() + at, arrived_size_ - at);
      const auto size = TRY(sftp_packet_size(rest));
      if (!size || *size > rest.size()) {
        if (size && *size > arrived_.size()) arrived_.resize(*size);
        break;
      }
      TRY(deliver(rest.subspan(4, *size - 4)));
      at += *size;
    }
    std::memmove(arrived_.data(), arrived_.data() + at, arrived_size_ - at);
    arrived_size_ -= at;
  }
}

base::Result<void> SftpConnection::deliver(base::ByteView packet) {
  if (!greeted_) {
    greeting_ = base::Bytes(packet.begin(), packet.end());
    return {};
  }
  SftpReply reply = TRY(decode_sftp_reply(packet));
  const std::lock_guard lock(mutex_);
  const auto found = due_.find(reply.id);
  if (found == due_.end()) {
    return Error(ErrorCode::io, "the server answered a request that nobody made")
        .with_hint("does the place run OpenSSH's SFTP server?");
  }
  Call& call = *found->second;
  if (reply.kind == SftpReply::Kind::data) {
    const std::size_t size = std::min(reply.data.size(), call.destination.size());
    if (size > 0) std::memcpy(call.destination.data(), reply.data.data(), size);
    reply.data = call.destination.first(size);
  }
  call.reply = std::move(reply);
  call.answered = true;
  due_.erase(found);
  changed_->notify_all();
  return {};
}

base::Result<void> SftpConnection::rest_until_ready() {
  {
    const std::lock_guard lock(mutex_);
    if (!queue_.empty() && sent_ == sending_.size()) return {};
    resting_ = true;
  }
  pollfd ready[2] = {{channel_->descriptor(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  if (channel_->wants_to_write()) ready[0].events |= POLLOUT;
  const int count = ::poll(ready, 2, rest_ms_max);
  const int reason = errno;
  {
    const std::lock_guard lock(mutex_);
    resting_ = false;
  }
  if (count < 0 && reason != EINTR) return Error::from_errno(reason, "cannot wait for the server");
  std::uint64_t woken = 0;
  if (ready[1].revents != 0) (void)!::read(wake_.get(), &woken, sizeof woken);
  const base::Duration silence = clock_.monotonic() - last_progress_;
  if (count == 0 && options_.stop.stop_requested() && silence > tidy_timeout) {
    return Error(ErrorCode::cancelled, "stopped while the server did not answer");
  }
  if (count == 0 && silence > options_.answer_timeout) {
    return Error(ErrorCode::unavailable, "the server has not answered for " +
                                             base::format_duration(options_.answer_timeout))
        .with_retry(base::Retry::may_help)
        .with_hint("check the network and the server, then run again");
  }
  return {};
}

}  // namespace holdfast::storage
