// Slots in the table of the same name.
#include "catalog/slot.hpp"

#include "database.hpp"

namespace holdfast::catalog {

using base::Result;

Result<SlotRecord> Slots::see(const std::string& component, const std::string& name, base::Time now,
                              std::int64_t happening) {
  TRY(database_.execute("INSERT OR IGNORE INTO slots VALUES (:a, :b, :c, NULL, :d, 0, 0)",
                        {component, name, value_of(now), happening}));
  const auto slot = TRY(get(component, name));
  if (!slot) return base::Error(base::ErrorCode::internal, "a slot that was made is gone");
  return *slot;
}

Result<std::optional<SlotRecord>> Slots::get(const std::string& component,
                                             const std::string& name) {
  const auto rows = TRY(database_.query(
      "SELECT first_seen, served, happening, failures, retry_at FROM slots WHERE component = :a "
      "AND name = :b",
      {component, name}));
  if (rows.empty()) return std::optional<SlotRecord>();
  const auto& row = rows.front();
  return SlotRecord{.first_seen = time_of(row[0]),
                    .served = optional_time_of(row[1]),
                    .happening = number_of(row[2]),
                    .failures = count_of(row[3]),
                    .retry_at = time_of(row[4])};
}

Result<void> Slots::put(const std::string& component, const std::string& name,
                        const SlotRecord& record) {
  TRY(database_.execute("INSERT OR REPLACE INTO slots VALUES (:a, :b, :c, :d, :e, :f, :g)",
                        {component, name, value_of(record.first_seen), value_of(record.served),
                         record.happening, value_of(record.failures), value_of(record.retry_at)}));
  return {};
}

}  // namespace holdfast::catalog
