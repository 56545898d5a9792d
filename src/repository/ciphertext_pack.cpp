// Chunks are read in runs of neighbours. Each is authenticated under its old key, and goes on as it
// is: only the key is sealed anew.
#include "ciphertext_pack.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "repository/object_name.hpp"
#include "repository/repository.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t keys_in_a_pack_max = 1'024;
constexpr std::uint64_t run_size_max = 8 * base::MiB;  // of one read
constexpr std::uint64_t run_gap_max = 64 * base::KiB;  // cheaper to read than to ask again

using KeyName = std::pair<ObjectHash, std::uint16_t>;

bool by_place(const FoundChunk& a, const FoundChunk& b) {
  return std::tie(a.pack.name, a.place.offset) < std::tie(b.pack.name, b.place.offset);
}

KeyName key_of(const FoundChunk& chunk) { return {chunk.pack.name, chunk.place.key}; }

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

// One pack on its way.
class PackCopy {
 public:
  PackCopy(Repository& from, PackReader& packs, Repository& to, const PackPlan& plan)
      : from_(from), packs_(packs), to_(to), plan_(plan) {}

  base::Result<SealedPack> run(const std::stop_token& stop) {
    TRY(reseal_keys());
    const PackTarget target{.storage = to_.storage(),
                            .random = to_.environment().random,
                            .config = to_.config(),
                            .domain = to_.own_domain().id()};
    builder_ = TRY(PackBuilder::begin(target, plan_.type, boxes_));
    for (std::span<const FoundChunk> left = plan_.chunks; !left.empty();) {
      if (stop.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
      const auto neighbours = left.first(run_length(left));
      left = left.subspan(neighbours.size());
      TRY_CONTEXT(copy_run(neighbours),
                  "copying from pack " + short_name(neighbours.front().pack.name));
    }
    return builder_->finish();
  }

 private:
  base::Result<void> reseal_keys() {
    for (const auto& chunk : plan_.chunks) {
      const auto [at, is_new] = keys_.try_emplace(key_of(chunk), boxes_.size());
      if (!is_new) continue;
      const auto pack = TRY(packs_.open(chunk.pack));
      if (chunk.place.key >= pack->header.boxes.size() || chunk.place.key >= pack->keys.size()) {
        return base::Error(base::ErrorCode::damaged,
                           "the index names a key that its pack doesn't have");
      }
      const auto secret =
          TRY(codec::open_sealed(*from_.keys().reader, pack->header.boxes[chunk.place.key]));
      const auto sealed = codec::seal_to(to_.config().box_public_key, secret.view());
      std::copy(sealed.begin(), sealed.end(), boxes_.emplace_back().begin());
    }
    return {};
  }

  base::Result<void> copy_run(std::span<const FoundChunk> neighbours) {
    const auto& first = neighbours.front();
    const auto& last = neighbours.back();
    run_.resize(last.place.offset + std::size_t{last.place.stored_size} - first.place.offset);
    TRY(from_.storage().read(pack_object_name(plan_.type, first.pack.name),
                             {.offset = first.place.offset, .size = run_.size()}, run_));
    const auto pack = TRY(packs_.open(first.pack));
    for (const auto& chunk : neighbours) {
      const auto ciphertext = base::ByteView(run_).subspan(chunk.place.offset - first.place.offset,
                                                           chunk.place.stored_size);
      TRY(authenticate(*pack, chunk, ciphertext));
      TRY(builder_->add_copy(chunk.place.id, ciphertext, keys_.at(key_of(chunk)),
                             chunk.place.ordinal));
    }
    return {};
  }

  base::Result<void> authenticate(const OpenPack& pack, const FoundChunk& chunk,
                                  base::ByteView ciphertext) {
    scratch_.assign(ciphertext.begin(), ciphertext.end());
    const ObjectIdentity identity{.domain = pack.header.domain,
                                  .type = chunk.pack.type,
                                  .id = chunk.place.id,
                                  .ordinal = chunk.place.ordinal};
    constexpr std::size_t any_size = 1 << 30;
    TRY(open_chunk(pack.keys.at(chunk.place.key), identity, scratch_, any_size));
    return {};
  }

  Repository& from_;
  PackReader& packs_;
  Repository& to_;
  const PackPlan& plan_;
  std::map<KeyName, std::size_t> keys_;
  std::vector<PackBox> boxes_;
  std::unique_ptr<PackBuilder> builder_;
  base::Bytes run_;
  base::Bytes scratch_;
};

}  // namespace

std::vector<PackPlan> plan_packs(const Config& to, ChunkType type, std::vector<FoundChunk> chunks) {
  std::sort(chunks.begin(), chunks.end(), by_place);
  const std::uint64_t size_max = type == ChunkType::data ? to.pack_data_max : to.pack_tree_max;
  std::vector<PackPlan> plans;
  std::set<KeyName> keys;
  std::uint64_t bytes = 0;
  for (const auto& chunk : chunks) {
    const bool fits = !plans.empty() && bytes + chunk.place.stored_size <= size_max &&
                      plans.back().chunks.size() < pack_objects_max &&
                      (keys.size() < keys_in_a_pack_max || keys.contains(key_of(chunk)));
    if (!fits) {
      plans.push_back({.type = type, .chunks = {}});
      keys.clear();
      bytes = 0;
    }
    keys.insert(key_of(chunk));
    bytes += chunk.place.stored_size;
    plans.back().chunks.push_back(chunk);
  }
  return plans;
}

base::Result<SealedPack> copy_into_pack(Repository& from, PackReader& packs, Repository& to,
                                        const PackPlan& plan, const std::stop_token& stop) {
  return PackCopy(from, packs, to, plan).run(stop);
}

}  // namespace holdfast::repository
