// Session: a writer's registration (docs/internals/prune.md): it tells pruners that somebody is at
// work, learns which packs they have condemned, and knows by the storage's clock whether it is
// still alive.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "repository/repository.hpp"

namespace holdfast::repository {

// Thread-safe.
class Session {
 public:
  // Registers, then brings the trusted index up to date and has it avoid packs that are condemned
  // or not there: in this order.
  static base::Result<std::unique_ptr<Session>> begin(Repository& repository, std::string purpose);
  // The same without registering, for who reads on and stores nothing: it is never renewed.
  static base::Result<std::unique_ptr<Session>> observe(Repository& repository,
                                                        std::string purpose);
  // Removes the session's objects if that is allowed; an object that stays expires.
  ~Session();

  // Renews when a quarter of the session's life has passed since the last renewal; else costs a
  // clock read.
  base::Result<void> renew_if_due();
  // conflict: the session is dead (it renewed too late), or a pack that it relies on was condemned.
  // Run again.
  base::Result<void> renew();

  // The caller relies on this pack: found a chunk in it, or has just stored it.
  void rely_on(const ObjectHash& pack);

  [[nodiscard]] const ShortId& id() const noexcept { return id_; }
  [[nodiscard]] std::uint32_t renewal() const;
  [[nodiscard]] base::Time renewed_at() const;

 private:
  Session(Repository& repository, std::string purpose);
  base::Result<void> prepare();
  base::Result<void> put();
  base::Result<void> look();
  base::Result<void> avoid_absent_packs();

  Repository& repository_;
  const std::string purpose_;
  const ShortId id_;
  bool is_registered_ = false;
  mutable std::mutex mutex_;
  std::uint32_t next_sequence_ = 0;
  base::Time renewed_at_;
  base::Duration renewed_monotonic_;
  bool renewing_ = false;  // a task is between its renewal and its look
  std::vector<std::string> objects_;
  std::unordered_set<ObjectHash, IdHash> relied_on_;
  std::unordered_set<ObjectHash, IdHash> avoided_;
};

}  // namespace holdfast::repository
