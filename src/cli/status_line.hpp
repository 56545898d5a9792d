// The status line: one line on a terminal that says how far a long operation is, redrawn in place.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "base/clock.hpp"

namespace holdfast::cli {

struct Advance {
  std::string action;          // "backing up"
  std::string unit = "files";  // what the items are
  std::uint64_t items = 0;
  std::uint64_t items_total = 0;  // 0: not known
  std::uint64_t bytes = 0;
  std::uint64_t bytes_total = 0;  // 0: not known; else percentage and time left are shown
  std::string current;            // raw name of what is being worked on; may be empty
};

// The line, at most `width` columns, without anything that could drive a terminal.
[[nodiscard]] std::string status_text(const Advance& advance, base::Duration elapsed,
                                      unsigned width);

// The columns that `text` (UTF-8, printable) takes on a terminal, near enough: East Asian wide
// letters take two.
[[nodiscard]] unsigned columns_of(std::string_view text);

// Draws on a terminal. Borrows stream and clock. Used by one task.
class StatusLine {
 public:
  StatusLine(std::ostream& terminal, const base::Clock& clock)
      : terminal_(terminal), clock_(clock), begun_(clock.monotonic()) {}
  ~StatusLine() { clear(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  // Redraws, at most every `redraw_interval`.
  void show(const Advance& advance, unsigned width);
  // Leaves an empty line where it was, for other output.
  void clear();

  static constexpr base::Duration redraw_interval = base::milliseconds(200);

 private:
  std::ostream& terminal_;
  const base::Clock& clock_;
  const base::Duration begun_;
  std::optional<base::Duration> drawn_;
  bool visible_ = false;
};

}  // namespace holdfast::cli
