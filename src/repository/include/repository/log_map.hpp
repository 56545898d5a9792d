// LogMap: what the pieces of one log cover, and where it has gaps. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "repository/log_piece.hpp"

namespace holdfast::repository {

struct LogRange {
  std::uint32_t lineage = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  bool operator==(const LogRange&) const = default;
};

class LogMap {
 public:
  explicit LogMap(std::vector<LogPiece> pieces);

  // The fewest pieces that cover a range, ascending; not_found names the first gap.
  [[nodiscard]] base::Result<std::vector<LogPiece>> covering(const LogRange& range) const;
  // How far the lineage goes on from `position` without a gap; `position` itself if it doesn't.
  [[nodiscard]] std::uint64_t reach(std::uint32_t lineage, std::uint64_t position) const;
  // What is there without a gap, ascending by lineage and start.
  [[nodiscard]] std::vector<LogRange> ranges() const;
  // The newest range of the highest lineage; nothing if there is no piece.
  [[nodiscard]] std::optional<LogRange> newest() const;
  // The piece whose marks are the newest of those that end at or before `end`: nothing if none is.
  [[nodiscard]] const LogPiece* last_before(std::uint32_t lineage, std::uint64_t end) const;
  // How the lineages began, ascending.
  [[nodiscard]] const std::vector<LogPiece>& lineages() const noexcept { return lineages_; }
  // A piece that says nothing which another one doesn't, and that other one: shorter ones that a
  // longer one covers, marks that newer ones follow. By their names: whether `by` is what it is
  // called has to be looked at before anything is removed.
  struct Covered {
    LogPiece piece;
    LogPiece by;
  };
  [[nodiscard]] std::vector<Covered> covered() const;
  // Forgets a piece that turned out to be none.
  void exclude(const std::string& name);

 private:
  std::vector<LogPiece> bytes_;  // ascending by lineage, start, end
  std::vector<LogPiece> lineages_;
};

}  // namespace holdfast::repository
