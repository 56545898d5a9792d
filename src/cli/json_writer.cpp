// Streaming JSON after RFC 8259: escaping, commas, and what is open.
#include "json_writer.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/bytes.hpp"
#include "base/check.hpp"

namespace holdfast::cli {

namespace {

// The length of the UTF-8 sequence at the front (RFC 3629, table 3-7 of Unicode), 0 if it is none.
std::size_t sequence_length(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (at(i) & 0xc0) == 0x80; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4 || !continues(1)) return 0;
  if (lead < 0xe0) return 2;
  if (!continues(2)) return 0;
  if (lead < 0xf0) {
    const bool overlong = lead == 0xe0 && at(1) < 0xa0;
    const bool surrogate = lead == 0xed && at(1) > 0x9f;
    return overlong || surrogate ? 0 : 3;
  }
  const bool overlong = lead == 0xf0 && at(1) < 0x90;
  const bool beyond = lead == 0xf4 && at(1) > 0x8f;
  return overlong || beyond || !continues(3) ? 0 : 4;
}

}  // namespace

bool is_utf8(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const auto length = sequence_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

void JsonWriter::before_value() {
  touched_ = true;
  if (open_.empty()) return;
  auto& level = open_.back();
  CHECK(level.kind == Kind::array || after_key_, "a value in an object needs a key");
  if (level.kind == Kind::array) {
    if (level.filled) out_ << ',';
    level.filled = true;
  }
  after_key_ = false;
}

void JsonWriter::open(Kind kind) {
  before_value();
  out_ << (kind == Kind::object ? '{' : '[');
  open_.push_back({.kind = kind});
}

void JsonWriter::begin_object() { open(Kind::object); }
void JsonWriter::begin_array() { open(Kind::array); }

void JsonWriter::end() {
  CHECK(!open_.empty() && !after_key_, "nothing to end");
  out_ << (open_.back().kind == Kind::object ? '}' : ']');
  open_.pop_back();
}

void JsonWriter::finish() {
  while (!open_.empty()) end();
  if (touched_) out_ << '\n';
}

void JsonWriter::key(std::string_view name) {
  CHECK(!open_.empty() && open_.back().kind == Kind::object && !after_key_,
        "a key outside an object");
  if (open_.back().filled) out_ << ',';
  open_.back().filled = true;
  quoted(name);
  out_ << ':';
  after_key_ = true;
}

void JsonWriter::text(std::string_view value) {
  before_value();
  quoted(value);
}

void JsonWriter::integer(std::uint64_t value) {
  before_value();
  out_ << fmt::format("{}", value);
}

void JsonWriter::number(double value) {
  before_value();
  out_ << (std::isfinite(value) ? fmt::format("{:.3f}", value) : "0");
}

void JsonWriter::boolean(bool value) {
  before_value();
  out_ << (value ? "true" : "false");
}

void JsonWriter::raw_name(std::string_view name, std::string_view bytes) {
  text(name, bytes);
  if (!is_utf8(bytes)) text(fmt::format("{}_bytes", name), base::to_hex(base::as_bytes(bytes)));
}

void JsonWriter::quoted(std::string_view value) {
  out_ << '"';
  while (!value.empty()) {
    const auto length = sequence_length(value);
    const auto lead = static_cast<unsigned char>(value[0]);
    if (length == 0) {
      out_ << fmt::format("\\\\x{:02x}", lead);
    } else if (lead == '"' || lead == '\\') {
      out_ << '\\' << value[0];
    } else if (lead == '\n') {
      out_ << "\\n";
    } else if (length == 2 && lead == 0xc2 && static_cast<unsigned char>(value[1]) < 0xa0) {
      // Controls too (C1): a terminal obeys them.
      out_ << fmt::format("\\u00{:02x}", static_cast<unsigned char>(value[1]));
    } else if (lead < 0x20 || lead == 0x7f) {
      out_ << fmt::format("\\u{:04x}", lead);
    } else {
      out_ << value.substr(0, length);
    }
    value.remove_prefix(length == 0 ? 1 : length);
  }
  out_ << '"';
}

}  // namespace holdfast::cli
