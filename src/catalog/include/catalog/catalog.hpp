// Catalog: a daemon's memory (docs/internals/catalog.md), as one file.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "catalog/copy.hpp"
#include "catalog/evidence.hpp"
#include "catalog/finding.hpp"
#include "catalog/happening.hpp"
#include "catalog/run.hpp"
#include "catalog/slot.hpp"
#include "catalog/verification.hpp"
#include "io/file.hpp"

namespace holdfast::catalog {

class Database;

class Catalog {
 public:
  // `directory`: absolute; made, for its owner only, if it isn't there. unsupported: the catalog is
  // of a newer version. damaged: the file is no catalog.
  static base::Result<std::unique_ptr<Catalog>> open(const std::string& directory);
  ~Catalog();

  // For a daemon: nobody else may take it until this catalog is closed. conflict, with the number
  // of the process that has it.
  base::Result<void> take();

  [[nodiscard]] Runs& runs() noexcept { return runs_; }
  [[nodiscard]] Copies& copies() noexcept { return copies_; }
  [[nodiscard]] Slots& slots() noexcept { return slots_; }
  [[nodiscard]] Happenings& happenings() noexcept { return happenings_; }
  [[nodiscard]] Verifications& verifications() noexcept { return verifications_; }
  [[nodiscard]] Evidence& evidence() noexcept { return evidence_; }
  [[nodiscard]] Findings& findings() noexcept { return findings_; }

 private:
  Catalog(std::string directory, std::unique_ptr<Database> database);
  std::string directory_;
  std::unique_ptr<Database> database_;
  io::Fd lock_;
  Runs runs_;
  Copies copies_;
  Slots slots_;
  Happenings happenings_;
  Verifications verifications_;
  Evidence evidence_;
  Findings findings_;
};

}  // namespace holdfast::catalog
