// The terminal: whether there is one, how wide it is, and asking for a secret without echo.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace holdfast::io {

[[nodiscard]] bool is_terminal(int fd);

// Columns; nothing if `fd` is no terminal or the terminal doesn't say.
[[nodiscard]] std::optional<unsigned> terminal_width(int fd);

// The terminal that controls this process, also where standard input and output lead elsewhere.
// unsupported, with a hint, if there is none.
base::Result<Fd> open_terminal();

// Writes `prompt`, reads one line without echo, returns it without its end. The terminal is as it
// was afterwards, whatever happens. cancelled when `stop` is requested, or at end of input before a
// line.
base::Result<base::SecretBytes> prompt_secret(const Fd& terminal, const std::string& prompt,
                                              const std::stop_token& stop);

}  // namespace holdfast::io
