// JsonWriter: writes one JSON value as it becomes known, so that a listing of millions of files
// needs no memory.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cli {

// Borrows the stream. Members come in the order of the calls; the caller keeps keys distinct. Text
// that is not UTF-8 has its wrong bytes written as \xNN. Calls out of order (a value without key in
// an object) end the program.
class JsonWriter {
 public:
  explicit JsonWriter(std::ostream& out) : out_(out) {}

  void begin_object();
  void begin_array();
  // Ends the innermost object or array.
  void end();
  // Ends all that are open and the line.
  void finish();
  // Nothing was written yet.
  [[nodiscard]] bool untouched() const noexcept { return !touched_; }
  // How many objects and arrays are open.
  [[nodiscard]] std::size_t depth() const noexcept { return open_.size(); }

  void key(std::string_view name);
  void text(std::string_view value);
  void integer(std::uint64_t value);
  void number(double value);
  void boolean(bool value);

  // A member of the open object.
  void begin_object(std::string_view name) { key(name), begin_object(); }
  void begin_array(std::string_view name) { key(name), begin_array(); }
  void text(std::string_view name, std::string_view value) { key(name), text(value); }
  void integer(std::string_view name, std::uint64_t value) { key(name), integer(value); }
  void number(std::string_view name, double value) { key(name), number(value); }
  void boolean(std::string_view name, bool value) { key(name), boolean(value); }
  // Bytes that are usually text: `name` holds them printable, and if they are not UTF-8,
  // `name`_bytes holds them in hexadecimal.
  void raw_name(std::string_view name, std::string_view bytes);

 private:
  enum class Kind { object, array };
  struct Level {
    Kind kind;
    bool filled = false;
  };
  void before_value();
  void open(Kind kind);
  void quoted(std::string_view value);

  std::ostream& out_;
  std::vector<Level> open_;
  bool after_key_ = false;
  bool touched_ = false;
};

[[nodiscard]] bool is_utf8(std::string_view bytes) noexcept;

}  // namespace holdfast::cli
