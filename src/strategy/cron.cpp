// Reading of cron's five fields.
#include <fmt/format.h>

#include <array>

#include "base/bytes.hpp"
#include "calendar_words.hpp"
#include "strategy/when.hpp"
#include "values.hpp"

namespace holdfast::strategy {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

struct FieldRange {
  std::string_view name;
  int low;
  int high;
  std::optional<int> (*word)(std::string_view) = nullptr;
};

constexpr std::array<FieldRange, 5> ranges{{{"minute", 0, 59},
                                            {"hour", 0, 23},
                                            {"day of the month", 1, 31},
                                            {"month", 1, 12, parse_month},
                                            {"day of the week", 0, 7, parse_weekday}}};

Error malformed(std::string_view part, const FieldRange& range) {
  return Error(ErrorCode::invalid_argument,
               fmt::format("'{}' is no {} of cron", base::printable(part), range.name))
      .with_hint(fmt::format("write *, a number from {} to {}, a range 1-5, a list 1,2 or a step "
                             "*/15",
                             range.low, range.high));
}

Result<int> parse_number(std::string_view text, const FieldRange& range) {
  if (range.word != nullptr) {
    if (const auto value = range.word(text)) return *value;
  }
  const auto number = parse_integer(text);
  if (!number.ok() || static_cast<int>(number.value()) < range.low ||
      number.value() > static_cast<std::uint64_t>(range.high)) {
    return malformed(text, range);
  }
  return static_cast<int>(number.value());
}

// "*", "5", "1-5", each with "/step".
Result<void> add_part(std::string_view part, const FieldRange& range, std::bitset<64>& values) {
  const auto slash = part.find('/');
  const auto span = part.substr(0, slash);
  int step = 1;
  if (slash != std::string_view::npos) {
    const auto number = parse_integer(part.substr(slash + 1));
    if (!number.ok() || number.value() == 0 || number.value() > 60) return malformed(part, range);
    step = static_cast<int>(number.value());
  }
  int low = range.low;
  int high = range.high;
  if (span != "*") {
    const auto dash = span.find('-');
    low = TRY(parse_number(span.substr(0, dash), range));
    if (dash != std::string_view::npos) {
      high = TRY(parse_number(span.substr(dash + 1), range));
    } else if (slash == std::string_view::npos) {
      high = low;
    }
  }
  if (low > high) return malformed(part, range);
  for (int value = low; value <= high; value += step) values.set(static_cast<std::size_t>(value));
  return {};
}

Result<std::bitset<64>> parse_field(std::string_view text, const FieldRange& range) {
  std::bitset<64> values;
  for (const auto part : split(text, ',')) TRY(add_part(part, range, values));
  return values;
}

template <std::size_t N>
void copy_bits(const std::bitset<64>& from, std::bitset<N>& to) {
  for (std::size_t i = 0; i < N; ++i) to.set(i, from.test(i));
}

std::string_view macro(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> macros{
      {{"@hourly", "0 * * * *"},
       {"@daily", "0 0 * * *"},
       {"@midnight", "0 0 * * *"},
       {"@weekly", "0 0 * * 0"},
       {"@monthly", "0 0 1 * *"},
       {"@yearly", "0 0 1 1 *"},
       {"@annually", "0 0 1 1 *"}}};
  for (const auto& [name, fields] : macros) {
    if (name == text) return fields;
  }
  return text;
}

// Whether any month that is meant has a day that is meant.
bool can_happen(const Cron& cron) {
  if (!cron.any_weekday) return true;
  static constexpr std::array<int, 13> lengths{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (std::size_t month = 1; month <= 12; ++month) {
    if (!cron.months.test(month)) continue;
    for (int day = 1; day <= lengths[month]; ++day) {
      if (cron.month_days.test(static_cast<std::size_t>(day))) return true;
    }
  }
  return false;
}

}  // namespace

Result<Cron> parse_cron(std::string_view text) {
  const auto fields = split_words(macro(text));
  if (fields.size() != 5) {
    return Error(ErrorCode::invalid_argument, fmt::format("'{}' has {} fields instead of five",
                                                          base::printable(text), fields.size()))
        .with_hint("write minute, hour, day of month, month, day of week: \"0 2 * * *\"");
  }
  std::array<std::bitset<64>, 5> values;
  for (std::size_t i = 0; i < 5; ++i) values[i] = TRY(parse_field(fields[i], ranges[i]));
  Cron cron;
  copy_bits(values[0], cron.minutes);
  copy_bits(values[1], cron.hours);
  copy_bits(values[2], cron.month_days);
  copy_bits(values[3], cron.months);
  copy_bits(values[4], cron.weekdays);
  if (values[4].test(7)) cron.weekdays.set(0);
  cron.any_month_day = fields[2].starts_with('*');
  cron.any_weekday = fields[4].starts_with('*');
  if (!can_happen(cron)) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("'{}' never happens: no such day is in these months",
                             base::printable(text)))
        .with_hint("correct the day of the month or the month");
  }
  return cron;
}

}  // namespace holdfast::strategy
