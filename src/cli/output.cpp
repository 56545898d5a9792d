// Lines of text, and the frame of the JSON object.
#include "output.hpp"

#include "base/bytes.hpp"
#include "base/check.hpp"

namespace holdfast::cli {

void Output::result(std::string_view line) {
  if (!is_json()) out_ << base::printable(line) << '\n';
}

void Output::summary(std::string_view line) {
  if (verbosity_ != Verbosity::quiet) result(line);
}

void Output::detail(std::string_view line) {
  if (verbosity_ == Verbosity::verbose) err_ << base::printable(line) << '\n';
}

void Output::note(std::string_view line) {
  if (is_json() || verbosity_ == Verbosity::quiet) return;
  err_ << "holdfast: note: " << base::printable(line) << '\n';
}

void Output::warning(std::string_view line) {
  if (!is_json()) err_ << "holdfast: warning: " << base::printable(line) << '\n';
}

void Output::error(const base::Error& error) {
  err_ << "holdfast: error: " << base::printable(error.to_string()) << '\n';
  if (!error.hint().empty()) err_ << "hint: " << base::printable(error.hint()) << '\n';
  err_.flush();
  if (!is_json()) return;
  if (json_.untouched()) json_.begin_object();
  while (json_.depth() > 1) json_.end();
  json_.begin_object("error");
  json_.text("code", base::error_code_name(error.code()));
  json_.text("message", error.message());
  json_.begin_array("context");
  for (auto at = error.context().rbegin(); at != error.context().rend(); ++at) json_.text(*at);
  json_.end();
  json_.text("hint", error.hint());
  json_.end();
}

JsonWriter& Output::json() {
  CHECK(is_json(), "JSON was not asked for");
  return json_;
}

bool Output::finish() {
  if (is_json()) json_.finish();
  out_.flush();
  return out_.good();
}

void Output::verbatim(std::string_view text) {
  if (!is_json()) out_ << text;
}

}  // namespace holdfast::cli
