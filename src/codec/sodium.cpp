// libsodium's start.
#include "sodium.hpp"

#include <sodium.h>

#include "base/check.hpp"

namespace holdfast::codec {

void start_sodium() {
  static const bool started = sodium_init() >= 0;
  CHECK(started, "libsodium does not start");
}

}  // namespace holdfast::codec
