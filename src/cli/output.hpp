// Output: what a command says, as text or as one JSON object. Results go to standard output,
// everything else to standard error.
#pragma once

#include <optional>
#include <ostream>
#include <string_view>

#include "base/error.hpp"
#include "json_writer.hpp"

namespace holdfast::cli {

enum class Format { text, json };
enum class Verbosity { quiet, normal, verbose };

// Borrows the streams. Used by one task. All text is made printable: names from outside can't drive
// a terminal.
class Output {
 public:
  Output(std::ostream& out, std::ostream& err, Format format, Verbosity verbosity)
      : out_(out), err_(err), format_(format), verbosity_(verbosity), json_(out) {}

  [[nodiscard]] Format format() const noexcept { return format_; }
  [[nodiscard]] Verbosity verbosity() const noexcept { return verbosity_; }
  [[nodiscard]] bool is_json() const noexcept { return format_ == Format::json; }

  // A line of what was asked for, such as a listing. Not in JSON.
  void result(std::string_view line);
  // A line that tells how it went. Not in JSON, not when quiet.
  void summary(std::string_view line);
  // A line for the curious, on standard error: only when verbose.
  void detail(std::string_view line);
  // Something worth knowing and no reason to worry; on standard error. Not in JSON, not when quiet.
  void note(std::string_view line);
  // Something the user must know; on standard error. Not in JSON, where it is a member.
  void warning(std::string_view line);
  // "holdfast: error: ..." and "hint: ..." on standard error; in JSON the error object too, in what
  // was begun.
  void error(const base::Error& error);

  // The object that --json prints; in text, a writer of nothing is never handed out: ask is_json()
  // first.
  [[nodiscard]] JsonWriter& json();
  // Ends the JSON object and flushes. False if standard output did not take everything.
  [[nodiscard]] bool finish();

  [[nodiscard]] std::ostream& err() noexcept { return err_; }
  // Text that is printed as it is: help, scripts.
  void verbatim(std::string_view text);

 private:
  std::ostream& out_;
  std::ostream& err_;
  const Format format_;
  const Verbosity verbosity_;
  JsonWriter json_;
};

}  // namespace holdfast::cli
