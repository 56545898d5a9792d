// Writing a pack.
#include "repository/pack_builder.hpp"

#include <algorithm>

namespace holdfast::repository {

PackBuilder::PackBuilder(const PackTarget& target, ChunkType type,
                         std::unique_ptr<storage::Upload> upload, const base::SecretBytes& key)
    : size_max_(type == ChunkType::data ? target.config.pack_data_max
                                        : target.config.pack_tree_max),
      domain_(target.domain),
      type_(type),
      upload_(std::move(upload)),
      cipher_(key.view()) {}

base::Result<std::unique_ptr<PackBuilder>> PackBuilder::begin(const PackTarget& target,
                                                              ChunkType type,
                                                              std::span<const PackBox> carried) {
  CHECK(carried.size() < pack_keys_max, "a pack carries fewer keys than its header can count");
  base::SecretBytes key(codec::cipher_key_size);
  target.random.fill(key.writable());
  PackHeader header{.type = type,
                    .repository_id = target.config.repository_id,
                    .domain = target.domain,
                    .generation = target.config.generation,
                    .boxes = {}};
  const auto box = codec::seal_to(target.config.box_public_key, key.view());
  header.boxes.resize(1);
  std::copy(box.begin(), box.end(), header.boxes[0].begin());
  header.boxes.insert(header.boxes.end(), carried.begin(), carried.end());
  auto upload = TRY(target.storage.begin_put());
  std::unique_ptr<PackBuilder> builder(new PackBuilder(target, type, std::move(upload), key));
  builder->header_ = encode_pack_header(header);
  TRY(builder->append(builder->header_));
  return builder;
}

bool PackBuilder::is_full() const {
  return size_ >= size_max_ || entries_.size() >= pack_objects_max;
}

base::Result<void> PackBuilder::append(base::ByteView bytes) {
  hash_.update(bytes);
  size_ += bytes.size();
  return upload_->append(bytes);
}

base::Result<void> PackBuilder::append_object(const DirectoryEntry& entry,
                                              base::ByteView ciphertext) {
  CHECK(entries_.size() < pack_objects_max, "a full pack takes no more objects");
  places_.push_back({.id = entry.id,
                     .pack = 0,
                     .offset = static_cast<std::uint32_t>(size_),
                     .stored_size = entry.stored_size,
                     .key = entry.key,
                     .ordinal = entry.ordinal});
  entries_.push_back(entry);
  return append(ciphertext);
}

base::Result<void> PackBuilder::add(const ChunkId& id, base::MutableByteView encoded) {
  const ObjectIdentity identity{
      .domain = domain_, .type = type_, .id = id, .ordinal = own_ordinal_++};
  seal_chunk(cipher_, identity, encoded);
  return append_object({.id = id,
                        .stored_size = static_cast<std::uint32_t>(encoded.size()),
                        .key = 0,
                        .ordinal = identity.ordinal},
                       encoded);
}

base::Result<void> PackBuilder::add_copy(const ChunkId& id, base::ByteView ciphertext,
                                         std::size_t key, std::uint16_t ordinal) {
  return append_object({.id = id,
                        .stored_size = static_cast<std::uint32_t>(ciphertext.size()),
                        .key = static_cast<std::uint16_t>(key + 1),
                        .ordinal = ordinal},
                       ciphertext);
}

base::Result<SealedPack> PackBuilder::finish() {
  TRY(append(seal_directory(cipher_, header_, entries_)));
  SealedPack sealed;
  sealed.upload = std::move(upload_);
  sealed.info = {.name = hash_.finish(), .type = type_, .size = size_};
  sealed.chunks = std::move(places_);
  return sealed;
}

}  // namespace holdfast::repository
