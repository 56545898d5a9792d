// SHA-256 and HMAC-SHA256 on OpenSSL's block functions. The plain SHA256_* calls are used although
// OpenSSL 3 prefers EVP: they are the same code without the allocations and look-ups, which cost
// more than the hash of a small object.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "codec/hash.hpp"

#include <openssl/sha.h>

#include <algorithm>

namespace holdfast::codec {

namespace {

constexpr std::size_t block_size = 64;

// A hash under way; wiped when it goes, since a keyed one is as good as the key.
struct Context {
  SHA256_CTX sha;

  Context() { SHA256_Init(&sha); }
  Context(const Context&) = default;
  Context& operator=(const Context&) = default;
  ~Context() { base::wipe({reinterpret_cast<base::Byte*>(&sha), sizeof sha}); }
  void update(base::ByteView data) { SHA256_Update(&sha, data.data(), data.size()); }
  void finish(Digest& digest) { SHA256_Final(digest.data(), &sha); }
};

}  // namespace

Digest sha256(base::ByteView data) {
  Digest digest;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, data.data(), data.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

struct Sha256::State {
  Context context;
  bool finished = false;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(base::ByteView data) {
  CHECK(state_ != nullptr && !state_->finished, "update of a finished hash");
  state_->context.update(data);
}

Digest Sha256::finish() {
  CHECK(state_ != nullptr && !state_->finished, "finish of a finished hash");
  state_->finished = true;
  Digest digest;
  state_->context.finish(digest);
  return digest;
}

// HMAC(K, m) = H((K ^ opad) || H((K ^ ipad) || m)): both key blocks are hashed here, once.
struct KeyedHash::State {
  Context inner;
  Context outer;
};

KeyedHash::KeyedHash(base::ByteView key) : state_(std::make_unique<State>()) {
  std::array<base::Byte, block_size> block{};
  if (key.size() > block_size) {
    const Digest digest = sha256(key);
    std::copy(digest.begin(), digest.end(), block.begin());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  for (auto& byte : block) byte ^= 0x36;
  state_->inner.update(block);
  for (auto& byte : block) byte ^= 0x36 ^ 0x5c;
  state_->outer.update(block);
  base::wipe(block);
}
KeyedHash::~KeyedHash() = default;
KeyedHash::KeyedHash(KeyedHash&&) noexcept = default;
KeyedHash& KeyedHash::operator=(KeyedHash&&) noexcept = default;

Digest KeyedHash::operator()(base::ByteView data) const {
  CHECK(state_ != nullptr, "a hash that was moved away");
  Digest digest;
  Context inner = state_->inner;
  inner.update(data);
  inner.finish(digest);
  Context outer = state_->outer;
  outer.update(digest);
  outer.finish(digest);
  return digest;
}

}  // namespace holdfast::codec
