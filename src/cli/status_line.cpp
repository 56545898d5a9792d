// What the status line says, and the two control sequences that draw it.
#include "status_line.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "base/units.hpp"

namespace holdfast::cli {

namespace {

// Bytes of the UTF-8 sequence that begins with `lead`; the text is known to be valid.
std::size_t length_of(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0x80) return 1;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

// Most of what takes two columns lies in these blocks (Hangul, CJK, full-width forms, pictographs).
unsigned width_of(std::string_view sequence) {
  if (sequence.size() < 3) return 1;
  if (sequence.size() == 4) return 2;
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(sequence[i]));
  };
  const unsigned point = (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
  const bool wide = (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xd7a3) ||
                    (point >= 0xf900 && point <= 0xfaff) || (point >= 0xfe30 && point <= 0xfe6f) ||
                    (point >= 0xff00 && point <= 0xff60);
  return wide ? 2 : 1;
}

// The front of `text` that fits.
std::string_view fitting(std::string_view text, unsigned width) {
  std::size_t at = 0;
  for (unsigned used = 0; at < text.size();) {
    const auto size = std::min(length_of(text[at]), text.size() - at);
    used += width_of(text.substr(at, size));
    if (used > width) break;
    at += size;
  }
  return text.substr(0, at);
}

// How much is done, from 0 to 1, if the total is known.
std::optional<double> share_done(const Advance& advance) {
  const bool by_bytes = advance.bytes_total > 0;
  const auto total = by_bytes ? advance.bytes_total : advance.items_total;
  if (total == 0) return std::nullopt;
  return std::min(1.0, static_cast<double>(by_bytes ? advance.bytes : advance.items) /
                           static_cast<double>(total));
}

std::string whole_seconds(std::int64_t seconds) {
  return seconds < 60 ? fmt::format("{} s", seconds)
                      : base::format_duration(base::seconds(seconds));
}

// The time left where it can be told, else the time so far.
std::string time_text(std::optional<double> share, double seconds) {
  constexpr double seconds_before_guess = 2;
  if (!share || *share <= 0.001 || *share >= 1 || seconds < seconds_before_guess) {
    return fmt::format("  {}", whole_seconds(static_cast<std::int64_t>(seconds)));
  }
  const auto left = static_cast<std::int64_t>(seconds * (1 - *share) / *share) + 1;
  return fmt::format("  {} left", whole_seconds(left));
}

}  // namespace

unsigned columns_of(std::string_view text) {
  unsigned columns = 0;
  while (!text.empty()) {
    const auto size = std::min(length_of(text[0]), text.size());
    columns += width_of(text.substr(0, size));
    text.remove_prefix(size);
  }
  return columns;
}

std::string status_text(const Advance& advance, base::Duration elapsed, unsigned width) {
  auto text = advance.action;
  if (const auto share = share_done(advance)) text += fmt::format(" {:.0f}%", 100 * *share);
  if (advance.bytes_total > 0) {
    text += fmt::format("  {} of {}", base::format_size(advance.bytes),
                        base::format_size(advance.bytes_total));
  } else if (advance.bytes > 0) {
    text += fmt::format("  {}", base::format_size(advance.bytes));
  }
  if (advance.items_total > 0) {
    text += fmt::format("  {} of {} {}", advance.items, advance.items_total, advance.unit);
  } else if (advance.items > 0) {
    text += fmt::format("  {} {}", advance.items, advance.unit);
  }
  const double seconds = elapsed.seconds();
  if (advance.bytes > 0 && seconds > 0) {
    const double rate = static_cast<double>(advance.bytes) / seconds;
    text += fmt::format("  {}/s", base::format_size(static_cast<std::uint64_t>(rate)));
  }
  text += time_text(share_done(advance), seconds);
  if (!advance.current.empty()) text += "  " + base::printable(advance.current);
  return std::string(fitting(text, width));
}

void StatusLine::show(const Advance& advance, unsigned width) {
  const auto now = clock_.monotonic();
  if (drawn_ && now - *drawn_ < redraw_interval) return;
  drawn_ = now;
  visible_ = true;
  // Back to the first column, the text, and erase to the end of the line. The last column stays
  // free: some terminals wrap when it is written.
  terminal_ << '\r' << status_text(advance, now - begun_, width > 1 ? width - 1 : 1) << "\x1b[K"
            << std::flush;
}

void StatusLine::clear() {
  if (visible_) terminal_ << "\r\x1b[K" << std::flush;
  visible_ = false;
}

}  // namespace holdfast::cli
