// Seeded damage to valid bytes, for fuzz tests.
#pragma once

#include <algorithm>

#include "base/bytes.hpp"
#include "base/random.hpp"

namespace holdfast::repository {

// Some bits flipped, bytes replaced, removed, added or repeated.
inline base::Bytes mutated(base::Bytes bytes, base::Random& random) {
  for (auto n = random.below(4) + 1; n > 0; --n) {
    const auto at = static_cast<std::size_t>(random.below(bytes.size() + 1));
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const auto left = bytes.size() - at;
    switch (left == 0 ? 0 : random.below(6)) {
      case 0: bytes.insert(place, static_cast<base::Byte>(random.number())); break;
      case 1:
        bytes.erase(place, place + static_cast<std::ptrdiff_t>(
                                       1 + random.below(std::min<std::size_t>(left, 40))));
        break;
      case 2: *place ^= static_cast<base::Byte>(1U << random.below(8)); break;
      case 3: *place = random.below(2) == 0 ? base::Byte{0xff} : base::Byte{0}; break;
      case 4: ++*place; break;
      default: {
        const base::Bytes piece(
            place,
            place + static_cast<std::ptrdiff_t>(1 + random.below(std::min<std::size_t>(left, 40))));
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(random.below(bytes.size())),
                     piece.begin(), piece.end());
      }
    }
  }
  return bytes;
}

}  // namespace holdfast::repository
