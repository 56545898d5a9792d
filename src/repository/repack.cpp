// Copying chunks into new packs.
#include "repository/repack.hpp"

#include <algorithm>
#include <map>

#include "repository/object_name.hpp"
#include "repository/pack_builder.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t keys_in_a_pack_max = 1'024;

bool by_place(const FoundChunk& a, const FoundChunk& b) {
  return std::tie(a.pack.name, a.place.offset) < std::tie(b.pack.name, b.place.offset);
}

// One new pack being filled from old ones of one domain.
class Batch {
 public:
  Batch(Repository& repository, PackReader& packs, const Domain& domain, ChunkType type)
      : repository_(repository), packs_(packs), domain_(domain), type_(type) {}

  [[nodiscard]] bool has_room_for(const FoundChunk& chunk, const OpenPack& pack) const {
    const auto size_max = type_ == ChunkType::data ? repository_.config().pack_data_max
                                                   : repository_.config().pack_tree_max;
    const bool new_key = !keys_.contains({chunk.pack.name, chunk.place.key});
    return &domain_ == pack.domain && bytes_ + chunk.place.stored_size <= size_max &&
           chunks_.size() < pack_objects_max && (!new_key || boxes_.size() < keys_in_a_pack_max);
  }
  void add(const FoundChunk& chunk, const OpenPack& pack) {
    const auto [key, is_new] = keys_.try_emplace({chunk.pack.name, chunk.place.key}, boxes_.size());
    if (is_new) boxes_.push_back(pack.header.boxes.at(chunk.place.key));
    chunks_.emplace_back(chunk, key->second);
    bytes_ += chunk.place.stored_size;
  }
  [[nodiscard]] bool empty() const { return chunks_.empty(); }
  [[nodiscard]] const Domain& domain() const { return domain_; }

  base::Result<SealedPack> build() {
    const PackTarget target{.storage = repository_.storage(),
                            .random = repository_.environment().random,
                            .config = repository_.config(),
                            .domain = domain_.id()};
    auto builder = TRY(PackBuilder::begin(target, type_, boxes_));
    codec::Decompressor decompressor;
    base::Bytes ciphertext;
    base::Bytes scratch;
    base::Bytes plaintext;
    for (const auto& [chunk, key] : chunks_) {
      const auto& place = chunk.place;
      const auto pack = TRY(packs_.open(chunk.pack));
      ciphertext.resize(place.stored_size);
      const auto name = pack_object_name(chunk.pack.type, chunk.pack.name);
      TRY(repository_.storage().read(name, {.offset = place.offset, .size = place.stored_size},
                                     ciphertext));
      scratch = ciphertext;
      TRY_CONTEXT(packs_.decode(*pack, place, scratch, decompressor, plaintext),
                  "copying from " + name);
      TRY(builder->add_copy(place.id, ciphertext, key, place.ordinal));
    }
    return builder->finish();
  }

 private:
  Repository& repository_;
  PackReader& packs_;
  const Domain& domain_;
  const ChunkType type_;
  std::uint64_t bytes_ = 0;
  std::map<std::pair<ObjectHash, std::uint16_t>, std::size_t> keys_;
  std::vector<PackBox> boxes_;
  std::vector<std::pair<FoundChunk, std::size_t>> chunks_;
};

}  // namespace

base::Result<RepackTotals> repack(Repository& repository, Session& session, PackReader& packs,
                                  std::vector<FoundChunk> places, std::stop_token stop) {
  std::sort(places.begin(), places.end(), by_place);
  RepackTotals totals;
  std::optional<Batch> batch;
  const auto store = [&]() -> base::Result<void> {
    if (!batch || batch->empty()) return {};
    auto sealed = TRY(batch->build());
    auto stored = sealed.upload->commit(pack_object_name(sealed.info.type, sealed.info.name), {});
    if (!stored.ok()) return std::move(stored).error().with_context("storing a compacted pack");
    IndexSegment segment{
        .packs = {sealed.info}, .superseded = {}, .chunks = std::move(sealed.chunks)};
    std::sort(segment.chunks.begin(), segment.chunks.end(),
              [](const ChunkPlace& a, const ChunkPlace& b) { return a.id < b.id; });
    TRY(repository.write_segment(segment, batch->domain(), Repository::SignAs::admin));
    totals.bytes += sealed.info.size;
    totals.packs.push_back(sealed.info.name);
    totals.chunks += segment.chunks.size();
    batch.reset();
    return session.renew();
  };
  for (const auto& chunk : places) {
    if (stop.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    const auto pack = TRY(packs.open(chunk.pack));
    if (chunk.place.key >= pack->header.boxes.size()) {
      return base::Error(base::ErrorCode::damaged,
                         "the index names a key that its pack doesn't have");
    }
    if (batch && !batch->has_room_for(chunk, *pack)) TRY(store());
    if (!batch) batch.emplace(repository, packs, *pack->domain, chunk.pack.type);
    batch->add(chunk, *pack);
  }
  TRY(store());
  return totals;
}

}  // namespace holdfast::repository
