// LockRenewal: on storage that locks what is stored, keeps locked what the repository needs. Each
// maintenance extends the lock of live objects of which less than half is left, so that it never
// ends while maintenance runs at least once in half a lock.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "repository/repository.hpp"

namespace holdfast::repository {

struct LockReport {
  std::uint64_t objects = 0;  // looked at
  std::uint64_t renewed = 0;
  std::uint64_t failed_count = 0;
  std::vector<IgnoredObject> failed;  // the first 100
};

class LockRenewal {
 public:
  // `now`: the storage's. Does nothing where storage has no lock.
  LockRenewal(Repository& repository, base::Time now, std::stop_token stop)
      : repository_(repository), now_(now), stop_(std::move(stop)) {}

  // An object that is needed. An error is an interruption; what fails goes into the report.
  base::Result<void> add(std::string name);
  // Adds what every reader needs: parameters, key slots, roster. To be called last.
  base::Result<LockReport> finish();

 private:
  base::Result<void> flush();
  base::Result<bool> renew(const std::string& name) const;

  Repository& repository_;
  const base::Time now_;
  const std::stop_token stop_;
  std::vector<std::string> waiting_;
  LockReport report_;
};

}  // namespace holdfast::repository
