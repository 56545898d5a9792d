// The envelope of signed objects (docs/internals/repository_format.md section 2.3): who wrote this,
// and is it true?
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/signature.hpp"
#include "repository/ids.hpp"

namespace holdfast::repository {

inline constexpr std::string_view roster_magic = "HFRO";
inline constexpr std::string_view index_magic = "HFIX";
inline constexpr std::string_view snapshot_magic = "HFSN";
inline constexpr std::string_view session_magic = "HFSE";
inline constexpr std::string_view note_magic = "HFNO";
inline constexpr std::string_view condemnation_magic = "HFCO";
inline constexpr std::string_view log_magic = "HFLG";

// The first 16 bytes of SHA-256(verify key).
[[nodiscard]] ShortId signer_id(const codec::VerifyKey& key);

struct Signer {
  codec::VerifyKey verify_key{};
  enum class Role { admin, writer } role = Role::writer;
  ShortId domain{};  // of a writer
  std::string label;
};

// Who may sign in a repository.
class SignerSet {
 public:
  void add(Signer signer) { signers_.push_back(std::move(signer)); }
  [[nodiscard]] const Signer* find(const ShortId& id) const;
  [[nodiscard]] const std::vector<Signer>& all() const noexcept { return signers_; }

 private:
  std::vector<Signer> signers_;
};

[[nodiscard]] base::Bytes sign_object(std::string_view magic, const ShortId& repository,
                                      const codec::SigningKey& key, base::ByteView body);

struct SignedObject {
  const Signer* signer = nullptr;  // in the set that it was checked against
  base::ByteView body;             // in the object's bytes
};

// damaged: not such an object, another repository's, or a bad signature. permission_denied: nobody
// of `signers` signed it.
base::Result<SignedObject> open_signed(std::string_view magic, const ShortId& repository,
                                       const SignerSet& signers, base::ByteView object);

}  // namespace holdfast::repository
