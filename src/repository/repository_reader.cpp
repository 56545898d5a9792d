// Reading chunks in the order in which they lie, on all cores.
#include "repository/repository_reader.hpp"

#include <algorithm>
#include <atomic>
#include <optional>

#include "repository/object_name.hpp"
#include "repository/pack_list.hpp"

namespace holdfast::repository {

namespace {

constexpr std::uint64_t group_bytes_max = 4 * base::MiB;  // one read, unless a chunk is larger
constexpr std::uint64_t group_gap_max =
    64 * base::KiB;  // unwanted bytes that are read to save a request
constexpr std::uint64_t window_bytes = 512 * base::KiB;
constexpr std::size_t windows_max = 8;
// More than the cores: what waits for a distant storage needs none.
constexpr std::size_t fetches_at_once_min = 6;
// What is lost is asked for again and again; the storage is asked this often.
constexpr auto vain_look_pause = base::seconds(10);

base::Error absent_chunk(const ChunkId& id) {
  return base::Error(base::ErrorCode::not_found,
                     "chunk " + base::to_hex(id).substr(0, 10) + " is in no pack of the repository")
      .with_hint(
          "run 'holdfast repository rebuild-index'; what is then still missing is lost at this "
          "location");
}

}  // namespace

struct RepositoryReader::Group {
  PackInfo pack;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::vector<ChunkPlace> chunks;
};

RepositoryReader::RepositoryReader(Repository& repository, Following following)
    : repository_(repository),
      following_(following),
      packs_(repository),
      looked_(repository.environment().executor.make_signal()) {}

base::Result<std::unique_ptr<RepositoryReader>> RepositoryReader::open(Repository& repository,
                                                                       Following following) {
  if (!repository.keys().reader) return needs_reading_key("reading contents");
  std::unique_ptr<RepositoryReader> reader(new RepositoryReader(repository, following));
  TRY(reader->look());
  return reader;
}

base::Result<bool> RepositoryReader::look() {
  ++index_updates_;
  auto* index = TRY(repository_.refresh_index(Repository::Segments::all));
  // A chunk may lie in a pack that is gone and in one that is there: only the latter is a place to
  // read from.
  const auto listed = TRY(list_packs(repository_));
  std::vector<ObjectHash> absent;
  TRY(index->each_pack([&](const PackInfo& pack) -> base::Result<void> {
    if (!listed.contains(pack.name)) absent.push_back(pack.name);
    return {};
  }));
  index->avoid(absent);
  auto segments = index->segments();
  std::sort(absent.begin(), absent.end());
  const bool differs = segments != segments_ || absent != absent_packs_;
  segments_ = std::move(segments);
  absent_packs_ = std::move(absent);
  return differs;
}

std::uint64_t RepositoryReader::looks() const {
  const std::lock_guard lock(mutex_);
  return looks_;
}

base::Result<bool> RepositoryReader::look_again(std::uint64_t looks) {
  if (following_ == Following::nothing) return false;
  const auto& clock = repository_.environment().clock;
  {
    std::unique_lock lock(mutex_);
    while (is_looking_) looked_->wait(lock);
    if (looks_ != looks) return true;
    if (vain_look_ && clock.monotonic() - *vain_look_ < vain_look_pause) return false;
    is_looking_ = true;
  }
  const auto differs = look();
  const std::lock_guard lock(mutex_);
  is_looking_ = false;
  if (differs.ok()) {
    vain_look_ = differs.value() ? std::nullopt : std::optional(clock.monotonic());
    if (differs.value()) ++looks_;
  }
  looked_->notify_all();
  return differs;
}

base::Result<base::Bytes> RepositoryReader::stored_node(const FoundChunk& found) {
  const auto& place = found.place;
  const auto cut_out = [&](const Window& window) {
    const auto* first = window.bytes->data() + (place.offset - window.offset);
    return base::Bytes(first, first + place.stored_size);
  };
  {
    const std::lock_guard lock(mutex_);
    for (auto window = windows_.begin(); window != windows_.end(); ++window) {
      if (window->pack != found.pack.name || place.offset < window->offset ||
          std::uint64_t{place.offset} + place.stored_size >
              window->offset + window->bytes->size()) {
        continue;
      }
      windows_.splice(windows_.begin(), windows_, window);
      return cut_out(*window);
    }
  }
  if (std::uint64_t{place.offset} + place.stored_size > found.pack.size) {
    return base::Error(base::ErrorCode::damaged, "the index places a chunk beyond its pack's end");
  }
  const auto size = std::max<std::uint64_t>(place.stored_size,
                                            std::min(window_bytes, found.pack.size - place.offset));
  auto bytes = std::make_shared<base::Bytes>(size);
  TRY(repository_.storage().read(pack_object_name(found.pack.type, found.pack.name),
                                 {.offset = place.offset, .size = size}, *bytes));
  Window window{.pack = found.pack.name, .offset = place.offset, .bytes = std::move(bytes)};
  auto node = cut_out(window);
  const std::lock_guard lock(mutex_);
  windows_.push_front(std::move(window));
  if (windows_.size() > windows_max) windows_.pop_back();
  return node;
}

base::Result<base::Bytes> RepositoryReader::get(const ChunkId& id) {
  const auto before = looks();
  auto first = get_once(id);
  if (first.ok() || first.error().code() != base::ErrorCode::not_found) return first;
  const auto changed = look_again(before);
  return changed.ok() && changed.value() ? get_once(id) : std::move(first);
}

base::Result<base::Bytes> RepositoryReader::get_once(const ChunkId& id) {
  const auto found = repository_.index(Repository::Segments::all)->find(id);
  if (!found) return absent_chunk(id);
  auto first = get_at(*found);
  if (first.ok()) return first;
  return get_elsewhere(*found, std::move(first).error());
}

base::Result<base::Bytes> RepositoryReader::get_at(const FoundChunk& found) {
  const auto pack = TRY(packs_.open(found.pack));
  auto stored = TRY(stored_node(found));
  thread_local codec::Decompressor decompressor;
  base::Bytes plaintext;
  TRY_CONTEXT(packs_.decode(*pack, found.place, stored, decompressor, plaintext),
              "pack " + short_name(found.pack.name));
  return plaintext;
}

base::Result<base::Bytes> RepositoryReader::get_elsewhere(const FoundChunk& tried,
                                                          base::Error error) {
  // An outage is one of the other places, too.
  if (error.code() != base::ErrorCode::damaged && error.code() != base::ErrorCode::not_found) {
    return error;
  }
  const auto places = repository_.index(Repository::Segments::all)->find_all(tried.place.id);
  for (const auto& place : places) {
    if (place.is_same_place(tried)) continue;
    auto bytes = get_at(place);
    if (bytes.ok()) return bytes;
    // Damage says more than absence, which may be a stale index.
    if (error.code() == base::ErrorCode::not_found) error = std::move(bytes).error();
  }
  return error;
}

base::Result<std::vector<RepositoryReader::Group>> RepositoryReader::group(
    std::span<const ChunkId> ids, std::vector<ChunkId>& absent) const {
  const auto* index = repository_.index(Repository::Segments::all);
  std::vector<FoundChunk> places;
  places.reserve(ids.size());
  for (const auto& id : ids) {
    if (auto found = index->find(id)) {
      places.push_back(*found);
    } else {
      absent.push_back(id);
    }
  }
  std::sort(places.begin(), places.end(), [](const FoundChunk& a, const FoundChunk& b) {
    return std::tie(a.pack.name, a.place.offset) < std::tie(b.pack.name, b.place.offset);
  });
  std::vector<Group> groups;
  for (const auto& [pack, place] : places) {
    const std::uint64_t end = std::uint64_t{place.offset} + place.stored_size;
    const bool fits = !groups.empty() && groups.back().pack.name == pack.name &&
                      place.offset <= groups.back().offset + groups.back().size + group_gap_max &&
                      end - groups.back().offset <= group_bytes_max;
    if (!fits) groups.push_back({.pack = pack, .offset = place.offset, .size = 0, .chunks = {}});
    groups.back().size = end - groups.back().offset;
    groups.back().chunks.push_back(place);
  }
  return groups;
}

// One pass of fetch(): tasks take group after group.
class RepositoryReader::FetchRun {
 public:
  FetchRun(RepositoryReader& reader, const std::vector<Group>& groups, const Receive& receive,
           std::stop_token stop, std::vector<ChunkId>* again)
      : reader_(reader),
        groups_(groups),
        receive_(receive),
        stop_(std::move(stop)),
        again_(again) {}

