// Hashes: SHA-256 (FIPS 180-4) for names of objects, HMAC-SHA256 (RFC 2104) for ids of chunks. On
// OpenSSL.
#pragma once

#include <array>
#include <memory>

#include "base/bytes.hpp"

namespace holdfast::codec {

using Digest = std::array<base::Byte, 32>;

[[nodiscard]] Digest sha256(base::ByteView data);

// SHA-256 of a stream.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(base::ByteView data);
  // Once; the object is done afterwards.
  [[nodiscard]] Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// HMAC-SHA256 under one key; the key's blocks are hashed once. Const calls are thread-safe.
class KeyedHash {
 public:
  explicit KeyedHash(base::ByteView key);
  ~KeyedHash();
  KeyedHash(KeyedHash&&) noexcept;
  KeyedHash& operator=(KeyedHash&&) noexcept;
  [[nodiscard]] Digest operator()(base::ByteView data) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::codec
