// Verification of a repository's logs.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/verify.hpp"
#include "repository/repository.hpp"

namespace holdfast::engine {

struct LogFault {
  std::string object;
  base::Error error;
};

struct LogVerifyReport {
  std::uint64_t pieces = 0;
  std::uint64_t bytes_read = 0;
  std::vector<LogFault> faults;
};

// intact: every piece hashes to its name. readable: it can be decrypted and unpacked, too. sound:
// each record of WAL is what a server wrote. An error: the storage can't be listed, or it was
// interrupted.
base::Result<LogVerifyReport> verify_logs(const repository::Repository& repository, Level level,
                                          const std::stop_token& stop);

}  // namespace holdfast::engine
