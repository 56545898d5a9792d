// Parity of the repository at a URL: protecting it, and mending what is damaged. Neither needs a
// passphrase: a repository whose key slot is damaged can't be opened, and can be mended.
#pragma once

#include <stop_token>

#include "engine/location.hpp"
#include "repository/mend.hpp"

namespace holdfast::engine {

// repository::protect and repository::mend, on the storage of `location`; of no use there is the
// cache's directory.
base::Result<repository::ProtectReport> protect_at(const LocationOptions& location,
                                                   unsigned percent,
                                                   const repository::ParityProgress& progress,
                                                   const std::stop_token& stop);
base::Result<repository::MendReport> mend_at(const LocationOptions& location,
                                             const repository::ParityProgress& progress,
                                             const std::stop_token& stop);

}  // namespace holdfast::engine
