// Sealed boxes, by libsodium.
#include "codec/sealed_box.hpp"

#include <sodium.h>

#include "sodium.hpp"

namespace holdfast::codec {

static_assert(sealed_box_overhead == crypto_box_SEALBYTES);
static_assert(sizeof(BoxPublicKey) == crypto_box_PUBLICKEYBYTES);

BoxKeyPair make_box_key_pair(base::Random& random) {
  base::SecretBytes private_key(std::size_t{crypto_box_SECRETKEYBYTES});
  random.fill(private_key.writable());
  const BoxPublicKey public_key = public_key_of(private_key.view());
  return {public_key, std::move(private_key)};
}

BoxPublicKey public_key_of(base::ByteView private_key) {
  CHECK(private_key.size() == crypto_box_SECRETKEYBYTES, "a private key has 32 bytes");
  start_sodium();
  BoxPublicKey public_key;
  CHECK(crypto_scalarmult_base(public_key.data(), private_key.data()) == 0, "libsodium");
  return public_key;
}

bool is_public_key(const BoxPublicKey& key) {
  start_sodium();
  // Any scalar will do: times a point of small order, each gives zero, which libsodium refuses.
  constexpr std::array<base::Byte, crypto_scalarmult_SCALARBYTES> scalar{1};
  std::array<base::Byte, crypto_scalarmult_BYTES> shared;
  return crypto_scalarmult(shared.data(), scalar.data(), key.data()) == 0;
}

base::Bytes seal_to(const BoxPublicKey& recipient, base::ByteView plaintext) {
  start_sodium();
  base::Bytes sealed(plaintext.size() + sealed_box_overhead);
  // It fails for what is_public_key() refuses: never for a key that we made.
  CHECK(crypto_box_seal(sealed.data(), plaintext.data(), plaintext.size(), recipient.data()) == 0,
        "the recipient's public key is not a key");
  return sealed;
}

base::Result<base::SecretBytes> open_sealed(const BoxKeyPair& keys, base::ByteView sealed) {
  CHECK(keys.private_key.size() == crypto_box_SECRETKEYBYTES, "a private key has 32 bytes");
  if (sealed.size() < sealed_box_overhead) {
    return base::Error(base::ErrorCode::damaged, "a sealed box is shorter than its own overhead");
  }
  start_sodium();
  base::SecretBytes plaintext(sealed.size() - sealed_box_overhead);
  if (crypto_box_seal_open(plaintext.writable().data(), sealed.data(), sealed.size(),
                           keys.public_key.data(), keys.private_key.view().data()) != 0) {
    return base::Error(base::ErrorCode::damaged,
                       "a sealed box was altered, or sealed to another key");
  }
  return plaintext;
}

}  // namespace holdfast::codec
