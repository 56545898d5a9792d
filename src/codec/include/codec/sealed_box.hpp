// Sealing to a public key: crypto_box_seal (X25519, XSalsa20-Poly1305, ephemeral sender). On
// libsodium. Whoever has the public key can seal, only the private key opens.
#pragma once

#include <array>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace holdfast::codec {

constexpr std::size_t sealed_box_overhead = 48;
using BoxPublicKey = std::array<base::Byte, 32>;

struct BoxKeyPair {
  BoxPublicKey public_key;
  base::SecretBytes private_key;  // 32 bytes
};

[[nodiscard]] BoxKeyPair make_box_key_pair(base::Random& random);
[[nodiscard]] BoxPublicKey public_key_of(base::ByteView private_key);
// False for the few points of small order: they are nobody's key, and seal_to() doesn't take them.
[[nodiscard]] bool is_public_key(const BoxPublicKey& key);
[[nodiscard]] base::Bytes seal_to(const BoxPublicKey& recipient, base::ByteView plaintext);
// damaged if it was not sealed to this key or was altered.
base::Result<base::SecretBytes> open_sealed(const BoxKeyPair& keys, base::ByteView sealed);

}  // namespace holdfast::codec
