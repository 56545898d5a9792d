// Diagnostic: one thing that is wrong with a strategy or worth knowing about it, with the place in
// the file where it stands and what to write instead.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::strategy {

// A place in one of the files of a strategy. Lines and columns count from 1 (columns in bytes);
// line 0 means the file as a whole. `file` counts from 0 in the order in which files were read.
struct Position {
  std::uint32_t file = 0;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  auto operator<=>(const Position&) const = default;
};

// Errors keep a strategy from being used. Warnings are promises that it can't keep. Notes are worth
// knowing.
enum class Severity { error, warning, note };

[[nodiscard]] std::string_view severity_name(Severity severity) noexcept;

struct Diagnostic {
  Severity severity = Severity::error;
  Position position;
  std::string message;
  std::string text;  // what stands there, as it was written; empty for secrets
  std::string hint;  // what to do; empty if there is nothing to advise
};

// All that was found, in the order of the files: counted without an end, kept as far as the first
// thousand of each severity. A value type; not thread-safe.
class Diagnostics {
 public:
  void add(Diagnostic diagnostic);
  void error(Position at, std::string message, std::string hint = {}, std::string text = {});
  void warning(Position at, std::string message, std::string hint = {}, std::string text = {});
  void note(Position at, std::string message, std::string hint = {}, std::string text = {});

  // Sorts by place and drops what was said twice.
  void settle();

  [[nodiscard]] const std::vector<Diagnostic>& all() const noexcept { return all_; }
  // Those that aren't kept included.
  [[nodiscard]] std::size_t count(Severity severity) const noexcept;
  // How many aren't kept.
  [[nodiscard]] std::size_t dropped() const noexcept;
  [[nodiscard]] bool has_errors() const noexcept { return count(Severity::error) != 0; }

 private:
  std::vector<Diagnostic> all_;
  std::array<std::size_t, 3> stored_{};  // by severity
  std::array<std::size_t, 3> dropped_{};
};

// "holdfast.yaml:12:7: error: …" without the hint. `files` are the names that positions count.
[[nodiscard]] std::string format(const Diagnostic& diagnostic,
                                 const std::vector<std::string>& files);

// The text with the password of an address in it replaced by ***: all from the first colon after
// :// to the last @. Hides too much where an @ stands behind the host.
[[nodiscard]] std::string without_password(std::string_view text);

}  // namespace holdfast::strategy
