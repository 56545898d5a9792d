// Ed25519 signatures (RFC 8032). On libsodium.
#pragma once

#include <array>

#include "base/bytes.hpp"
#include "base/random.hpp"

namespace holdfast::codec {

using VerifyKey = std::array<base::Byte, 32>;
using Signature = std::array<base::Byte, 64>;

// Signs under a 32-byte seed. Const calls are thread-safe.
class SigningKey {
 public:
  explicit SigningKey(base::ByteView seed);
  [[nodiscard]] const VerifyKey& verify_key() const noexcept { return verify_key_; }
  [[nodiscard]] Signature sign(base::ByteView message) const;
  [[nodiscard]] base::ByteView seed() const noexcept;
  [[nodiscard]] SigningKey clone() const { return SigningKey(seed()); }

 private:
  VerifyKey verify_key_;
  base::SecretBytes secret_;  // libsodium's 64-byte form
};

[[nodiscard]] bool is_signed_by(const VerifyKey& key, base::ByteView message,
                                const Signature& signature);

}  // namespace holdfast::codec
