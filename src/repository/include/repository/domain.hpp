// Domain: all that follows from one id key: ids of chunks, the chunker's key, the key that hides
// receipts. Machines that share an id key deduplicate against each other.
#pragma once

#include <string_view>

#include "base/random.hpp"
#include "base/result.hpp"
#include "repository/ids.hpp"

namespace holdfast::repository {

// Immutable; const calls are thread-safe.
class Domain {
 public:
  Domain(const ShortId& id, base::ByteView id_key);  // 32 bytes
  [[nodiscard]] const ShortId& id() const noexcept { return id_; }
  [[nodiscard]] base::ByteView id_key() const noexcept { return id_key_.view(); }
  [[nodiscard]] base::ByteView chunker_key() const noexcept { return chunker_key_.view(); }
  [[nodiscard]] base::ByteView small_file_key() const noexcept { return small_file_key_.view(); }
  [[nodiscard]] ChunkId id_of(ChunkType type, base::ByteView plaintext) const;
  // STREAM of section 8.
  [[nodiscard]] ShortId log_id(std::string_view stream) const;
  // receipt(x) of section 2.5, appended to / read from an object's body. `magic` has 4 letters.
  void seal_receipt(const ShortId& repository, std::string_view magic, base::ByteView plaintext,
                    base::Random& random, base::ByteWriter& out) const;
  [[nodiscard]] base::Result<base::Bytes> open_receipt(const ShortId& repository,
                                                       std::string_view magic,
                                                       base::ByteReader& in) const;

 private:
  [[nodiscard]] base::Bytes associated(const ShortId& repository, std::string_view magic) const;
  ShortId id_;
  base::SecretBytes id_key_;
  codec::KeyedHash data_ids_;
  codec::KeyedHash tree_ids_;
  codec::KeyedHash receipt_keys_;
  codec::KeyedHash log_ids_;
  base::SecretBytes chunker_key_;
  base::SecretBytes small_file_key_;
};

}  // namespace holdfast::repository
