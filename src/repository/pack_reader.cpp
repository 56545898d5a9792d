// Opening packs and chunks.
#include "repository/pack_reader.hpp"

#include "repository/object_name.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t open_packs_max = 512;

base::Error damaged(const PackInfo& pack, std::string what) {
  return base::Error(base::ErrorCode::damaged, std::move(what))
      .with_context("pack " + short_name(pack.name));
}

}  // namespace

base::Result<std::shared_ptr<const OpenPack>> PackReader::open(const PackInfo& pack) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_name_.find(pack.name); found != by_name_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return found->second->second;
    }
  }
  auto opened = TRY_CONTEXT(load(pack), "pack " + short_name(pack.name));
  const std::lock_guard lock(mutex_);
  if (by_name_.contains(pack.name)) return opened;
  recent_.emplace_front(pack.name, opened);
  by_name_[pack.name] = recent_.begin();
  if (recent_.size() > open_packs_max) {
    by_name_.erase(recent_.back().first);
    recent_.pop_back();
  }
  return opened;
}

base::Result<std::shared_ptr<const OpenPack>> PackReader::load(const PackInfo& pack) {
  if (!repository_.keys().reader) return needs_reading_key("reading a pack");
  auto& storage = repository_.storage();
  const auto name = pack_object_name(pack.type, pack.name);
  const auto first_read =
      std::min<std::uint64_t>(pack.size, pack_header_fixed_size + pack_box_size);
  base::Bytes bytes(first_read);
  TRY(storage.read(name, {.offset = 0, .size = bytes.size()}, bytes));
  const auto header_size = TRY(pack_header_size(bytes));
  if (header_size > pack.size) return damaged(pack, "the header is longer than the pack");
  if (header_size > bytes.size()) {
    bytes.resize(header_size);
    TRY(storage.read(name, {.offset = 0, .size = bytes.size()}, bytes));
  }
  auto opened = std::make_shared<OpenPack>();
  opened->header = TRY(decode_pack_header(bytes));
  opened->header_bytes = std::move(bytes);
  if (opened->header.repository_id != repository_.id() || opened->header.type != pack.type) {
    return damaged(pack, "the pack belongs to another repository or is of another type");
  }
  opened->domain = repository_.domain(opened->header.domain);
  if (opened->domain == nullptr) {
    return base::Error(base::ErrorCode::wrong_key,
                       "the pack belongs to a domain that is not on the roster");
  }
  for (const auto& box : opened->header.boxes) {
    const auto key = TRY(codec::open_sealed(*repository_.keys().reader, box));
    if (key.size() != codec::cipher_key_size)
      return damaged(pack, "a sealed key has the wrong size");
    opened->keys.emplace_back(key.view());
  }
  return std::shared_ptr<const OpenPack>(std::move(opened));
}

base::Result<void> PackReader::decode(const OpenPack& pack, const ChunkPlace& place,
                                      base::MutableByteView stored,
                                      codec::Decompressor& decompressor,
                                      base::Bytes& plaintext) const {
  if (place.key >= pack.keys.size()) {
    return base::Error(base::ErrorCode::damaged,
                       "the index names a key that its pack doesn't have");
  }
  const ObjectIdentity identity{.domain = pack.header.domain,
                                .type = pack.header.type,
                                .id = place.id,
                                .ordinal = place.ordinal};
  // A node of a tree may be longer than a data chunk: its limit is the decoder's.
  const std::size_t plain_max = pack.header.type == ChunkType::data
                                    ? repository_.config().chunker.size_max
                                    : segment_bytes_max;
  const auto chunk = TRY(open_chunk(pack.keys[place.key], identity, stored, plain_max));
  plaintext.resize(chunk.plain_size);
  TRY(decompressor.decompress(chunk.encoding, chunk.payload, plaintext));
  if (pack.domain->id_of(pack.header.type, plaintext) != place.id) {
    return base::Error(base::ErrorCode::damaged, "a chunk's content is not what its id states");
  }
  return {};
}

base::Result<std::vector<DirectoryEntry>> PackReader::directory(const PackInfo& pack,
                                                                const OpenPack& opened) {
  auto& storage = repository_.storage();
  const auto name = pack_object_name(pack.type, pack.name);
  const auto header_size = opened.header_bytes.size();
  if (pack.size < header_size + pack_footer_size) return damaged(pack, "the pack is cut short");
  base::Bytes footer(pack_footer_size);
  TRY(storage.read(name, {.offset = pack.size - footer.size(), .size = footer.size()}, footer));
  const auto size = TRY(directory_size(footer));
  if (size > pack.size - pack_footer_size - header_size)
    return damaged(pack, "the directory is longer than the pack");
  base::Bytes sealed(size);
  const auto offset = pack.size - pack_footer_size - size;
  TRY(storage.read(name, {.offset = offset, .size = size}, sealed));
  auto entries = TRY(open_directory(opened.keys[0], opened.header_bytes, sealed));
  std::uint64_t total = header_size;
  for (const auto& entry : entries) total += entry.stored_size;
  if (total != offset) return damaged(pack, "the directory doesn't add up to the pack");
  return entries;
}

}  // namespace holdfast::repository
