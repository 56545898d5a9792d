// Argon2id by libsodium; HKDF written out, since for 32 bytes it is two HMACs.
#include "codec/key_derivation.hpp"

#include <sodium.h>

#include <array>

#include "base/units.hpp"
#include "codec/hash.hpp"
#include "sodium.hpp"

namespace holdfast::codec {

namespace {

constexpr std::size_t salt_size = crypto_pwhash_argon2id_SALTBYTES;
static_assert(salt_size == 16);
constexpr std::uint32_t memory_min_kib = 8 * 1024;
constexpr std::uint32_t memory_max_kib = 1024 * 1024;
constexpr std::uint32_t passes_max = 16;

}  // namespace

base::Result<base::SecretBytes> key_of_passphrase(base::ByteView passphrase, base::ByteView salt,
                                                  PassphraseCost cost) {
  if (cost.memory_kib < memory_min_kib || cost.memory_kib > memory_max_kib || cost.passes < 1 ||
      cost.passes > passes_max || salt.size() != salt_size) {
    return base::Error(base::ErrorCode::damaged,
                       "a key slot asks for a passphrase cost outside the limits (" +
                           std::to_string(cost.memory_kib) + " KiB, " +
                           std::to_string(cost.passes) + " passes, " + std::to_string(salt.size()) +
                           " bytes of salt)");
  }
  start_sodium();
  base::SecretBytes key(std::size_t{32});
  const auto failed = crypto_pwhash_argon2id(
      key.writable().data(), key.size(), base::as_text(passphrase).data(), passphrase.size(),
      salt.data(), cost.passes, std::size_t{cost.memory_kib} * base::KiB,
      crypto_pwhash_argon2id_ALG_ARGON2ID13);
  if (failed == 0) return key;
  return base::Error(base::ErrorCode::io, "cannot derive a key from the passphrase: no memory")
      .with_hint("this takes " + base::format_size(cost.memory_kib * base::KiB) +
                 " of memory for a moment; free some, and run again");
}

base::SecretBytes derive_key(base::ByteView key, std::string_view purpose) {
  // Extract: PRK = HMAC(salt, key), the absent salt being 32 zero bytes.
  constexpr Digest no_salt{};
  Digest extracted = KeyedHash(no_salt)(key);
  // Expand, one block: T(1) = HMAC(PRK, info || 0x01).
  base::Bytes info(purpose.begin(), purpose.end());
  info.push_back(1);
  Digest expanded = KeyedHash(extracted)(info);
  base::SecretBytes derived{base::ByteView(expanded)};
  base::wipe(extracted);
  base::wipe(expanded);
  return derived;
}

}  // namespace holdfast::codec
