// The end of a program whose CHECK failed.
#include "base/check.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace holdfast::base {

void check_failed(const char* file, int line, const char* condition,
                  std::string_view text) noexcept {
  char message[512];
  const int length =
      std::snprintf(message, sizeof message, "holdfast: internal error at %s:%d: %s: %.*s\n", file,
                    line, condition, static_cast<int>(text.size()), text.data());
  if (length > 0) {
    const auto size = static_cast<size_t>(length) < sizeof message ? static_cast<size_t>(length)
                                                                   : sizeof message - 1;
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, message, size);
  }
  std::abort();
}

}  // namespace holdfast::base
