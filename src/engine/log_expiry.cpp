// Removing pieces.
#include "log_expiry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/component_snapshots.hpp"
#include "evidence_body.hpp"
#include "repository/log.hpp"

namespace holdfast::engine {

using base::Result;
using repository::LogPiece;

std::vector<LogPiece> pieces_before(const std::vector<LogPiece>& pieces, const LogBase& base,
                                    base::Time from) {
  std::vector<LogPiece> made;
  for (const auto& piece : pieces) {
    const bool is_before =
        piece.lineage < base.lineage || (piece.lineage == base.lineage && piece.end <= base.end);
    if (piece.kind == repository::LogKind::bytes && is_before && piece.stored_at < from) {
      made.push_back(piece);
    }
  }
  return made;
}

namespace {

// The first base that counts from `from` on: all log that is needed begins there. Nothing: none.
Result<std::optional<LogBase>> first_base(const repository::Repository& repository,
                                          const repository::SnapshotList& list,
                                          const strategy::Component& component, base::Time from) {
  const repository::SnapshotRecord* first = nullptr;
  const auto snapshots = snapshots_of(list, component);
  std::optional<LogBase> found;
  for (const auto* snapshot : snapshots) {
    // As retention dates it: a capture isn't younger than what the storage says.
    const auto began = std::min(snapshot->summary.started, snapshot->stored_at);
    const bool is_earlier =
        first == nullptr || began < std::min(first->summary.started, first->stored_at);
    if (began < from || !is_earlier) continue;
    auto base = TRY(log_base(repository, *snapshot));
    if (!base) continue;
    first = snapshot;
    found = std::move(base);
  }
  return found;
}

class LogExpiry {
 public:
  LogExpiry(repository::Repository& repository, const std::stop_token& stop)
      : repository_(repository), stop_(stop) {}

  Result<void> remove(const std::vector<LogPiece>& pieces) {
    constexpr std::size_t batch_max = 1'000;
    for (std::size_t at = 0; at < pieces.size(); at += batch_max) {
      if (stop_.stop_requested()) {
        return base::Error(base::ErrorCode::cancelled, "interrupted");
      }
      std::vector<std::string> names;
      const auto end = std::min(at + batch_max, pieces.size());
      for (std::size_t i = at; i < end; ++i) names.push_back(pieces[i].name);
      const auto outcomes = TRY(repository_.storage().remove(names));
      for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (outcomes[i].locked_until) continue;
        if (outcomes[i].error) return *outcomes[i].error;
        ++report_.pieces;
        report_.bytes += pieces[at + i].size;
      }
    }
    return {};
  }
  [[nodiscard]] const LogExpiryReport& report() const { return report_; }

 private:
  repository::Repository& repository_;
  const std::stop_token& stop_;
  LogExpiryReport report_;
};

}  // namespace

Result<LogExpiryReport> expire_log(const Workplace& workplace, const strategy::Component& component,
                                   const std::string& location, repository::Repository& repository,
                                   const repository::SnapshotList& list,
                                   std::optional<base::Time> from, const std::stop_token& stop) {
  LogExpiry expiry(repository, stop);
  std::optional<LogBase> base;
  if (from) base = TRY(first_base(repository, list, component, *from));
  const auto streams = TRY(repository::list_streams(repository));
  for (const auto& stream : streams) {
    if (!stream.starts_with(log_stream(component, ""))) continue;
    const auto pieces = TRY(repository::list_log(repository, stream));
    TRY(expiry.remove(TRY(repository::replaced_pieces(repository, repository::LogMap(pieces)))));
    if (!base || stream != log_stream(component, base->source)) continue;
    const auto old = pieces_before(pieces, *base, *from);
    if (old.empty()) continue;
    const auto before = expiry.report();
    TRY(expiry.remove(old));
    TRY(workplace.catalog.evidence().append(
        workplace.clock.now(), "deletion",
        evidence_body({{"component", component.name},
                       {"location", location},
                       {"log", stream},
                       {"before", base::format_utc(*from)},
                       {"pieces", std::to_string(expiry.report().pieces - before.pieces)},
                       {"reason", "retention"}})));
  }
  return expiry.report();
}

}  // namespace holdfast::engine
