// AES-256-GCM (NIST SP 800-38D) with a caller-chosen 96-bit nonce. On OpenSSL. A key is used for
// one pack, whose objects have distinct ordinals: nonces never repeat.
#pragma once

#include <array>
#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace holdfast::codec {

constexpr std::size_t cipher_key_size = 32;
constexpr std::size_t cipher_tag_size = 16;
using Nonce = std::array<base::Byte, 12>;

// The ordinal as little-endian u64 in the first eight bytes, four zero bytes.
[[nodiscard]] Nonce nonce_of_ordinal(std::uint64_t ordinal);

// One key. Const calls are thread-safe (contexts are per thread).
class Cipher {
 public:
  explicit Cipher(base::ByteView key);  // 32 bytes
  ~Cipher();
  Cipher(Cipher&&) noexcept;
  Cipher& operator=(Cipher&&) noexcept;

  // Writes ciphertext and tag: `out` has plaintext.size() + 16 bytes. In place allowed if out
  // starts where plaintext does.
  void seal(const Nonce& nonce, base::ByteView associated, base::ByteView plaintext,
            base::MutableByteView out) const;
  // The reverse; `out` has sealed.size() - 16 bytes, may start where `sealed` does. damaged if the
  // tag doesn't match (then `out` is unspecified and must not be used).
  [[nodiscard]] base::Result<void> open(const Nonce& nonce, base::ByteView associated,
                                        base::ByteView sealed, base::MutableByteView out) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::codec
