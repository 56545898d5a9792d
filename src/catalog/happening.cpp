// Happenings in the table of the same name; their tags are a JSON object.
#include "catalog/happening.hpp"

#include <nlohmann/json.hpp>

#include "database.hpp"

namespace holdfast::catalog {

using base::Result;

namespace {

std::map<std::string, std::string> tags_of(const std::string& text) {
  std::map<std::string, std::string> tags;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return tags;
  for (const auto& [key, value] : json.items()) {
    if (value.is_string()) tags[key] = value.get<std::string>();
  }
  return tags;
}

}  // namespace

Result<std::int64_t> Happenings::add(const HappeningRecord& record) {
  const auto tags =
      nlohmann::json(record.tags).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::int64_t number = 0;
  TRY(database_.transaction([&]() -> Result<void> {
    TRY(database_.execute("INSERT INTO happenings (event, id, tags, at) VALUES (:a, :b, :c, :d)",
                          {record.event, record.id, tags, value_of(record.at)}));
    number = TRY(newest());
    return {};
  }));
  return number;
}

Result<std::vector<HappeningRecord>> Happenings::list(const std::string& event,
                                                      std::int64_t after) {
  std::vector<HappeningRecord> records;
  const auto rows = TRY(database_.query(
      "SELECT number, event, id, tags, at FROM happenings WHERE number > :a AND (:b = '' OR event "
      "= :c) ORDER BY number",
      {after, event, event}));
  for (const auto& row : rows) {
    records.push_back({.number = number_of(row[0]),
                       .event = text_of(row[1]),
                       .id = text_of(row[2]),
                       .tags = tags_of(text_of(row[3])),
                       .at = time_of(row[4])});
  }
  return records;
}

Result<std::uint64_t> Happenings::count(const std::string& event, std::int64_t until) {
  const auto rows = TRY(database_.query(
      "SELECT count(*) FROM happenings WHERE event = :a AND number <= :b", {event, until}));
  return rows.empty() ? 0 : count_of(rows[0][0]);
}

Result<std::int64_t> Happenings::newest() {
  const auto rows =
      TRY(database_.query("SELECT number FROM happenings ORDER BY number DESC LIMIT 1"));
  return rows.empty() ? 0 : number_of(rows[0][0]);
}

}  // namespace holdfast::catalog
