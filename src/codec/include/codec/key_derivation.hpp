// Keys from passphrases (Argon2id, RFC 9106, libsodium) and from other keys (HKDF-SHA256, RFC 5869,
// without salt).
#pragma once

#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace holdfast::codec {

// Cost of one derivation. Read from key slots: values outside the stated limits are damaged, so
// that a hostile repository can't make us take all memory.
struct PassphraseCost {
  std::uint32_t memory_kib = 64 * 1024;  // 8 MiB to 1 GiB
  std::uint32_t passes = 3;              // 1 to 16; parallelism is 1
};

// 32 bytes. `salt` has 16 bytes.
base::Result<base::SecretBytes> key_of_passphrase(base::ByteView passphrase, base::ByteView salt,
                                                  PassphraseCost cost);

// 32 bytes for one purpose: HKDF-SHA256(key, info = purpose).
[[nodiscard]] base::SecretBytes derive_key(base::ByteView key, std::string_view purpose);

}  // namespace holdfast::codec
