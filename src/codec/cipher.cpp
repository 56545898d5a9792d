// AES-256-GCM on OpenSSL's EVP. Making a context and expanding a key cost more than sealing a small
// object, so each thread keeps one context for either direction and the key that it was last set
// to.
#include "codec/cipher.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <atomic>

namespace holdfast::codec {

namespace {

// EVP takes lengths as int.
constexpr std::size_t call_size_max = std::size_t{1} << 30;

enum class Direction { seal, open };

// One direction's context of one thread. OpenSSL wipes the key when the context is freed.
class Context {
 public:
  explicit Context(Direction direction)
      : encrypts_(direction == Direction::seal ? 1 : 0), evp_(EVP_CIPHER_CTX_new()) {
    static EVP_CIPHER* const aes = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    CHECK(evp_ != nullptr && aes != nullptr, "OpenSSL has no AES-256-GCM");
    CHECK(EVP_CipherInit_ex2(evp_, aes, nullptr, nullptr, encrypts_, nullptr) == 1, "OpenSSL");
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_CIPHER_CTX_free(evp_); }

  void begin(std::uint64_t key_number, base::ByteView key, const Nonce& nonce) {
    const auto* new_key = key_number == key_number_ ? nullptr : key.data();
    CHECK(EVP_CipherInit_ex2(evp_, nullptr, new_key, nonce.data(), encrypts_, nullptr) == 1,
          "OpenSSL refuses a key");
    key_number_ = key_number;
  }
  void associate(base::ByteView data) { step(nullptr, data); }
  void process(base::ByteView in, base::Byte* out) { step(out, in); }
  // False: the tag doesn't match.
  [[nodiscard]] bool finish() {
    base::Byte nothing[16];
    int size = 0;
    return EVP_CipherFinal_ex(evp_, nothing, &size) == 1;
  }
  void get_tag(base::Byte* tag) {
    CHECK(EVP_CIPHER_CTX_ctrl(evp_, EVP_CTRL_AEAD_GET_TAG, cipher_tag_size, tag) == 1, "OpenSSL");
  }
  void expect_tag(base::Byte* tag) {
    CHECK(EVP_CIPHER_CTX_ctrl(evp_, EVP_CTRL_AEAD_SET_TAG, cipher_tag_size, tag) == 1, "OpenSSL");
  }

 private:
  void step(base::Byte* out, base::ByteView in) {
    while (!in.empty()) {
      const auto size = std::min(in.size(), call_size_max);
      int written = 0;
      CHECK(EVP_CipherUpdate(evp_, out, &written, in.data(), static_cast<int>(size)) == 1,
            "OpenSSL");
      if (out != nullptr) out += size;
      in = in.subspan(size);
    }
  }

  const int encrypts_;
  EVP_CIPHER_CTX* const evp_;
  std::uint64_t key_number_ = 0;
};

Context& context_of_this_thread(Direction direction) {
  thread_local Context sealing(Direction::seal);
  thread_local Context opening(Direction::open);
  return direction == Direction::seal ? sealing : opening;
}

std::uint64_t next_key_number() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

Nonce nonce_of_ordinal(std::uint64_t ordinal) {
  Nonce nonce{};
  std::memcpy(nonce.data(), &ordinal, sizeof ordinal);
  return nonce;
}

// `number` tells keys apart without comparing them; no two in a process share one.
struct Cipher::State {
  std::uint64_t number;
  base::SecretBytes key;
};

Cipher::Cipher(base::ByteView key)
    : state_(std::make_unique<State>(State{next_key_number(), base::SecretBytes(key)})) {
  CHECK(key.size() == cipher_key_size, "an AES-256 key has 32 bytes");
}
Cipher::~Cipher() = default;
Cipher::Cipher(Cipher&&) noexcept = default;
Cipher& Cipher::operator=(Cipher&&) noexcept = default;

void Cipher::seal(const Nonce& nonce, base::ByteView associated, base::ByteView plaintext,
                  base::MutableByteView out) const {
  CHECK(out.size() == plaintext.size() + cipher_tag_size, "room for ciphertext and tag");
  Context& context = context_of_this_thread(Direction::seal);
  context.begin(state_->number, state_->key.view(), nonce);
  context.associate(associated);
  context.process(plaintext, out.data());
  CHECK(context.finish(), "OpenSSL");
  context.get_tag(out.data() + plaintext.size());
}

base::Result<void> Cipher::open(const Nonce& nonce, base::ByteView associated,
                                base::ByteView sealed, base::MutableByteView out) const {
  if (sealed.size() < cipher_tag_size) {
    return base::Error(base::ErrorCode::damaged, "a sealed object is shorter than its tag");
  }
  const auto ciphertext = sealed.first(sealed.size() - cipher_tag_size);
  CHECK(out.size() == ciphertext.size(), "room for the plaintext");
  std::array<base::Byte, cipher_tag_size> tag;
  std::memcpy(tag.data(), sealed.data() + ciphertext.size(), tag.size());
  Context& context = context_of_this_thread(Direction::open);
  context.begin(state_->number, state_->key.view(), nonce);
  context.associate(associated);
  context.process(ciphertext, out.data());
  context.expect_tag(tag.data());
  if (context.finish()) return {};
  return base::Error(base::ErrorCode::damaged,
                     "a sealed object does not match its tag: it was altered, or sealed otherwise");
}

}  // namespace holdfast::codec
