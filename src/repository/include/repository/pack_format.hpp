// The bytes of a pack (docs/internals/repository_format.md section 3): header, objects, encrypted
// directory, footer.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "codec/cipher.hpp"
#include "codec/compression.hpp"
#include "codec/sealed_box.hpp"
#include "repository/ids.hpp"

namespace holdfast::repository {

constexpr std::size_t pack_box_size = 32 + codec::sealed_box_overhead;
using PackBox =
    std::array<base::Byte, pack_box_size>;  // a pack key, sealed to the repository's public key
constexpr std::size_t pack_header_fixed_size = 4 + 1 + 1 + 2 + 16 + 16 + 4;
constexpr std::size_t pack_footer_size = 8;
constexpr std::size_t pack_objects_max = 65'535;
constexpr std::size_t pack_keys_max = 4'096;
constexpr std::size_t directory_entry_size = 40;
constexpr std::size_t encoded_header_size = 6;  // codec, filter, plain_size
constexpr std::size_t chunk_overhead = encoded_header_size + codec::cipher_tag_size;

struct PackHeader {
  ChunkType type = ChunkType::data;
  ShortId repository_id{};
  ShortId domain{};
  std::uint32_t generation = 1;
  std::vector<PackBox> boxes;  // at least one
  [[nodiscard]] std::size_t size() const {
    return pack_header_fixed_size + boxes.size() * pack_box_size;
  }
};

struct DirectoryEntry {
  ChunkId id{};
  std::uint32_t stored_size = 0;
  std::uint16_t key = 0;
  std::uint16_t ordinal = 0;
};

[[nodiscard]] base::Bytes encode_pack_header(const PackHeader& header);
// `bytes` may go on after the header; it must hold pack_header_fixed_size bytes, and all boxes.
base::Result<PackHeader> decode_pack_header(base::ByteView bytes);
// How long the header is, from its first pack_header_fixed_size bytes.
base::Result<std::size_t> pack_header_size(base::ByteView bytes);

// Directory and footer, as they follow the objects. `header` is the encoded header.
[[nodiscard]] base::Bytes seal_directory(const codec::Cipher& key0, base::ByteView header,
                                         const std::vector<DirectoryEntry>& entries);
// The directory's encrypted size, from the pack's last pack_footer_size bytes.
base::Result<std::size_t> directory_size(base::ByteView footer);
base::Result<std::vector<DirectoryEntry>> open_directory(const codec::Cipher& key0,
                                                         base::ByteView header,
                                                         base::ByteView sealed);

// Associated data and nonce of a chunk's encryption.
struct ObjectIdentity {
  ShortId domain{};
  ChunkType type = ChunkType::data;
  ChunkId id{};
  std::uint16_t ordinal = 0;
};

// Turns `encoded_chunk` (six header bytes and payload, then 16 spare bytes for the tag) into its
// ciphertext, in place.
void seal_chunk(const codec::Cipher& key, const ObjectIdentity& identity,
                base::MutableByteView encoded_chunk);
// The six header bytes.
void write_encoded_header(base::MutableByteView out, codec::Encoding encoding,
                          std::uint32_t plain_size);

struct OpenedChunk {
  codec::Encoding encoding;
  std::uint32_t plain_size = 0;
  base::ByteView payload;  // in the buffer that was given
};
// Decrypts `stored` in place. damaged if it isn't authentic or makes no sense; plain_size is at
// most `plain_size_max`.
base::Result<OpenedChunk> open_chunk(const codec::Cipher& key, const ObjectIdentity& identity,
                                     base::MutableByteView stored, std::size_t plain_size_max);

}  // namespace holdfast::repository
