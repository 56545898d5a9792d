// Shape: what a value of the strategy may look like. The tables of keys (keys_*.cpp) are written
// with these types, once; parser, suggestions, JSON Schema and reference are all made from them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace holdfast::strategy {

struct Record;

enum class Form {
  // scalars
  text,
  name,  // of something else in the strategy
  flag,
  integer,
  percentage,
  percentage_rate,  // "99.9% per month"
  request_rate,     // "5M per month"
  duration,
  size,
  secret,   // never expanded, never shown
  address,  // an URL: shown without its password
  choice,
  at,
  cron,
  when,
  window,
  instant,
  sample,
  pick,
  until,
  mode,
  time_zone,
  // what holds others
  list,
  map,
  record,
  any_of,
};

struct Shape {
  Form form = Form::text;
  std::vector<std::string> choices;     // of choice
  std::vector<Shape> parts;             // of list and map: one; of any_of: the alternatives
  const Record& (*record)() = nullptr;  // of record

  [[nodiscard]] bool is_scalar() const noexcept { return form < Form::list; }
};

enum class Need { optional, required };
// What an environment's value does to the one below it.
enum class Overlay { merge, replace };

struct Key {
  std::string name;
  Shape shape;
  std::string text;  // what it means, for the reference
  Need need = Need::optional;
  Overlay overlay = Overlay::merge;
};

// Keys of which some number must be given. An environment that gives one replaces the others.
struct KeyGroup {
  enum class Count { exactly_one, at_most_one } count = Count::exactly_one;
  std::string what;  // "when it runs"
  std::vector<std::string> keys;
};

struct Record {
  std::string name;  // "plan"
  std::string text;
  std::vector<Key> keys;
  std::vector<KeyGroup> groups;

  // Nothing if there is none. Borrowed.
  [[nodiscard]] const Key* find(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> names() const;
};

[[nodiscard]] Shape scalar(Form form);
[[nodiscard]] Shape choice(std::vector<std::string> choices);
[[nodiscard]] Shape list_of(Shape part);
[[nodiscard]] Shape one_or_more(Shape part);
[[nodiscard]] Shape map_of(Shape part);
[[nodiscard]] Shape record_of(const Record& (*record)());
[[nodiscard]] Shape any_of(std::vector<Shape> parts);

// What a scalar of the shape is called ("a duration like 5m"), and the pattern (ECMA 262) that all
// of its texts match; the check itself is stricter.
struct ScalarForm {
  Form form;
  std::string_view name;
  std::string_view pattern;
};
[[nodiscard]] const ScalarForm& scalar_form(Form form);
// In words, for messages: "a duration like 5m, or a list".
[[nodiscard]] std::string describe(const Shape& shape);

// Whether `text` is a scalar of this shape, which must be one; the error says what is wrong.
[[nodiscard]] base::Result<void> check_scalar(const Shape& shape, std::string_view text);

// Every record, outermost first.
[[nodiscard]] const Record& strategy_record();
[[nodiscard]] const std::vector<const Record*>& all_records();

}  // namespace holdfast::strategy
