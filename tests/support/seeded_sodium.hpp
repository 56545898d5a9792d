// libsodium's own randomness from a seed: sealed boxes draw an ephemeral key that no interface of
// ours reaches, and a simulation whose objects are named after their bytes must get the same bytes
// again.
#pragma once

#include <cstdint>

namespace holdfast::simulation {

// From construction to destruction all of libsodium's random bytes come from `seed`; one at a time
// in a process. For simulations only: what is sealed meanwhile protects nothing. Not thread-safe:
// use where one task runs at a time.
class SeededSodium {
 public:
  explicit SeededSodium(std::uint64_t seed);
  ~SeededSodium();
  SeededSodium(const SeededSodium&) = delete;
  SeededSodium& operator=(const SeededSodium&) = delete;
};

}  // namespace holdfast::simulation
