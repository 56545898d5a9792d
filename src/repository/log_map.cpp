// Sweeping over sorted pieces.
#include "repository/log_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace holdfast::repository {

using base::Result;

LogMap::LogMap(std::vector<LogPiece> pieces) {
  for (auto& piece : pieces) {
    (piece.kind == LogKind::bytes ? bytes_ : lineages_).push_back(std::move(piece));
  }
  const auto is_less = [](const LogPiece& a, const LogPiece& b) {
    return std::tie(a.lineage, a.start, a.end, a.stored_at, a.name) <
           std::tie(b.lineage, b.start, b.end, b.stored_at, b.name);
  };
  std::sort(bytes_.begin(), bytes_.end(), is_less);
  std::sort(lineages_.begin(), lineages_.end(), is_less);
}

Result<std::vector<LogPiece>> LogMap::covering(const LogRange& range) const {
  std::vector<LogPiece> chosen;
  auto reached = range.start;
  auto at = std::lower_bound(
      bytes_.begin(), bytes_.end(), range.lineage,
      [](const LogPiece& piece, std::uint32_t lineage) { return piece.lineage < lineage; });
  while (reached < range.end) {
    const LogPiece* best = nullptr;
    for (; at != bytes_.end() && at->lineage == range.lineage && at->start <= reached; ++at) {
      if (at->end > reached && (best == nullptr || at->end > best->end)) best = &*at;
    }
    if (best == nullptr) {
      return base::Error(base::ErrorCode::not_found,
                         fmt::format("the log lacks what follows {:X}/{:X} of lineage {}",
                                     reached >> 32, reached & 0xFFFF'FFFF, range.lineage));
    }
    chosen.push_back(*best);
    reached = best->end;
  }
  return chosen;
}

std::uint64_t LogMap::reach(std::uint32_t lineage, std::uint64_t position) const {
  for (const auto& piece : bytes_) {
    if (piece.lineage != lineage || piece.start > position) continue;
    position = std::max(position, piece.end);
  }
  return position;
}

std::vector<LogRange> LogMap::ranges() const {
  std::vector<LogRange> made;
  for (const auto& piece : bytes_) {
    const bool goes_on =
        !made.empty() && made.back().lineage == piece.lineage && piece.start <= made.back().end;
    if (goes_on) {
      made.back().end = std::max(made.back().end, piece.end);
    } else {
      made.push_back({piece.lineage, piece.start, piece.end});
    }
  }
  return made;
}

std::optional<LogRange> LogMap::newest() const {
  const auto all = ranges();
  if (all.empty()) return std::nullopt;
  return all.back();
}

const LogPiece* LogMap::last_before(std::uint32_t lineage, std::uint64_t end) const {
  const LogPiece* found = nullptr;
  for (const auto& piece : bytes_) {
    if (piece.lineage != lineage || piece.end > end) continue;
    const auto order = [](const LogPiece& each) { return std::tie(each.end, each.stored_at); };
    if (found == nullptr || order(*found) < order(piece)) found = &piece;
  }
  return found;
}

std::vector<LogMap::Covered> LogMap::covered() const {
  std::vector<Covered> made;
  // Of each lineage, what reaches furthest of the pieces that begin no later.
  const LogPiece* furthest = nullptr;
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    const auto& piece = bytes_[i];
    if (furthest != nullptr && furthest->lineage != piece.lineage) furthest = nullptr;
    const LogPiece* by = nullptr;
    const bool is_within = furthest != nullptr && furthest->start <= piece.start &&
                           furthest->end >= piece.end &&
                           (furthest->end - furthest->start > piece.end - piece.start) &&
                           (piece.start != piece.end || furthest->end > piece.end ||
                            furthest->stored_at >= piece.stored_at);
    if (is_within) by = furthest;
    // The longest of those that begin here comes last.
    const LogPiece* next = i + 1 < bytes_.size() ? &bytes_[i + 1] : nullptr;
    const bool has_longer = next != nullptr && next->lineage == piece.lineage &&
                            next->start == piece.start &&
                            (next->end > piece.end || piece.start == piece.end);
    if (by == nullptr && has_longer) by = next;
    if (by != nullptr) made.push_back({piece, *by});
    if (furthest == nullptr || piece.end > furthest->end) furthest = &piece;
  }
  return made;
}

void LogMap::exclude(const std::string& name) {
  const auto is_it = [&](const LogPiece& piece) { return piece.name == name; };
  std::erase_if(bytes_, is_it);
  std::erase_if(lineages_, is_it);
}

}  // namespace holdfast::repository
