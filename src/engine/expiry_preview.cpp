// Sorting verdicts by day, and drawing months.
#include "engine/expiry_preview.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace holdfast::engine {

namespace {

using strategy::DayNumber;

// Of one plan, or of all.
struct Count {
  std::uint64_t all = 0;
  std::uint64_t going = 0;
};

std::optional<std::string> drastic_of(const Count& all, const std::map<std::string, Count>& plans) {
  if (all.going * 2 > all.all) {
    return fmt::format("{} of {} snapshots would go", all.going, all.all);
  }
  for (const auto& [name, count] : plans) {
    if (count.going == 0 || count.going < count.all) continue;
    return fmt::format("all {} snapshots of plan {} would go", count.all, name);
  }
  return std::nullopt;
}

std::string month_title(const strategy::Date& date) {
  return fmt::format("{:04}-{:02}", date.year, date.month);
}

std::string_view mark_of(const PreviewedDay* day) {
  if (day == nullptr) return " ";
  const auto going = std::count_if(day->snapshots.begin(), day->snapshots.end(),
                                   [](const auto& each) { return each.goes(); });
  if (going == 0) return "+";
  return static_cast<std::size_t>(going) == day->snapshots.size() ? "-" : "±";
}

void add_month(const strategy::Date& month, const std::map<DayNumber, const PreviewedDay*>& days,
               std::vector<std::string>& lines) {
  lines.push_back(month_title(month));
  lines.emplace_back("  Mon  Tue  Wed  Thu  Fri  Sat  Sun");
  const auto first = strategy::day_number({month.year, month.month, 1});
  const auto length = strategy::days_in_month(month.year, month.month);
  const int before = (strategy::weekday_of(first) + 6) % 7;  // weeks begin on Monday
  std::string line(static_cast<std::size_t>(5 * before), ' ');
  for (int day = 0; day < length; ++day) {
    const auto found = days.find(first + day);
    line += fmt::format("{:>4}{}", day + 1, mark_of(found == days.end() ? nullptr : found->second));
    if ((before + day + 1) % 7 != 0 && day + 1 < length) continue;
    while (line.ends_with(' ')) line.pop_back();
    lines.push_back(std::move(line));
    line.clear();
  }
}

}  // namespace

ExpiryPreview preview_of(const ExpiryDecision& decision, const strategy::TimeZone& zone) {
  ExpiryPreview preview;
  std::map<DayNumber, PreviewedDay> days;
  std::map<std::string, Count> plans;
  Count all;
  for (std::size_t i = 0; i < decision.request.snapshots.size(); ++i) {
    const auto& stored = decision.request.snapshots[i];
    const auto& verdict = decision.decision.verdicts[i];
    const auto number = zone.local(stored.captured).day;
    auto& day = days[number];
    day.day = number;
    day.snapshots.push_back({.id = stored.id,
                             .captured = stored.captured,
                             .plans = stored.plans,
                             .because = verdict.because});
    const std::uint64_t goes = verdict.is_kept() ? 0 : 1;
    ++all.all;
    all.going += goes;
    for (const auto& name : stored.plans) {
      ++plans[name].all;
      plans[name].going += goes;
    }
  }
  for (auto& [number, day] : days) {
    std::sort(day.snapshots.begin(), day.snapshots.end(),
              [](const auto& a, const auto& b) { return a.captured < b.captured; });
    preview.days.push_back(std::move(day));
  }
  preview.going = all.going;
  preview.kept = all.all - all.going;
  preview.drastic = drastic_of(all, plans);
  return preview;
}

std::vector<std::string> calendar_lines(const ExpiryPreview& preview) {
  std::map<DayNumber, const PreviewedDay*> days;
  for (const auto& day : preview.days) days[day.day] = &day;
  std::vector<std::string> lines;
  std::string shown;
  for (const auto& day : preview.days) {
    const auto date = strategy::date_of(day.day);
    const auto title = month_title(date);
    if (title == shown) continue;
    shown = title;
    add_month(date, days, lines);
  }
  return lines;
}

}  // namespace holdfast::engine
