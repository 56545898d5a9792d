// Scanning packs.
#include "repository/pack_scan.hpp"

#include <algorithm>
#include <atomic>
#include <optional>

#include "repository/object_name.hpp"

namespace holdfast::repository {

namespace {

constexpr std::uint64_t read_size = 4 * base::MiB;

// Reads a pack in order and hashes what it reads.
class HashingReader {
 public:
  HashingReader(storage::Storage& storage, std::string name)
      : storage_(storage), name_(std::move(name)) {}
  base::Result<base::MutableByteView> next(std::uint64_t size) {
    buffer_.resize(size);
    TRY(storage_.read(name_, {.offset = offset_, .size = size}, buffer_));
    hash_.update(buffer_);
    offset_ += size;
    return base::MutableByteView(buffer_);
  }
  // Reads up to `end` for the hash alone.
  base::Result<void> skip_to(std::uint64_t end) {
    while (offset_ < end) TRY(next(std::min(read_size, end - offset_)));
    return {};
  }
  [[nodiscard]] codec::Digest finish() { return hash_.finish(); }

 private:
  storage::Storage& storage_;
  std::string name_;
  std::uint64_t offset_ = 0;
  base::Bytes buffer_;
  codec::Sha256 hash_;
};

base::Result<std::vector<ChunkPlace>> places_of(PackReader& packs, const PackInfo& pack,
                                                const OpenPack& opened) {
  std::vector<ChunkPlace> places;
  std::uint64_t offset = opened.header_bytes.size();
  for (const auto& entry : TRY(packs.directory(pack, opened))) {
    places.push_back({.id = entry.id,
                      .pack = 0,
                      .offset = static_cast<std::uint32_t>(offset),
                      .stored_size = entry.stored_size,
                      .key = entry.key,
                      .ordinal = entry.ordinal});
    offset += entry.stored_size;
  }
  return places;
}

// Decodes the objects at `places`, which follow each other, in reads of some MiB.
base::Result<void> scan_objects(PackReader& packs, const OpenPack& opened,
                                const std::vector<ChunkPlace>& places, HashingReader& reader,
                                ScannedPack& scanned) {
  codec::Decompressor decompressor;
  base::Bytes plaintext;
  for (std::size_t first = 0; first < places.size();) {
    std::size_t end = first;
    std::uint64_t size = 0;
    while (end < places.size() && (end == first || size + places[end].stored_size <= read_size))
      size += places[end++].stored_size;
    auto bytes = TRY(reader.next(size));
    for (; first < end; ++first) {
      const auto& place = places[first];
      auto decoded =
          packs.decode(opened, place, bytes.first(place.stored_size), decompressor, plaintext);
      // What a newer program wrote isn't bad: nothing is known of it.
      if (!decoded.ok() && decoded.error().code() != base::ErrorCode::damaged)
        return std::move(decoded).error();
      (decoded.ok() ? scanned.good : scanned.bad).push_back(place);
      bytes = bytes.subspan(place.stored_size);
    }
  }
  return {};
}

// A pack of another version, domain or repository is what it is, unless its bytes aren't what its
// name states.
base::Error really(const base::Error& error, HashingReader& reader, const PackInfo& pack) {
  const bool is_strange =
      error.code() == base::ErrorCode::unsupported || error.code() == base::ErrorCode::wrong_key;
  if (!is_strange || !reader.skip_to(pack.size).ok() || reader.finish() == pack.name) return error;
  return base::Error(base::ErrorCode::damaged, "its bytes are not those that its name states")
      .with_context("pack " + short_name(pack.name));
}

}  // namespace

base::Result<ScannedPack> scan_pack(const Repository& repository, PackReader& packs,
                                    const PackInfo& pack, ScanDepth depth) {
  ScannedPack scanned{
      .pack = pack, .hash_is_right = false, .good = {}, .bad = {}, .bytes_read = pack.size};
  HashingReader reader(repository.storage(), pack_object_name(pack.type, pack.name));
  if (depth == ScanDepth::objects) {
    const auto opened = packs.open(pack);
    if (!opened.ok()) return really(opened.error(), reader, pack);
    const auto places = TRY(places_of(packs, pack, *opened.value()));
    TRY(reader.skip_to(opened.value()->header_bytes.size()));
    TRY(scan_objects(packs, *opened.value(), places, reader, scanned));
  }
  TRY(reader.skip_to(pack.size));
  scanned.hash_is_right = reader.finish() == pack.name;
  return scanned;
}

base::Result<void> scan_packs(const Repository& repository, PackReader& packs,
                              const std::vector<PackInfo>& list, ScanDepth depth,
                              const ScanCall& receive, std::stop_token stop) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::optional<base::Error> failure;
  const auto work = [&] {
    for (;;) {
      const auto number = next.fetch_add(1);
      if (number >= list.size() || stop.stop_requested()) return;
      auto scanned = scan_pack(repository, packs, list[number], depth);
      const std::lock_guard lock(mutex);
      if (failure) return;
      auto received = receive(list[number], std::move(scanned));
      if (!received.ok()) failure = std::move(received).error();
    }
  };
  auto& executor = repository.environment().executor;
  const auto wanted = std::min<std::size_t>(std::max(1U, executor.concurrency()), list.size());
  std::vector<std::unique_ptr<io::Task>> tasks;
  for (std::size_t i = 1; i < wanted; ++i) tasks.push_back(executor.spawn("scan", work));
  work();
  for (auto& task : tasks) task->join();
  if (failure) return *failure;
  if (stop.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
  return {};
}

}  // namespace holdfast::repository
