// What follows from an id key.
#include "repository/domain.hpp"

#include <algorithm>

#include "codec/cipher.hpp"
#include "codec/key_derivation.hpp"
#include "repository/index_segment.hpp"

namespace holdfast::repository {

Domain::Domain(const ShortId& id, base::ByteView id_key)
    : id_(id),
      id_key_(id_key),
      data_ids_(codec::derive_key(id_key, "holdfast chunk data").view()),
      tree_ids_(codec::derive_key(id_key, "holdfast chunk tree").view()),
      receipt_keys_(codec::derive_key(id_key, "holdfast receipt").view()),
      log_ids_(codec::derive_key(id_key, "holdfast log").view()),
      chunker_key_(codec::derive_key(id_key, "holdfast chunker")),
      small_file_key_(codec::derive_key(id_key, "holdfast small files")) {}

ChunkId Domain::id_of(ChunkType type, base::ByteView plaintext) const {
  return type == ChunkType::data ? data_ids_(plaintext) : tree_ids_(plaintext);
}

ShortId Domain::log_id(std::string_view stream) const {
  const auto hash = log_ids_(base::as_bytes(stream));
  ShortId id;
  std::copy_n(hash.begin(), id.size(), id.begin());
  return id;
}

base::Bytes Domain::associated(const ShortId& repository, std::string_view magic) const {
  base::Bytes bytes;
  base::ByteWriter out(bytes);
  out.raw(repository);
  out.raw(id_);
  out.raw(base::as_bytes(magic));
  return bytes;
}

void Domain::seal_receipt(const ShortId& repository, std::string_view magic,
                          base::ByteView plaintext, base::Random& random,
                          base::ByteWriter& out) const {
  const auto seed = random.array<32>();
  const codec::Cipher cipher(receipt_keys_(seed));
  base::Bytes sealed(plaintext.size() + codec::cipher_tag_size);
  cipher.seal({}, associated(repository, magic), plaintext, sealed);
  out.raw(seed);
  out.sized(sealed);
}

base::Result<base::Bytes> Domain::open_receipt(const ShortId& repository, std::string_view magic,
                                               base::ByteReader& in) const {
  const auto seed = TRY(in.array<32>());
  const auto sealed = TRY(in.sized(segment_bytes_max));
  if (sealed.size() < codec::cipher_tag_size) {
    return base::Error(base::ErrorCode::damaged, "an encrypted field is too short");
  }
  const codec::Cipher cipher(receipt_keys_(seed));
  base::Bytes plaintext(sealed.size() - codec::cipher_tag_size);
  TRY(cipher.open({}, associated(repository, magic), sealed, plaintext));
  return plaintext;
}

}  // namespace holdfast::repository
