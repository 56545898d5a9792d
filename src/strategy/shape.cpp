// Shapes: building them, describing them, and checking scalars against them.
#include "shape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "base/units.hpp"
#include "strategy/drill.hpp"
#include "strategy/keep.hpp"
#include "strategy/time_zone.hpp"
#include "strategy/when.hpp"
#include "values.hpp"

namespace holdfast::strategy {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::string_view duration_pattern = "^([0-9]+(ms|s|m|h|d|w))+$";

constexpr std::array<ScalarForm, 22> forms{{
    {Form::text, "text", "^"},
    {Form::name, "a name", "^"},
    {Form::flag, "true or false", "^(true|false)$"},
    {Form::integer, "a whole number", "^[0-9]+$"},
    {Form::percentage, "a percentage like 80%", "^[0-9.]+%$"},
    {Form::percentage_rate, "a rate like 99.9% per month", "^[0-9.]+%( +per +[a-z]+)?$"},
    {Form::request_rate, "a number of requests like 5M per month", "^[0-9]+[kKM]? +per +[a-z]+$"},
    {Form::duration, "a duration like 5m or 7d", duration_pattern},
    {Form::size, "a size like 500GB", "^[0-9]+([kKMGT]i?)?B?$"},
    {Form::secret, "env:NAME, file:PATH or command:PROGRAM", "^(env:|file:|command:|mailto:)"},
    {Form::address, "an address", "^"},
    {Form::choice, "a choice", "^"},
    {Form::at, "a time like \"02:00\", \"Sun 05:00\" or \"1st 06:00\"",
     "^([A-Za-z0-9,-]+ +)?[0-9]{1,2}:[0-9]{2}$"},
    {Form::cron, "five fields of cron like \"0 2 * * *\"", "^(@[a-z]+|\\S+( +\\S+){4})$"},
    {Form::when, "change, commit, continuous, manual or event NAME",
     "^(change|commit|continuous|manual|event +\\S+)$"},
    {Form::window, "a window like \"Mon-Fri 08:00-18:00\"",
     "^([A-Za-z,-]+ +)?[0-9]{1,2}:[0-9]{2}-[0-9]{1,2}:[0-9]{2}$"},
    {Form::instant, "latest, random, \"1h ago\" or a time like 2025-12-04T14:30:00Z",
     "^(latest|random|.+ ago|[0-9]{4}-.+)$"},
    {Form::sample, "all, new, newest or a share like 10%", "^(all|new|newest|[0-9.]+%)$"},
    {Form::pick, "last, first, a weekday or a day of the month like 1st", "^[A-Za-z0-9]+$"},
    {Form::until, "event NAME", "^event +\\S+$"},
    {Form::mode, "permissions in octal like \"0600\"", "^0?[0-7]{3}$"},
    {Form::time_zone, "a time zone like Europe/Berlin", "^[A-Za-z0-9_+/-]+$"},
}};

Error malformed(std::string_view text, const Shape& shape) {
  return Error(ErrorCode::invalid_argument,
               fmt::format("'{}' is not {}", without_password(text), describe(shape)));
}

// The error of a value parser, or nothing.
template <typename T>
Result<void> only_error(Result<T> result) {
  if (result.ok()) return {};
  return std::move(result).error();
}

Result<void> check_choice(const Shape& shape, std::string_view text) {
  const auto& choices = shape.choices;
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) return {};
  return Error(ErrorCode::invalid_argument, fmt::format("'{}' is none of the choices", text))
      .with_hint(fmt::format("write one of {}", fmt::join(choices, ", ")));
}

Result<void> check_pattern_form(const Shape& shape, std::string_view text) {
  if (shape.form == Form::until) {
    const auto words = split_words(text);
    if (words.size() == 2 && words[0] == "event") return {};
    return malformed(text, shape);
  }
  const auto digits = text.size() == 4 && text.starts_with('0') ? text.substr(1) : text;
  const bool octal = digits.size() == 3 && std::all_of(digits.begin(), digits.end(),
                                                       [](char c) { return c >= '0' && c <= '7'; });
  if (octal) return {};
  return malformed(text, shape);
}