  void run() {
    codec::Decompressor decompressor;
    base::Bytes stored;
    base::Bytes plaintext;
    for (;;) {
      const auto number = next_.fetch_add(1);
      if (number >= groups_.size() || failed_ || stop_.stop_requested()) return;
      auto done = take(groups_[number], decompressor, stored, plaintext);
      if (!done.ok()) fail(std::move(done).error());
    }
  }

  base::Result<void> outcome() {
    if (failure_) return *failure_;
    if (stop_.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    return {};
  }

  void fail(base::Error error) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(error);
    failed_ = true;
  }

 private:
  base::Result<void> take(const Group& group, codec::Decompressor& decompressor,
                          base::Bytes& stored, base::Bytes& plaintext) {
    const auto report_all = [&](const base::Error& error) -> base::Result<void> {
      if (again_ != nullptr && error.code() == base::ErrorCode::not_found) {
        const std::lock_guard lock(mutex_);
        for (const auto& place : group.chunks) again_->push_back(place.id);
        return {};
      }
      for (const auto& place : group.chunks) TRY(receive_elsewhere({group.pack, place}, error));
      return {};
    };
    if (group.offset + group.size > group.pack.size) {
      return report_all(
          base::Error(base::ErrorCode::damaged, "the index places a chunk beyond its pack's end"));
    }
    const auto pack = reader_.packs_.open(group.pack);
    if (!pack.ok()) return report_all(pack.error());
    stored.resize(group.size);
    auto& storage = reader_.repository_.storage();
    auto read = storage.read(pack_object_name(group.pack.type, group.pack.name),
                             {.offset = group.offset, .size = group.size}, stored);
    if (!read.ok())
      return report_all(
          std::move(read).error().with_context("pack " + short_name(group.pack.name)));
    for (const auto& place : group.chunks) {
      const auto bytes =
          base::MutableByteView(stored).subspan(place.offset - group.offset, place.stored_size);
      auto decoded = reader_.packs_.decode(*pack.value(), place, bytes, decompressor, plaintext);
      if (decoded.ok()) {
        TRY(receive_(place.id, base::ByteView(plaintext)));
      } else {
        TRY(receive_elsewhere({group.pack, place}, std::move(decoded).error().with_context(
                                                       "pack " + short_name(group.pack.name))));
      }
    }
    return {};
  }

