// Reading picks, and saying in words what is kept.
#include "strategy/keep.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "calendar_words.hpp"
#include "strategy/when.hpp"
#include "values.hpp"

namespace holdfast::strategy {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

std::string describe(const Pick& pick) {
  switch (pick.kind) {
    case PickKind::last: return {};
    case PickKind::first: return " (first)";
    case PickKind::weekday: return fmt::format(" ({})", weekday_name(pick.day));
    case PickKind::month_day: return fmt::format(" ({})", ordinal(pick.day));
  }
  return {};
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? " and " : ", ";
    text += parts[i];
  }
  return text;
}

}  // namespace

std::string_view period_name(Period period) noexcept {
  static constexpr std::array<std::string_view, period_count> names{"hourly", "daily", "weekly",
                                                                    "monthly", "yearly"};
  return names[static_cast<std::size_t>(period)];
}

bool Keep::empty() const noexcept {
  for (const auto& each : buckets) {
    if (each) return false;
  }
  return !forever && !age && !last && !versions && !until_event;
}

Result<Pick> parse_pick(std::string_view text, Period period) {
  if (text == "last") return Pick{};
  if (text == "first") return Pick{PickKind::first, 0};
  if (period == Period::weekly) {
    if (const auto day = parse_weekday(text)) return Pick{PickKind::weekday, *day};
  }
  if (period == Period::monthly || period == Period::yearly) {
    const auto day = parse_ordinal(text);
    // The 29th and later are not in every month.
    if (day && *day <= 28) return Pick{PickKind::month_day, *day};
  }
  const auto fitting = period == Period::weekly ? "last, first or a day like sunday"
                       : period == Period::monthly || period == Period::yearly
                           ? "last, first or a day from 1st to 28th"
                           : "last or first";
  return Error(ErrorCode::invalid_argument,
               fmt::format("'{}' picks nothing of a {} rule", text, period_name(period)))
      .with_hint(fmt::format("write {}", fitting));
}

std::string describe(const Keep& keep) {
  std::vector<std::string> parts;
  if (keep.forever) parts.emplace_back("for ever");
  if (keep.age) parts.push_back(fmt::format("for {}", describe(*keep.age)));
  if (keep.last) parts.push_back(fmt::format("the last {}", *keep.last));
  if (keep.versions)
    parts.push_back(fmt::format("the last {} versions of each path", *keep.versions));
  for (std::size_t i = 0; i < period_count; ++i) {
    const auto& bucket = keep.buckets[i];
    if (!bucket) continue;
    parts.push_back(fmt::format("{} {}{}", bucket->count, period_name(static_cast<Period>(i)),
                                describe(bucket->pick)));
  }
  if (keep.until_event) {
    parts.push_back(fmt::format("until {} and {} more", *keep.until_event, describe(keep.then)));
  }
  auto text = parts.empty() ? std::string("nothing") : joined(parts);
  if (!keep.per_tag.empty()) text += fmt::format(", for each {}", keep.per_tag);
  return text;
}

}  // namespace holdfast::strategy
