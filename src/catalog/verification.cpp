// Verifications in the table of the same name.
#include "catalog/verification.hpp"

#include <array>

#include "database.hpp"

namespace holdfast::catalog {

using base::Result;

namespace {

constexpr std::array outcome_names{"passed", "failed", "unknown"};

// What can't be read is unknown, never passed.
VerificationOutcome outcome_of(const std::string& name) {
  if (name == outcome_names[0]) return VerificationOutcome::passed;
  return name == outcome_names[1] ? VerificationOutcome::failed : VerificationOutcome::unknown;
}

}  // namespace

std::string_view verification_outcome_name(VerificationOutcome outcome) noexcept {
  return outcome_names[static_cast<std::size_t>(outcome)];
}

Result<void> Verifications::add(const VerificationRecord& record) {
  TRY(database_.execute(
      "INSERT INTO verifications (component, location, snapshot, level, outcome, at, run, message, "
      "bytes, duration) VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j)",
      {record.component, record.location, record.snapshot, record.level,
       std::string(verification_outcome_name(record.outcome)), value_of(record.at), record.run,
       record.message, value_of(record.bytes), record.duration.nanoseconds}));
  return {};
}

Result<std::vector<VerificationRecord>> Verifications::list(const std::string& component,
                                                            const std::string& location) {
  std::vector<VerificationRecord> records;
  const auto rows = TRY(database_.query(
      "SELECT component, location, snapshot, level, outcome, at, run, message, bytes, duration "
      "FROM verifications WHERE location = :a AND (:b = '' OR component = :c) ORDER BY number DESC",
      {location, component, component}));
  for (const auto& row : rows) {
    records.push_back({.component = text_of(row[0]),
                       .location = text_of(row[1]),
                       .snapshot = text_of(row[2]),
                       .level = text_of(row[3]),
                       .outcome = outcome_of(text_of(row[4])),
                       .at = time_of(row[5]),
                       .run = text_of(row[6]),
                       .message = text_of(row[7]),
                       .bytes = count_of(row[8]),
                       .duration = {number_of(row[9])}});
  }
  return records;
}

}  // namespace holdfast::catalog
