// CHECK: an assertion that stays on in release. It means a programmer's mistake, never bad input.
#pragma once

#include <string_view>

namespace holdfast::base {

// Writes file, line, condition and text to standard error and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               std::string_view text) noexcept;

}  // namespace holdfast::base

#define CHECK(condition, text)                                                \
  do {                                                                        \
    if (!(condition)) [[unlikely]]                                            \
      ::holdfast::base::check_failed(__FILE__, __LINE__, #condition, (text)); \
  } while (false)
