// Choosing a connection, making one where all are in use, forgetting lost ones.
#include "sftp_pool.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::storage {

namespace {

constexpr base::Duration refusal_rest = base::minutes(1);

}  // namespace

struct SftpPool::Member {
  std::unique_ptr<SftpConnection> connection;
  std::size_t users = 0;
};

SftpPool::Lease& SftpPool::Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    release();
    pool_ = other.pool_;
    member_ = std::move(other.member_);
  }
  return *this;
}

SftpPool::Lease::~Lease() { release(); }

void SftpPool::Lease::release() {
  if (!member_) return;
  {
    const std::lock_guard lock(pool_->mutex_);
    --member_->users;
  }
  member_.reset();
}

SftpConnection& SftpPool::Lease::operator*() const { return *member_->connection; }
SftpConnection* SftpPool::Lease::operator->() const { return member_->connection.get(); }

SftpPool::SftpPool(SftpUrl url, io::Executor& executor, SftpConnectionOptions options,
                   std::size_t connections_max)
    : url_(std::move(url)),
      executor_(executor),
      options_(std::move(options)),
      connections_max_(connections_max),
      opened_(executor.make_signal()) {}

SftpPool::~SftpPool() = default;

std::shared_ptr<SftpPool::Member> SftpPool::least_used() {
  std::erase_if(members_, [](const auto& one) { return one->connection->is_lost(); });
  const auto least = std::min_element(members_.begin(), members_.end(),
                                      [](auto& a, auto& b) { return a->users < b->users; });
  return least == members_.end() ? nullptr : *least;
}

base::Result<SftpPool::Lease> SftpPool::lease() {
  std::unique_lock lock(mutex_);
  while (true) {
    auto member = least_used();
    const bool refused = member && clock_.monotonic() < alone_until_;
    const bool full = refused || members_.size() + opening_ >= connections_max_;
    if (member && (member->users == 0 || full)) {
      ++member->users;
      return Lease(*this, std::move(member));
    }
    if (!full) break;
    opened_->wait(lock);
  }
  ++opening_;
  lock.unlock();
  auto opened = SftpConnection::open(url_, executor_, options_);
  lock.lock();
  --opening_;
  opened_->notify_all();
  if (!opened.ok()) {
    // A server that takes no more connections is used through those that there are.
    auto member = least_used();
    if (!member) return std::move(opened).error();
    alone_until_ = clock_.monotonic() + refusal_rest;
    ++member->users;
    return Lease(*this, std::move(member));
  }
  auto member = std::make_shared<Member>();
  member->connection = std::move(opened).value();
  member->users = 1;
  members_.push_back(member);
  alone_until_ = {};
  return Lease(*this, std::move(member));
}

void SftpPool::break_off() {
  const std::lock_guard lock(mutex_);
  for (const auto& one : members_) one->connection->break_off();
}

}  // namespace holdfast::storage
