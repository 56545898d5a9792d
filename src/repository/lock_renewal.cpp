// Looking at locks, many at once, and extending them.
#include "repository/lock_renewal.hpp"

#include <mutex>

#include "repository/object_name.hpp"
#include "work_list.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t batch_size = 1'000;
constexpr std::size_t requests_at_once = 16;
constexpr std::size_t failures_max = 100;

}  // namespace

base::Result<void> LockRenewal::add(std::string name) {
  if (!repository_.storage().capabilities().lock) return {};
  waiting_.push_back(std::move(name));
  return waiting_.size() < batch_size ? base::Result<void>() : flush();
}

// Whether it had to be renewed.
base::Result<bool> LockRenewal::renew(const std::string& name) const {
  auto& storage = repository_.storage();
  const auto lock = *storage.capabilities().lock;
  const auto info = TRY(storage.stat(name));
  const base::Duration half{lock.nanoseconds / 2};
  if (info.retained_until && *info.retained_until >= now_ + half) return false;
  TRY(storage.retain(name, now_ + lock));
  return true;
}

base::Result<void> LockRenewal::flush() {
  std::mutex mutex;  // guards the report
  const auto work = [&](std::size_t number) -> base::Result<void> {
    const auto& name = waiting_[number];
    auto renewed = renew(name);
    const std::lock_guard lock(mutex);
    ++report_.objects;
    if (renewed.ok()) {
      report_.renewed += renewed.value() ? 1 : 0;
    } else if (renewed.error().code() != base::ErrorCode::not_found) {
      ++report_.failed_count;
      if (report_.failed.size() < failures_max)
        report_.failed.push_back({name, std::move(renewed).error()});
    }
    return {};
  };
  TRY(work_waiting(repository_.environment().executor, requests_at_once, waiting_.size(), work,
                   stop_));
  waiting_.clear();
  return {};
}

base::Result<LockReport> LockRenewal::finish() {
  if (!repository_.storage().capabilities().lock) return std::move(report_);
  for (const auto prefix : {config_prefix, keys_prefix, roster_prefix}) {
    for (const auto& info : TRY(repository_.storage().list_all(prefix))) {
      if (hash_of_name(info.name)) TRY(add(info.name));
    }
  }
  TRY(flush());
  return std::move(report_);
}

}  // namespace holdfast::repository
