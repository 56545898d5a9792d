// The chain of evidence, and its check.
#include "catalog/evidence.hpp"

#include <fmt/format.h>

#include "codec/hash.hpp"
#include "database.hpp"

namespace holdfast::catalog {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

const std::string beginning(64, '0');
constexpr std::uint64_t batch = 1'000;
constexpr std::uint64_t newest_records = 200'000;

std::string hash_of(const EvidenceRecord& record) {
  codec::Sha256 hash;
  const auto text = fmt::format("{}\n{}\n{}\n{}", record.previous, record.at.nanoseconds,
                                record.kind, record.body);
  hash.update(base::as_bytes(text));
  return base::to_hex(hash.finish());
}

std::vector<EvidenceRecord> records_of(const std::vector<Row>& rows) {
  std::vector<EvidenceRecord> records;
  for (const auto& row : rows) {
    records.push_back({.number = number_of(row[0]),
                       .at = time_of(row[1]),
                       .kind = text_of(row[2]),
                       .body = text_of(row[3]),
                       .previous = text_of(row[4]),
                       .hash = text_of(row[5])});
  }
  return records;
}

}  // namespace

Result<EvidenceRecord> Evidence::append(base::Time at, const std::string& kind,
                                        const std::string& body) {
  EvidenceRecord record{
      .number = 1, .at = at, .kind = kind, .body = body, .previous = beginning, .hash = {}};
  TRY(database_.transaction([&]() -> Result<void> {
    const auto last =
        TRY(database_.query("SELECT number, hash FROM evidence ORDER BY number DESC LIMIT 1"));
    if (!last.empty()) {
      record.number = number_of(last[0][0]) + 1;
      record.previous = text_of(last[0][1]);
    }
    record.hash = hash_of(record);
    TRY(database_.execute("INSERT INTO evidence VALUES (:a, :b, :c, :d, :e, :f)",
                          {record.number, value_of(record.at), record.kind, record.body,
                           record.previous, record.hash}));
    return {};
  }));
  return record;
}

Result<std::vector<EvidenceRecord>> Evidence::list(std::int64_t after, std::uint64_t limit) {
  return records_of(TRY(database_.query(
      fmt::format("SELECT number, at, kind, body, previous, hash FROM evidence WHERE number > :a "
                  "ORDER BY number LIMIT {}",
                  limit),
      {after})));
}

Result<std::vector<EvidenceRecord>> Evidence::newest(const std::string& kind, std::uint64_t limit) {
  return records_of(TRY(database_.query(
      fmt::format("SELECT number, at, kind, body, previous, hash FROM evidence WHERE number > "
                  "(SELECT COALESCE(MAX(number), 0) FROM evidence) - {} AND kind = :a "
                  "ORDER BY number DESC LIMIT {}",
                  newest_records, limit),
      {kind})));
}

Result<void> Evidence::check() {
  std::int64_t number = 0;
  auto previous = beginning;
  for (;;) {
    const auto records = TRY(list(number, batch));
    if (records.empty()) return {};
    for (const auto& record : records) {
      if (record.number != number + 1 || record.previous != previous ||
          record.hash != hash_of(record)) {
        return Error(ErrorCode::damaged,
                     fmt::format("record {} of the evidence doesn't follow from the one before it",
                                 record.number))
            .with_hint("somebody changed the catalog; compare it with a backup of it");
      }
      number = record.number;
      previous = record.hash;
    }
  }
}

}  // namespace holdfast::catalog
