// The table of small files: buckets of four checked slots.
#include "repository/small_file_table.hpp"

#include <algorithm>
#include <bit>

#include "codec/crc32c.hpp"

namespace holdfast::repository {

struct SmallFileTable::Slot {
  Fingerprint fingerprint;
  Place place;
  std::uint32_t reserved;
  std::uint32_t check;  // CRC-32C of all before it; a torn or empty slot doesn't check
  [[nodiscard]] std::uint32_t expected_check() const {
    // All-zero bytes have CRC 0, so the complement is kept: an empty slot is never valid.
    return ~codec::crc32c({reinterpret_cast<const base::Byte*>(this), offsetof(Slot, check)});
  }
};

namespace {

constexpr std::uint64_t bucket_slots = 4;
constexpr std::uint64_t slots_min = std::uint64_t{1} << 17;  // 8 MiB
constexpr std::uint64_t slots_max = std::uint64_t{1} << 24;  // 1 GiB
constexpr std::uint64_t slot_size = 64;

}  // namespace

SmallFileTable::SmallFileTable(std::unique_ptr<io::MappedTable> table, base::ByteView key)
    : cipher_(key), table_(std::move(table)) {
  static_assert(sizeof(Slot) == slot_size);
}

base::Result<std::unique_ptr<SmallFileTable>> SmallFileTable::open(io::FileSystem& files,
                                                                   const std::string& path,
                                                                   base::ByteView key,
                                                                   std::uint64_t expected_files) {
  const auto slots =
      std::clamp(std::bit_ceil(expected_files + expected_files / 2), slots_min, slots_max);
  auto table = TRY(files.map_table(path, slots * slot_size));
  return std::unique_ptr<SmallFileTable>(new SmallFileTable(std::move(table), key));
}

Fingerprint SmallFileTable::fingerprint(base::ByteView content) const {
  Fingerprint tag;
  cipher_.seal({}, content, {}, tag);
  return tag;
}

SmallFileTable::Slot* SmallFileTable::bucket_of(const Fingerprint& fingerprint) const {
  const auto bytes = table_->bytes();
  const auto buckets = bytes.size() / slot_size / bucket_slots;
  std::uint64_t number;
  std::memcpy(&number, fingerprint.data(), sizeof number);
  return reinterpret_cast<Slot*>(bytes.data()) + (number % buckets) * bucket_slots;
}

std::optional<SmallFileTable::Place> SmallFileTable::find(const Fingerprint& fingerprint) const {
  const std::lock_guard lock(mutex_);
  const auto* bucket = bucket_of(fingerprint);
  for (std::uint64_t i = 0; i < bucket_slots; ++i) {
    if (bucket[i].fingerprint == fingerprint && bucket[i].check == bucket[i].expected_check())
      return bucket[i].place;
  }
  return std::nullopt;
}

void SmallFileTable::insert(const Fingerprint& fingerprint, const Place& place) {
  const std::lock_guard lock(mutex_);
  auto* bucket = bucket_of(fingerprint);
  auto* slot = bucket + fingerprint[8] % bucket_slots;  // the victim, if none is free
  for (std::uint64_t i = 0; i < bucket_slots; ++i) {
    if (bucket[i].fingerprint == fingerprint || bucket[i].check != bucket[i].expected_check()) {
      slot = bucket + i;
      break;
    }
  }
  slot->fingerprint = fingerprint;
  slot->place = place;
  slot->reserved = 0;
  slot->check = slot->expected_check();
}

}  // namespace holdfast::repository