Result<void> check_pick(std::string_view text) {
  for (std::size_t i = 0; i < period_count; ++i) {
    if (parse_pick(text, static_cast<Period>(i)).ok()) return {};
  }
  return only_error(parse_pick(text, Period::monthly));
}

}  // namespace

const Key* Record::find(std::string_view key) const {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const Key& each) { return each.name == key; });
  return found == keys.end() ? nullptr : &*found;
}

std::vector<std::string> Record::names() const {
  std::vector<std::string> all;
  all.reserve(keys.size());
  for (const auto& key : keys) all.push_back(key.name);
  return all;
}

Shape scalar(Form form) {
  Shape shape;
  shape.form = form;
  return shape;
}

Shape choice(std::vector<std::string> choices) {
  Shape shape;
  shape.form = Form::choice;
  shape.choices = std::move(choices);
  return shape;
}

Shape list_of(Shape part) {
  Shape shape;
  shape.form = Form::list;
  shape.parts.push_back(std::move(part));
  return shape;
}

Shape one_or_more(Shape part) {
  auto list = list_of(part);
  return any_of({std::move(part), std::move(list)});
}

Shape map_of(Shape part) {
  Shape shape;
  shape.form = Form::map;
  shape.parts.push_back(std::move(part));
  return shape;
}

Shape record_of(const Record& (*record)()) {
  Shape shape;
  shape.form = Form::record;
  shape.record = record;
  return shape;
}

Shape any_of(std::vector<Shape> parts) {
  Shape shape;
  shape.form = Form::any_of;
  shape.parts = std::move(parts);
  return shape;
}

const ScalarForm& scalar_form(Form form) {
  const auto found = std::find_if(forms.begin(), forms.end(),
                                  [&](const ScalarForm& each) { return each.form == form; });
  CHECK(found != forms.end(), "a scalar form without description");
  return *found;
}

std::string describe(const Shape& shape) {
  switch (shape.form) {
    case Form::choice: return fmt::format("one of {}", fmt::join(shape.choices, ", "));
    case Form::list: return fmt::format("a list of {}", describe(shape.parts.front()));
    case Form::map: return fmt::format("names with {}", describe(shape.parts.front()));
    case Form::record: return fmt::format("the keys of {}", shape.record().name);
    case Form::any_of: {
      std::string all;
      for (const auto& part : shape.parts) all += (all.empty() ? "" : ", or ") + describe(part);
      return all;
    }
    default: return std::string(scalar_form(shape.form).name);
  }
}

Result<void> check_scalar(const Shape& shape, std::string_view text) {
  switch (shape.form) {
    case Form::text:
    case Form::name:
    case Form::address:
      if (text.empty()) return Error(ErrorCode::invalid_argument, "this is empty");
      return {};
    case Form::flag: return only_error(parse_flag(text));
    case Form::integer: return only_error(parse_integer(text));
    case Form::percentage: return only_error(parse_percentage(text));
    case Form::percentage_rate: return only_error(parse_percentage_rate(text));
    case Form::request_rate: return only_error(parse_request_rate(text));
    case Form::duration: return only_error(parse_span(text));
    case Form::size: return only_error(base::parse_size(text));
    case Form::secret: return only_error(parse_secret(text));
    case Form::choice: return check_choice(shape, text);
    case Form::at: return only_error(parse_at(text));
    case Form::cron: return only_error(parse_cron(text));
    case Form::when: return only_error(parse_when(text));
    case Form::window: return only_error(parse_window(text));
    case Form::instant: return only_error(parse_instant(text));
    case Form::sample: return only_error(parse_sample(text));
    case Form::pick: return check_pick(text);
    case Form::until:
    case Form::mode: return check_pattern_form(shape, text);
    case Form::time_zone: return only_error(TimeZone::find(text));
    case Form::list:
    case Form::map:
    case Form::record:
    case Form::any_of: break;
  }
  CHECK(false, "check_scalar of a shape that holds others");
  return {};
}

}  // namespace holdfast::strategy
