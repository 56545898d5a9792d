// IndexRun: one sorted, immutable, memory-mapped file of the local index. Its layout is nobody's
// business but ours:
//
//   start       64 bytes: "HFLXRUN1", zeros
//   segments    SegmentRecord each          which index segments are in here, by name
//   superseded  32 bytes each               names that these segments replace
//   packs       PackRecord each             ascending by name, one for each pack of each segment;
//   zeros up to 64 bytes lines       DirectoryLine each          see there entries     ChunkPlace
//   each             ascending by id; `pack` is an index into packs footer      RunFooter
//
// Numbers are little-endian. The footer's checksums of everything before the lines are checked when
// it is opened, those of lines and entries too if the file is small, else when runs are merged. An
// entry that went wrong after that gives a place whose contents don't authenticate.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "io/file_system.hpp"
#include "repository/index_segment.hpp"

namespace holdfast::repository {

__extension__ using WideNumber = unsigned __int128;

constexpr std::uint64_t no_index = ~std::uint64_t{0};

struct SegmentRecord {
  enum class State : std::uint32_t {
    complete = 0,    // its entries are here
    superseded = 1,  // only its list of superseded segments is
    foreign = 2,     // it isn't relied on; known so that it isn't fetched again
  };
  ObjectHash name{};
  std::uint64_t entries = 0;
  std::uint32_t superseded_begin = 0;
  std::uint32_t superseded_count = 0;
  State state = State::complete;
  std::uint32_t reserved[3] = {};
};
static_assert(sizeof(SegmentRecord) == 64);

struct PackRecord {
  ObjectHash name{};
  std::uint64_t size = 0;
  std::uint32_t segment = 0;  // index into segments
  std::uint32_t type = 1;
};
static_assert(sizeof(PackRecord) == 48);

// Directory and filter in one cache line. The first 64 bits of an id, as a fraction of 2^64, choose
// the line; it says where the entries that belong to it lie (about 32) and holds a Bloom filter of
// them: one bit in each word, chosen by six bits of the id's second 64. Ids are uniform; ones that
// aren't make it slow, not wrong.
struct DirectoryLine {
  std::uint64_t place = 0;  // first entry in the low 40 bits; their number in the high 24, the
                            // greatest: up to the next line
  std::uint64_t bits[7] = {};

  static constexpr unsigned first_bits = 40;
  static constexpr std::uint64_t first_mask = (std::uint64_t{1} << first_bits) - 1;
  static constexpr std::uint64_t count_max = (std::uint64_t{1} << 24) - 1;
};
static_assert(sizeof(DirectoryLine) == 64);

constexpr std::uint64_t entries_per_line = 32;

// The id's first eight bytes as a number that sorts like the id.
[[nodiscard]] inline std::uint64_t prefix_of(const base::Byte* id) noexcept {
  std::uint64_t value;
  std::memcpy(&value, id, sizeof value);
  return __builtin_bswap64(value);
}

struct RunFooter {
  std::array<char, 8> magic{};
  std::uint64_t segments = 0;
  std::uint64_t superseded = 0;
  std::uint64_t packs = 0;
  std::uint64_t lines = 0;
  std::uint64_t entries = 0;
  std::uint32_t tables_crc = 0;  // CRC-32C of all that comes before the lines
  std::uint32_t lines_crc = 0;
  std::uint32_t entries_crc = 0;
  std::uint32_t reserved[16] = {};
  std::uint32_t footer_crc = 0;  // of the footer up to here
};
static_assert(sizeof(RunFooter) == 128);

// Runs up to this size are checked whole when they are opened: it costs milliseconds.
constexpr std::size_t checked_whole_max = 32 * 1024 * 1024;
constexpr std::size_t run_start_size = 64;
constexpr std::array<char, 8> run_start_magic = {'H', 'F', 'L', 'X', 'R', 'U', 'N', '1'};
constexpr std::array<char, 8> run_footer_magic = {'H', 'F', 'L', 'X', 'E', 'N', 'D', '1'};

// Immutable; const calls are thread-safe.
class IndexRun {
 public:
  // damaged if it doesn't check, not_found if it is gone.
  static base::Result<std::shared_ptr<const IndexRun>> open(io::FileSystem& files,
                                                            std::string path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::span<const SegmentRecord> segments() const { return segments_; }
  [[nodiscard]] std::span<const ObjectHash> superseded_by(const SegmentRecord& segment) const {
    return superseded_.subspan(segment.superseded_begin, segment.superseded_count);
  }
  [[nodiscard]] std::span<const PackRecord> packs() const { return packs_; }
  [[nodiscard]] std::span<const ChunkPlace> entries() const { return entries_; }
  [[nodiscard]] std::uint32_t entries_crc() const { return footer_.entries_crc; }
  // The first entry of that id, no_index if there is none.
  [[nodiscard]] std::uint64_t find(const ChunkId& id) const;

 private:
  IndexRun(std::string path, std::unique_ptr<io::MappedFile> file)
      : path_(std::move(path)), file_(std::move(file)) {}
  base::Result<void> parse();
  base::Result<void> check_tables() const;

  std::string path_;
  std::unique_ptr<io::MappedFile> file_;
  RunFooter footer_;
  std::span<const SegmentRecord> segments_;
  std::span<const ObjectHash> superseded_;
  std::span<const PackRecord> packs_;
  std::span<const DirectoryLine> lines_;
  std::span<const ChunkPlace> entries_;
};

}  // namespace holdfast::repository
