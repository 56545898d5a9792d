// Storing chunks. Order of durability: a pack is committed before an index segment names it.
#include "repository/chunk_store.hpp"

#include <algorithm>

#include "io/thread_time.hpp"
#include "repository/object_name.hpp"

namespace holdfast::repository {

namespace {

// A crash costs at most what was stored in this time: a later run finds the rest by the segments.
constexpr auto checkpoint_interval = base::seconds(60);
constexpr std::size_t sealed_packs_waiting_max = 2;
// A remote storage takes several packs faster than one after the other.
constexpr std::size_t uploads_at_once = 4;

// Charges the processor time since `from` to a stage; the time until which it did.
base::Duration charge(StageCost& stage, std::uint64_t bytes, base::Duration from) {
  const auto now = io::thread_processor_time();
  stage.bytes += bytes;
  stage.time = stage.time + (now - from);
  return now;
}

void add(StageCost& sum, const StageCost& part) {
  sum.bytes += part.bytes;
  sum.time = sum.time + part.time;
}

}  // namespace

ChunkStore::ChunkStore(Repository& repository, Session& session, int compression_level,
                       Effect effect)
    : repository_(repository),
      session_(session),
      compression_level_(compression_level),
      effect_(effect),
      index_(*repository.index(Repository::Segments::trusted)),
      pending_since_(repository.environment().clock.monotonic()),
      sealed_(repository.environment().executor, sealed_packs_waiting_max),
      durable_(repository.environment().executor, uploads_at_once) {
  auto& executor = repository.environment().executor;
  for (std::size_t i = 0; i < uploads_at_once; ++i) {
    uploaders_.push_back(executor.spawn("uploader", [this] { run_uploader(); }));
  }
  recorder_ = executor.spawn("recorder", [this] { run_recorder(); });
}

ChunkStore::~ChunkStore() {
  sealed_.abandon();
  durable_.abandon();
  join_all();
}

void ChunkStore::join_all() {
  for (auto& uploader : uploaders_) uploader->join();
  durable_.close();
  recorder_->join();
}

bool ChunkStore::claim(const ChunkId& id) {
  if (const auto found = index_.find(id)) {
    session_.rely_on(found->pack.name);
    return false;
  }
  const std::lock_guard lock(mutex_);
  return claimed_.insert(id).second;
}

void ChunkStore::count(const ChunkId& id, std::size_t size) {
  if (index_.find(id)) return;
  const std::lock_guard lock(mutex_);
  if (!counted_.add(id)) return;
  bytes_new_ += size;
  ++chunks_new_;
}

base::Result<bool> ChunkStore::is_known(const ChunkId& id) {
  const auto found = index_.find(id);
  if (found) session_.rely_on(found->pack.name);
  return found.has_value();
}

base::Result<ChunkId> ChunkStore::put(Lane& lane, ChunkType type, base::ByteView plaintext) {
  if (auto failed = failure()) return *failed;
  const auto& domain = repository_.own_domain();
  auto at = io::thread_processor_time();
  const auto id = domain.id_of(type, plaintext);
  at = charge(lane.stages_.name, plaintext.size(), at);
  if (effect_ == Effect::count) {
    count(id, plaintext.size());
    return id;
  }
  if (!claim(id)) return id;
  auto& encoded = lane.scratch_;
  encoded.resize(encoded_header_size);
  const auto encoding = lane.compressor_.compress(plaintext, encoded);
  write_encoded_header(encoded, encoding, static_cast<std::uint32_t>(plaintext.size()));
  encoded.resize(encoded.size() + codec::cipher_tag_size);
  at = charge(lane.stages_.compress, plaintext.size(), at);

  auto& builder = type == ChunkType::data ? lane.data_ : lane.tree_;
  if (!builder) {
    const PackTarget target{.storage = repository_.storage(),
                            .random = repository_.environment().random,
                            .config = repository_.config(),
                            .domain = domain.id()};
    builder = TRY(PackBuilder::begin(target, type));
  }
  TRY(builder->add(id, encoded));
  charge(lane.stages_.pack, encoded.size(), at);
  bytes_new_ += plaintext.size();
  ++chunks_new_;
  if (builder->is_full()) TRY(hand_over(builder));
  return id;
}

base::Result<void> ChunkStore::hand_over(std::unique_ptr<PackBuilder>& builder) {
  if (!builder) return {};
  auto sealed = TRY(builder->finish());
  builder.reset();
  bytes_stored_ += sealed.info.size;
  if (!sealed_.push(std::move(sealed))) {
    const auto failed = failure();
    return failed ? *failed : base::Error(base::ErrorCode::cancelled, "storing was given up");
  }
  return {};
}

base::Result<void> ChunkStore::finish(Lane& lane) {
  {
    const std::lock_guard lock(mutex_);
    add(stages_.name, lane.stages_.name);
    add(stages_.compress, lane.stages_.compress);
    add(stages_.pack, lane.stages_.pack);
  }
  lane.stages_ = {};
  TRY(hand_over(lane.data_));
  return hand_over(lane.tree_);
}

base::Result<void> ChunkStore::flush() {
  CHECK(effect_ == Effect::store, "what was only counted can't be made durable");
  sealed_.close();
  join_all();
  if (auto failed = failure()) return *failed;
  return write_segment();
}

void ChunkStore::run_uploader() {
  while (auto pack = sealed_.pop()) {
    const auto name = pack_object_name(pack->info.type, pack->info.name);
    auto stored = pack->upload->commit(name, {});
    if (!stored.ok() && stored.error().code() != base::ErrorCode::already_exists) {
      fail(std::move(stored).error().with_context("storing " + name));
      sealed_.abandon();
      return;
    }
    pack->upload.reset();
    if (!durable_.push(std::move(*pack))) return;
  }
}

void ChunkStore::run_recorder() {
  while (auto pack = durable_.pop()) {
    auto recorded = record(std::move(*pack));
    if (!recorded.ok()) {
      fail(std::move(recorded).error());
      sealed_.abandon();
      durable_.abandon();
      return;
    }
  }
}

base::Result<void> ChunkStore::record(SealedPack pack) {
  session_.rely_on(pack.info.name);
  TRY(session_.renew_if_due());
  if (pending_.chunks.size() + pack.chunks.size() > segment_chunks_max) TRY(write_segment());
  const auto number = static_cast<std::uint32_t>(pending_.packs.size());
  pending_.packs.push_back(pack.info);
  for (auto& place : pack.chunks) {
    place.pack = number;
    pending_.chunks.push_back(place);
  }
  const auto elapsed = repository_.environment().clock.monotonic() - pending_since_;
  return elapsed > checkpoint_interval ? write_segment() : base::Result<void>();
}

base::Result<void> ChunkStore::write_segment() {
  pending_since_ = repository_.environment().clock.monotonic();
  if (pending_.packs.empty()) return {};
  std::sort(pending_.chunks.begin(), pending_.chunks.end(),
            [](const ChunkPlace& a, const ChunkPlace& b) { return a.id < b.id; });
  const auto name = TRY_CONTEXT(
      repository_.write_segment(pending_, repository_.own_domain(), Repository::SignAs::writer),
      "storing an index segment");
  bytes_stored_ += pending_.chunks.size() * sizeof(ChunkPlace);
  TRY(index_.add(name, pending_));
  const std::lock_guard lock(mutex_);
  for (const auto& place : pending_.chunks) claimed_.erase(place.id);
  pending_ = {};
  return {};
}

void ChunkStore::fail(base::Error error) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = std::move(error);
}

std::optional<base::Error> ChunkStore::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

StoreTotals ChunkStore::totals() const {
  const std::lock_guard lock(mutex_);
  return {.bytes_new = bytes_new_,
          .bytes_stored = bytes_stored_,
          .chunks_new = chunks_new_,
          .stages = stages_};
}

}  // namespace holdfast::repository
