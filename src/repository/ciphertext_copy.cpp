// Copying ciphertext: chunks that wait are sorted by where they lie, read in runs, and put into
// packs of the target under keys that its own readers can open.
#include "ciphertext_copy.hpp"

#include <algorithm>
#include <map>

#include "repository/object_name.hpp"
#include "repository/pack_builder.hpp"

namespace holdfast::repository {

namespace {

// An interruption costs at most what was stored in this time.
constexpr auto checkpoint_interval = base::seconds(60);
constexpr std::size_t waiting_chunks_max = 16'384;
constexpr std::uint64_t waiting_bytes_max = 256 * base::MiB;
constexpr std::size_t keys_in_a_pack_max = 1'024;
constexpr std::uint64_t run_size_max = 8 * base::MiB;  // of one read
constexpr std::uint64_t run_gap_max = 64 * base::KiB;  // cheaper to read than to ask again

bool by_place(const FoundChunk& a, const FoundChunk& b) {
  return std::tie(a.pack.name, a.place.offset) < std::tie(b.pack.name, b.place.offset);
}

// One read's worth of neighbours from the start of `chunks`; how many they are.
std::size_t run_length(std::span<const FoundChunk> chunks) {
  const auto& first = chunks.front();
  std::uint64_t end = first.place.offset + std::uint64_t{first.place.stored_size};
  std::size_t count = 1;
  for (; count < chunks.size(); ++count) {
    const auto& next = chunks[count];
    const std::uint64_t next_end = next.place.offset + std::uint64_t{next.place.stored_size};
    if (next.pack.name != first.pack.name || next.place.offset < end ||
        next.place.offset - end > run_gap_max || next_end - first.place.offset > run_size_max) {
      break;
    }
    end = next_end;
  }
  return count;
}

}  // namespace

CiphertextCopy::CiphertextCopy(Repository& from, RepositoryReader& reader, Repository& to,
                               Session& session, const CopyOptions& options)
    : from_(from),
      reader_(reader),
      to_(to),
      session_(session),
      options_(options),
      source_(*from.index(Repository::Segments::all)),
      target_(*to.index(Repository::Segments::trusted)),
      seen_(source_.chunk_count()),
      pending_since_(to.environment().clock.monotonic()) {}

base::Result<CopyTotals> CiphertextCopy::run(const TreeRoot& root) {
  TRY(visit_tree(reader_, root, *this));
  if (failure_) return *failure_;
  TRY(copy_waiting(ChunkType::data));
  TRY(copy_waiting(ChunkType::tree));
  TRY(write_segment());
  return totals_;
}

bool CiphertextCopy::enter_node(const ChunkId& id) {
  if (failure_) return false;
  const auto number = source_.number_of(id);
  if (number && seen_.at(*number)) return false;
  auto considered = consider(ChunkType::tree, id);
  if (considered.ok()) return true;
  failure_ = std::move(considered).error();
  return false;
}

base::Result<void> CiphertextCopy::data_chunk(const ChunkId& id, std::uint64_t) {
  if (failure_) return *failure_;
  return consider(ChunkType::data, id);
}

base::Result<void> CiphertextCopy::unreadable_node(const TreeGap& gap, const ChunkId&) {
  return gap.error;
}

base::Result<void> CiphertextCopy::consider(ChunkType type, const ChunkId& id) {
  const auto number = source_.number_of(id);
  const auto found = source_.find(id);
  if (!number || !found) {
    return base::Error(base::ErrorCode::damaged,
                       "the snapshot refers to a chunk that no pack of its repository holds")
        .with_hint("see `holdfast verify`; `holdfast repository repair` keeps what is left");
  }
  if (seen_.at(*number)) return {};
  seen_.at(*number) = true;
  if (const auto there = target_.find(id)) {
    session_.rely_on(there->pack.name);
    ++totals_.chunks_present;
    return {};
  }
  Waiting& waiting = type == ChunkType::data ? data_ : tree_;
  waiting.chunks.push_back(*found);
  waiting.bytes += found->place.stored_size;
  const bool full =
      waiting.chunks.size() >= waiting_chunks_max || waiting.bytes >= waiting_bytes_max;
  return full ? copy_waiting(type) : base::Result<void>();
}

base::Result<void> CiphertextCopy::copy_waiting(ChunkType type) {
  Waiting& waiting = type == ChunkType::data ? data_ : tree_;
  std::sort(waiting.chunks.begin(), waiting.chunks.end(), by_place);
  std::span<const FoundChunk> left = waiting.chunks;
  while (!left.empty()) {
    const std::size_t stored = TRY(store_pack(type, left));
    left = left.subspan(stored);
    options_.progress(totals_);
    const auto now = to_.environment().clock.monotonic();
    if (now - pending_since_ > checkpoint_interval) TRY(write_segment());
  }
  waiting = {};
  return write_segment();
}

base::Result<PackBox> CiphertextCopy::resealed(const OpenPack& pack, std::uint16_t key) const {
  const auto secret = TRY(codec::open_sealed(*from_.keys().reader, pack.header.boxes.at(key)));
  const auto sealed = codec::seal_to(to_.config().box_public_key, secret.view());
  PackBox box{};
  std::copy(sealed.begin(), sealed.end(), box.begin());
  return box;
}

base::Result<void> CiphertextCopy::authenticate(const OpenPack& pack, const FoundChunk& chunk,
                                                base::ByteView ciphertext) {
  scratch_.assign(ciphertext.begin(), ciphertext.end());
  const ObjectIdentity identity{.domain = pack.header.domain,
                                .type = chunk.pack.type,
                                .id = chunk.place.id,
                                .ordinal = chunk.place.ordinal};
  constexpr std::size_t any_size = 1 << 30;
  TRY_CONTEXT(open_chunk(pack.keys.at(chunk.place.key), identity, scratch_, any_size),
              "copying from pack " + short_name(chunk.pack.name));
  return {};
}

base::Result<std::size_t> CiphertextCopy::store_pack(ChunkType type,
                                                     std::span<const FoundChunk> chunks) {
  const auto size_max =
      type == ChunkType::data ? to_.config().pack_data_max : to_.config().pack_tree_max;
  std::map<std::pair<ObjectHash, std::uint16_t>, std::size_t> keys;
  std::vector<PackBox> boxes;
  std::uint64_t bytes = 0;
  std::size_t count = 0;
  for (const auto& chunk : chunks) {
    const bool full =
        count > 0 && (bytes + chunk.place.stored_size > size_max ||
                      boxes.size() >= keys_in_a_pack_max || count == pack_objects_max);
    if (full) break;
    const auto pack = TRY(reader_.packs().open(chunk.pack));
    if (chunk.place.key >= pack->header.boxes.size() || chunk.place.key >= pack->keys.size()) {
      return base::Error(base::ErrorCode::damaged,
                         "the index names a key that its pack doesn't have");
    }
    const auto [at, is_new] = keys.try_emplace({chunk.pack.name, chunk.place.key}, boxes.size());
    if (is_new) boxes.push_back(TRY(resealed(*pack, chunk.place.key)));
    bytes += chunk.place.stored_size;
    ++count;
  }
  const PackTarget target{.storage = to_.storage(),
                          .random = to_.environment().random,
                          .config = to_.config(),
                          .domain = to_.own_domain().id()};
  auto builder = TRY(PackBuilder::begin(target, type, boxes));
  base::Bytes run;
  for (auto left = chunks.first(count); !left.empty();) {
    if (options_.stop.stop_requested()) {
      return base::Error(base::ErrorCode::cancelled, "interrupted");
    }
    const auto neighbours = left.first(run_length(left));
    left = left.subspan(neighbours.size());
    const auto& first = neighbours.front();
    const auto& last = neighbours.back();
    run.resize(last.place.offset + std::size_t{last.place.stored_size} - first.place.offset);
    const auto name = pack_object_name(type, first.pack.name);
    TRY(from_.storage().read(name, {.offset = first.place.offset, .size = run.size()}, run));
    const auto pack = TRY(reader_.packs().open(first.pack));
    for (const auto& chunk : neighbours) {
      const auto ciphertext = base::ByteView(run).subspan(chunk.place.offset - first.place.offset,
                                                          chunk.place.stored_size);
      TRY(authenticate(*pack, chunk, ciphertext));
      TRY(builder->add_copy(chunk.place.id, ciphertext, keys.at({chunk.pack.name, chunk.place.key}),
                            chunk.place.ordinal));
    }
  }
  auto sealed = TRY(builder->finish());
  const auto name = pack_object_name(sealed.info.type, sealed.info.name);
  auto stored = sealed.upload->commit(name, {});
  if (!stored.ok()) return std::move(stored).error().with_context("storing " + name);
  session_.rely_on(sealed.info.name);
  TRY(session_.renew_if_due());
  for (auto& place : sealed.chunks) {
    place.pack = static_cast<std::uint32_t>(pending_.packs.size());
    pending_.chunks.push_back(place);
  }
  pending_.packs.push_back(sealed.info);
  totals_.chunks_copied += count;
  totals_.bytes_copied += sealed.info.size;
  return count;
}

base::Result<void> CiphertextCopy::write_segment() {
  pending_since_ = to_.environment().clock.monotonic();
  if (pending_.packs.empty()) return {};
  std::sort(pending_.chunks.begin(), pending_.chunks.end(),
            [](const ChunkPlace& a, const ChunkPlace& b) { return a.id < b.id; });
  const auto name =
      TRY_CONTEXT(to_.write_segment(pending_, to_.own_domain(), Repository::SignAs::writer),
                  "storing an index segment");
  TRY(target_.add(name, pending_));
  pending_ = {};
  return {};
}

}  // namespace holdfast::repository
