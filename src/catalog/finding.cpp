// Findings in the table of the same name.
#include "catalog/finding.hpp"

#include <fmt/format.h>

#include "database.hpp"

namespace holdfast::catalog {

using base::Result;

namespace {

Result<std::vector<FindingRecord>> select(Database& database, std::string_view rest) {
  std::vector<FindingRecord> records;
  const auto rows = TRY(database.query(fmt::format(
      "SELECT number, kind, component, plan, location, severity, message, advice, opened, closed "
      "FROM findings {}",
      rest)));
  for (const auto& row : rows) {
    records.push_back({.number = number_of(row[0]),
                       .kind = text_of(row[1]),
                       .component = text_of(row[2]),
                       .plan = text_of(row[3]),
                       .location = text_of(row[4]),
                       .severity = text_of(row[5]),
                       .message = text_of(row[6]),
                       .advice = text_of(row[7]),
                       .opened = time_of(row[8]),
                       .closed = optional_time_of(row[9])});
  }
  return records;
}

}  // namespace

Result<Findings::Opened> Findings::open(const FindingRecord& record) {
  auto opened = Opened::before;
  TRY(database_.transaction([&]() -> Result<void> {
    const auto changed = TRY(database_.execute(
        "UPDATE findings SET severity = :a, message = :b, advice = :c WHERE name = :d AND closed "
        "IS NULL",
        {record.severity, record.message, record.advice, record.key()}));
    if (changed > 0) return {};
    opened = Opened::now;
    TRY(database_.execute(
        "INSERT INTO findings (name, kind, component, plan, location, severity, message, advice, "
        "opened) VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i)",
        {record.key(), record.kind, record.component, record.plan, record.location, record.severity,
         record.message, record.advice, value_of(record.opened)}));
    return {};
  }));
  return opened;
}

Result<void> Findings::close(const std::string& key, base::Time now) {
  TRY(database_.execute("UPDATE findings SET closed = :a WHERE name = :b AND closed IS NULL",
                        {value_of(now), key}));
  return {};
}

Result<std::vector<FindingRecord>> Findings::list_open() {
  return select(database_, "WHERE closed IS NULL ORDER BY number");
}

Result<std::vector<FindingRecord>> Findings::list(std::uint64_t limit) {
  return select(database_, fmt::format("ORDER BY number DESC LIMIT {}", limit));
}

}  // namespace holdfast::catalog
