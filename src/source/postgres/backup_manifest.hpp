// The backup manifest of a PostgreSQL base backup ("Backup Manifest Format"), compared with what
// arrived. It comes in pieces after all files and is read line by line.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/hash.hpp"
#include "wire/postgres_messages.hpp"

namespace holdfast::source {

// What arrived: 24 bytes a file. Paths are relative to the data directory, those of a tablespace
// begin with pg_tblspc/OID/.
class ArrivedFiles {
 public:
  void add(std::string_view path, std::uint64_t size, std::uint32_t crc);
  enum class Verdict { right, missing, wrong_size, wrong_checksum };
  // Each file is asked for once; what was never asked for is counted by left_over().
  Verdict take(std::string_view path, std::uint64_t size, std::uint32_t crc);
  [[nodiscard]] std::size_t left_over() const { return files_.size() - taken_; }

 private:
  struct File {
    std::uint64_t path_hash;
    std::uint64_t size;
    std::uint32_t crc;
    bool is_taken;
  };
  std::vector<File> files_;
  bool is_sorted_ = false;
  std::size_t taken_ = 0;
};

struct WalRange {
  std::uint32_t timeline = 0;
  wire::Lsn start = 0;
  wire::Lsn end = 0;
};

// Used by one task. damaged: the manifest is not what the server wrote, or a file isn't what the
// manifest says.
class ManifestCheck {
 public:
  explicit ManifestCheck(ArrivedFiles& files) : files_(files) {}
  base::Result<void> feed(base::ByteView bytes);
  base::Result<void> finish();
  // After finish(): the WAL that a restore needs.
  [[nodiscard]] const std::vector<WalRange>& wal_ranges() const { return ranges_; }

 private:
  base::Result<void> take_line(std::string_view line);
  base::Result<void> take_file(std::string_view line);
  base::Result<void> take_range(std::string_view line);
  base::Result<void> take_checksum(std::string_view line);

  enum class Part { head, files, ranges, end };
  ArrivedFiles& files_;
  codec::Sha256 hash_;
  std::string line_;
  Part part_ = Part::head;
  std::vector<WalRange> ranges_;
};

// Which segments of these ranges `present` lacks.
[[nodiscard]] std::vector<std::string> missing_segments(const std::vector<WalRange>& ranges,
                                                        const std::set<std::string>& present,
                                                        std::uint64_t segment_size);

}  // namespace holdfast::source
