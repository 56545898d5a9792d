// One task that syncs the target's file system whenever enough has gathered.
#include "write_back.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/units.hpp"

namespace holdfast::source {

namespace {
constexpr std::uint64_t gathered_max = 128 * base::MiB;
}  // namespace

WriteBack::WriteBack(io::Executor& executor, const io::Fd& target)
    : target_(target), changed_(executor.make_signal()) {
  if (target.valid()) task_ = executor.spawn("write back", [this] { run(); });
}

WriteBack::~WriteBack() { end(); }

void WriteBack::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_->notify_all();
  }
  if (task_) task_->join();
}

base::Result<void> WriteBack::finish() {
  end();
  if (!target_.valid()) return {};
  if (error_ == 0 && ::syncfs(target_.get()) != 0) error_ = errno;
  if (error_ == 0) return {};
  return base::Error::from_errno(error_, "cannot make what was restored durable");
}

void WriteBack::note(std::uint64_t bytes_written) {
  const std::lock_guard lock(mutex_);
  const bool is_more = bytes_written / gathered_max > written_ / gathered_max;
  written_ = std::max(written_, bytes_written);
  if (is_more) changed_->notify_all();
}

void WriteBack::run() {
  std::uint64_t synced = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    while (!ended_ && written_ - synced < gathered_max) changed_->wait(lock);
    if (ended_) return;
    synced = written_;
    lock.unlock();
    const int error = ::syncfs(target_.get()) == 0 ? 0 : errno;
    lock.lock();
    if (error_ == 0) error_ = error;
  }
}

}  // namespace holdfast::source
