// Ed25519, by libsodium.
#include "codec/signature.hpp"

#include <sodium.h>

#include "sodium.hpp"

namespace holdfast::codec {

static_assert(sizeof(VerifyKey) == crypto_sign_PUBLICKEYBYTES);
static_assert(sizeof(Signature) == crypto_sign_BYTES);

SigningKey::SigningKey(base::ByteView seed) : secret_(std::size_t{crypto_sign_SECRETKEYBYTES}) {
  CHECK(seed.size() == crypto_sign_SEEDBYTES, "a signing seed has 32 bytes");
  start_sodium();
  CHECK(crypto_sign_seed_keypair(verify_key_.data(), secret_.writable().data(), seed.data()) == 0,
        "libsodium");
}

Signature SigningKey::sign(base::ByteView message) const {
  CHECK(!secret_.empty(), "a key that was moved away");
  Signature signature;
  CHECK(crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                             secret_.view().data()) == 0,
        "libsodium");
  return signature;
}

// libsodium's secret form is the seed followed by the public key.
base::ByteView SigningKey::seed() const noexcept {
  return secret_.view().first(crypto_sign_SEEDBYTES);
}

bool is_signed_by(const VerifyKey& key, base::ByteView message, const Signature& signature) {
  start_sodium();
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     key.data()) == 0;
}

}  // namespace holdfast::codec
