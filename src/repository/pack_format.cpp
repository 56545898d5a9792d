// Encoding and decoding of the parts of a pack.
#include "repository/pack_format.hpp"

#include <algorithm>

namespace holdfast::repository {

namespace {

constexpr std::string_view header_magic = "HFPK";
constexpr std::string_view footer_magic = "HFPE";
constexpr std::uint8_t version = 1;
constexpr std::uint32_t directory_ordinal = 0xffffffff;

base::Error damaged(std::string what) { return {base::ErrorCode::damaged, std::move(what)}; }

base::Bytes associated_data(const ObjectIdentity& identity) {
  base::Bytes bytes;
  bytes.reserve(16 + 1 + 32 + 4);
  base::ByteWriter out(bytes);
  out.raw(identity.domain);
  out.u8(static_cast<std::uint8_t>(identity.type));
  out.raw(identity.id);
  out.u32(identity.ordinal);
  return bytes;
}

}  // namespace

base::Bytes encode_pack_header(const PackHeader& header) {
  base::Bytes bytes;
  bytes.reserve(header.size());
  base::ByteWriter out(bytes);
  out.raw(base::as_bytes(header_magic));
  out.u8(version);
  out.u8(static_cast<std::uint8_t>(header.type));
  out.u16(static_cast<std::uint16_t>(header.boxes.size()));
  out.raw(header.repository_id);
  out.raw(header.domain);
  out.u32(header.generation);
  for (const auto& box : header.boxes) out.raw(box);
  return bytes;
}

base::Result<std::size_t> pack_header_size(base::ByteView bytes) {
  base::ByteReader in(bytes);
  if (base::as_text(TRY(in.raw(header_magic.size()))) != header_magic)
    return damaged("this is not a pack");
  const auto found_version = TRY(in.u8());
  if (found_version != version) {
    return base::Error(base::ErrorCode::unsupported,
                       "a pack has version " + std::to_string(found_version));
  }
  const auto type = TRY(in.u8());
  const auto keys = TRY(in.u16());
  if (type < 1 || type > 2 || keys == 0 || keys > pack_keys_max)
    return damaged("a pack's header makes no sense");
  return pack_header_fixed_size + keys * pack_box_size;
}

base::Result<PackHeader> decode_pack_header(base::ByteView bytes) {
  const auto size = TRY(pack_header_size(bytes));
  base::ByteReader in(bytes);
  (void)TRY(in.raw(5));
  PackHeader header;
  header.type = static_cast<ChunkType>(TRY(in.u8()));
  (void)TRY(in.u16());
  header.repository_id = TRY(in.array<16>());
  header.domain = TRY(in.array<16>());
  header.generation = TRY(in.u32());
  const auto keys = (size - pack_header_fixed_size) / pack_box_size;
  header.boxes.reserve(keys);
  for (std::size_t i = 0; i < keys; ++i) header.boxes.push_back(TRY(in.array<pack_box_size>()));
  return header;
}

base::Bytes seal_directory(const codec::Cipher& key0, base::ByteView header,
                           const std::vector<DirectoryEntry>& entries) {
  base::Bytes plaintext;
  plaintext.reserve(entries.size() * directory_entry_size);
  base::ByteWriter list(plaintext);
  for (const auto& entry : entries) {
    list.raw(entry.id);
    list.u32(entry.stored_size);
    list.u16(entry.key);
    list.u16(entry.ordinal);
  }
  const auto sealed_size = plaintext.size() + codec::cipher_tag_size;
  base::Bytes bytes(sealed_size);
  key0.seal(codec::nonce_of_ordinal(directory_ordinal), codec::sha256(header), plaintext, bytes);
  base::ByteWriter out(bytes);
  out.u32(static_cast<std::uint32_t>(sealed_size));
  out.raw(base::as_bytes(footer_magic));
  return bytes;
}

base::Result<std::size_t> directory_size(base::ByteView footer) {
  base::ByteReader in(footer);
  const auto size = TRY(in.u32());
  if (base::as_text(TRY(in.raw(footer_magic.size()))) != footer_magic)
    return damaged("a pack has no footer");
  if (size < codec::cipher_tag_size ||
      (size - codec::cipher_tag_size) % directory_entry_size != 0 ||
      (size - codec::cipher_tag_size) / directory_entry_size > pack_objects_max) {
    return damaged("a pack's footer makes no sense");
  }
  return size;
}

base::Result<std::vector<DirectoryEntry>> open_directory(const codec::Cipher& key0,
                                                         base::ByteView header,
                                                         base::ByteView sealed) {
  if (sealed.size() < codec::cipher_tag_size) return damaged("a pack's directory is too short");
  base::Bytes plaintext(sealed.size() - codec::cipher_tag_size);
  TRY(key0.open(codec::nonce_of_ordinal(directory_ordinal), codec::sha256(header), sealed,
                plaintext));
  if (plaintext.size() % directory_entry_size != 0)
    return damaged("a pack's directory has half an entry");
  base::ByteReader in(plaintext);
  std::vector<DirectoryEntry> entries;
  entries.reserve(plaintext.size() / directory_entry_size);
  while (in.remaining() > 0) {
    DirectoryEntry entry;
    entry.id = TRY(in.array<32>());
    entry.stored_size = TRY(in.u32());
    entry.key = TRY(in.u16());
    entry.ordinal = TRY(in.u16());
    if (entry.stored_size <= chunk_overhead)
      return damaged("a pack's directory lists an object that is too short");
    entries.push_back(entry);
  }
  return entries;
}

void seal_chunk(const codec::Cipher& key, const ObjectIdentity& identity,
                base::MutableByteView encoded_chunk) {
  CHECK(encoded_chunk.size() > chunk_overhead, "a chunk has at least one byte");
  key.seal(codec::nonce_of_ordinal(identity.ordinal), associated_data(identity),
           encoded_chunk.first(encoded_chunk.size() - codec::cipher_tag_size), encoded_chunk);
}

void write_encoded_header(base::MutableByteView out, codec::Encoding encoding,
                          std::uint32_t plain_size) {
  out[0] = static_cast<base::Byte>(encoding.codec);
  out[1] = static_cast<base::Byte>(encoding.filter);
  std::memcpy(out.data() + 2, &plain_size, sizeof plain_size);
}

base::Result<OpenedChunk> open_chunk(const codec::Cipher& key, const ObjectIdentity& identity,
                                     base::MutableByteView stored, std::size_t plain_size_max) {
  if (stored.size() <= chunk_overhead) return damaged("a chunk is too short");
  const auto encoded = stored.first(stored.size() - codec::cipher_tag_size);
  TRY(key.open(codec::nonce_of_ordinal(identity.ordinal), associated_data(identity), stored,
               encoded));
  OpenedChunk chunk;
  if (encoded[0] > static_cast<base::Byte>(codec::Codec::zstd) ||
      encoded[1] > static_cast<base::Byte>(codec::Filter::planes_4)) {
    return base::Error(base::ErrorCode::unsupported,
                       "a chunk is encoded in a way that this program doesn't know")
        .with_hint("use a newer holdfast");
  }
  chunk.encoding = {static_cast<codec::Codec>(encoded[0]), static_cast<codec::Filter>(encoded[1])};
  std::memcpy(&chunk.plain_size, encoded.data() + 2, sizeof chunk.plain_size);
  if (chunk.plain_size == 0 || chunk.plain_size > plain_size_max)
    return damaged("a chunk states a size beyond its limit");
  chunk.payload = encoded.subspan(encoded_header_size);
  return chunk;
}

}  // namespace holdfast::repository
