// SftpPool: the few connections of an SftpStorage. They are made when tasks need them, replaced
// when they are lost, and shared: a task gets the one with the fewest others on it.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "sftp_connection.hpp"

namespace holdfast::storage {

// Thread-safe. Leases must not outlive it.
class SftpPool {
 private:
  struct Member;

 public:
  // The right to use a connection together with others.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease();
    [[nodiscard]] SftpConnection& operator*() const;
    [[nodiscard]] SftpConnection* operator->() const;
    [[nodiscard]] bool is_held() const { return member_ != nullptr; }
    void release();

   private:
    friend class SftpPool;
    Lease(SftpPool& pool, std::shared_ptr<Member> member)
        : pool_(&pool), member_(std::move(member)) {}
    SftpPool* pool_ = nullptr;
    std::shared_ptr<Member> member_;  // shared with the pool, which lets go of lost ones
  };

  SftpPool(SftpUrl url, io::Executor& executor, SftpConnectionOptions options,
           std::size_t connections_max);
  ~SftpPool();

  // Errors: SftpChannel::open's, if there is no connection and none can be made. A server that
  // refuses one more is not asked for more within a minute: some lock out who asks too often.
  base::Result<Lease> lease();
  [[nodiscard]] const SftpUrl& url() const { return url_; }
  [[nodiscard]] std::size_t connections_max() const { return connections_max_; }
  // For tests: breaks all connections, as a network does.
  void break_off();

 private:
  [[nodiscard]] std::shared_ptr<Member> least_used();

  const SftpUrl url_;
  io::Executor& executor_;
  const SftpConnectionOptions options_;
  const std::size_t connections_max_;
  const std::unique_ptr<io::Signal> opened_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Member>> members_;
  std::size_t opening_ = 0;
  base::SystemClock clock_;
  base::Duration alone_until_;  // on the monotonic clock: no further connections before
};

}  // namespace holdfast::storage
