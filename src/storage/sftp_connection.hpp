// SftpConnection: many tasks' requests on one channel. Each task sends what it likes and waits for
// its own answers; whoever waits moves the bytes for all (leader and followers), so no thread is
// kept for it and requests of all tasks are in flight at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/executor.hpp"
#include "io/file.hpp"
#include "sftp_channel.hpp"
#include "sftp_protocol.hpp"

namespace holdfast::storage {

struct SftpConnectionOptions {
  base::Duration open_timeout = base::seconds(20);
  // No byte in either direction for so long while answers are due: the connection counts as lost.
  base::Duration answer_timeout = base::seconds(60);
  // Once it is requested, a silence of a second is enough: who stops still tidies up where the
  // server answers.
  std::stop_token stop;
};

// Thread-safe.
class SftpConnection {
 private:
  struct Call;

 public:
  // An answer that is due. Dropping it means that nobody wants the answer any more.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&&) noexcept = default;
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket();

   private:
    friend class SftpConnection;
    Ticket(SftpConnection& connection, std::shared_ptr<Call> call)
        : connection_(&connection), call_(std::move(call)) {}
    void abandon();

    SftpConnection* connection_ = nullptr;  // must outlive the ticket
    std::shared_ptr<Call> call_;            // shared with the connection until it is answered
  };

  // Connects, logs in and asks what the server can do. Errors: SftpChannel::open's.
  static base::Result<std::unique_ptr<SftpConnection>> open(const SftpUrl& url,
                                                            io::Executor& executor,
                                                            SftpConnectionOptions options);
  ~SftpConnection();

  // Queues a request and lets go what can go at once. `encode` makes the packet for an id. The
  // bytes of a data answer go to `destination` (at most as many as fit; SftpReply::data is a view
  // of them), those of others into the reply.
  Ticket send(const std::function<base::Bytes(std::uint32_t)>& encode,
              base::MutableByteView destination = {});
  // Waits for the answer. unavailable when the connection is lost before.
  base::Result<SftpReply> wait(Ticket& ticket);

  [[nodiscard]] bool is_lost();
  [[nodiscard]] const SftpVersion& server() const { return server_; }
  [[nodiscard]] std::uint32_t read_size_max() const { return read_size_max_; }
  [[nodiscard]] std::uint32_t write_size_max() const { return write_size_max_; }

  // Breaks the connection, as the network may at any moment. For tests.
  void break_off();

 private:
  SftpConnection(std::unique_ptr<SftpChannel> channel, io::Executor& executor,
                 SftpConnectionOptions options);
  base::Result<void> greet();
  base::Result<void> ask_limits();

  // What the one who moves the bytes does; he holds moving_, not the mutex.
  base::Result<bool> move_bytes();
  base::Result<bool> write_queued();
  base::Result<bool> read_arrived();
  base::Result<void> deliver(base::ByteView packet);
  base::Result<void> rest_until_ready();
  void lose(base::Error error);
  void stop_moving();  // under the mutex

  const std::unique_ptr<SftpChannel> channel_;  // of the one who moves the bytes
  const SftpConnectionOptions options_;
  io::Fd wake_;  // an eventfd: somebody queued while the mover rests
  base::SystemClock clock_;
  const std::unique_ptr<io::Signal> changed_;

  std::mutex mutex_;
  bool moving_ = false;
  bool resting_ = false;
  bool greeted_ = false;
  std::deque<base::Bytes> queue_;
  std::unordered_map<std::uint32_t, std::shared_ptr<Call>> due_;
  std::uint32_t next_id_ = 1;
  std::optional<base::Error> lost_;
  std::optional<base::Bytes> greeting_;

  // Of the mover.
  base::Bytes sending_;
  std::size_t sent_ = 0;
  base::Bytes arrived_;
  std::size_t arrived_size_ = 0;
  base::Duration last_progress_;

  SftpVersion server_;
  std::uint32_t read_size_max_ = 32768;
  std::uint32_t write_size_max_ = 32768;
};

}  // namespace holdfast::storage