  // What a group's pack doesn't hold may lie in another.
  base::Result<void> receive_elsewhere(const FoundChunk& tried, base::Error error) {
    const auto bytes = reader_.get_elsewhere(tried, std::move(error));
    if (bytes.ok()) return receive_(tried.place.id, base::ByteView(bytes.value()));
    return receive_(tried.place.id, base::Error(bytes.error()));
  }

  RepositoryReader& reader_;
  const std::vector<Group>& groups_;
  const Receive& receive_;
  std::stop_token stop_;
  std::vector<ChunkId>* const again_;  // guarded by mutex_
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::optional<base::Error> failure_;
};

base::Result<void> RepositoryReader::fetch(std::span<const ChunkId> ids, const Receive& receive,
                                           std::stop_token stop) {
  if (following_ == Following::nothing) return fetch_once(ids, receive, stop, nullptr);
  const auto before = looks();
  std::vector<ChunkId> again;
  TRY(fetch_once(ids, receive, stop, &again));
  if (again.empty()) return {};
  // Whatever the look says, the second pass tells what is absent.
  (void)look_again(before);
  return fetch_once(again, receive, stop, nullptr);
}

base::Result<void> RepositoryReader::fetch_once(std::span<const ChunkId> ids,
                                                const Receive& receive, const std::stop_token& stop,
                                                std::vector<ChunkId>* again) {
  std::vector<ChunkId> absent;
  const auto groups = TRY(group(ids, absent));
  for (const auto& id : absent) {
    if (again != nullptr)
      again->push_back(id);
    else
      TRY(receive(id, absent_chunk(id)));
  }
  FetchRun run(*this, groups, receive, stop, again);
  auto& executor = repository_.environment().executor;
  const auto wanted =
      std::min(std::max<std::size_t>(fetches_at_once_min, executor.concurrency()), groups.size());
  std::vector<std::unique_ptr<io::Task>> tasks;
  for (std::size_t i = 1; i < wanted; ++i)
    tasks.push_back(executor.spawn("fetch", [&run] { run.run(); }));
  run.run();
  for (auto& task : tasks) task->join();
  return run.outcome();
}

}  // namespace holdfast::repository
