// Signing objects and checking their signatures.
#include "repository/signed_object.hpp"

#include <algorithm>

namespace holdfast::repository {

namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t signature_size = 64;
constexpr std::size_t header_size = 4 + 4 + 16 + 16;

}  // namespace

ShortId signer_id(const codec::VerifyKey& key) {
  const auto digest = codec::sha256(key);
  ShortId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

const Signer* SignerSet::find(const ShortId& id) const {
  const auto found = std::find_if(signers_.begin(), signers_.end(), [&](const Signer& signer) {
    return signer_id(signer.verify_key) == id;
  });
  return found == signers_.end() ? nullptr : &*found;
}

base::Bytes sign_object(std::string_view magic, const ShortId& repository,
                        const codec::SigningKey& key, base::ByteView body) {
  base::Bytes bytes;
  bytes.reserve(header_size + body.size() + signature_size);
  base::ByteWriter out(bytes);
  out.raw(base::as_bytes(magic));
  out.u8(version);
  out.raw(std::array<base::Byte, 3>{});
  out.raw(repository);
  out.raw(signer_id(key.verify_key()));
  out.raw(body);
  const auto signature = key.sign(bytes);
  out.raw(signature);
  return bytes;
}

base::Result<SignedObject> open_signed(std::string_view magic, const ShortId& repository,
                                       const SignerSet& signers, base::ByteView object) {
  const auto damaged = [](std::string what) {
    return base::Error(base::ErrorCode::damaged, std::move(what));
  };
  if (object.size() < header_size + signature_size) return damaged("a signed object is too short");
  base::ByteReader in(object.first(object.size() - signature_size));
  if (base::as_text(TRY(in.raw(magic.size()))) != magic)
    return damaged("an object is not of the kind its name says");
  const auto found_version = TRY(in.u8());
  if (found_version != version) {
    return base::Error(base::ErrorCode::unsupported,
                       "an object has version " + std::to_string(found_version) +
                           ", this program knows " + std::to_string(version))
        .with_hint("use a newer holdfast");
  }
  (void)TRY(in.raw(3));
  if (TRY(in.array<16>()) != repository) return damaged("an object belongs to another repository");
  const auto* signer = signers.find(TRY(in.array<16>()));
  if (signer == nullptr) {
    return base::Error(base::ErrorCode::permission_denied,
                       "an object is signed by nobody on the roster");
  }
  codec::Signature signature;
  std::copy_n(object.end() - signature_size, signature_size, signature.begin());
  if (!codec::is_signed_by(signer->verify_key, object.first(object.size() - signature_size),
                           signature)) {
    return damaged("an object's signature is wrong");
  }
  return SignedObject{
      .signer = signer,
      .body = object.subspan(header_size, object.size() - header_size - signature_size)};
}

}  // namespace holdfast::repository
