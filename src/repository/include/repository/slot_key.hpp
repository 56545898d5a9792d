// SlotKey: what opens a repository, as a user gives it: a passphrase, or the text of an identity.
// The one place that tells them apart.
#pragma once

#include <optional>

#include "repository/key_slot.hpp"

namespace holdfast::repository {

class SlotKey {
 public:
  // invalid_argument or unsupported: it is meant to be an identity and is none that can be used; or
  // it is a recipient, which opens nothing.
  static base::Result<SlotKey> of(base::ByteView secret);

  // nullptr: it is a passphrase.
  [[nodiscard]] const codec::BoxKeyPair* identity() const noexcept {
    return identity_ ? &*identity_ : nullptr;
  }
  // wrong_key if it doesn't open this slot.
  base::Result<SlotSecrets> open(base::ByteView slot) const;
  // A slot that it opens. `cost` is that of a passphrase.
  base::Result<base::Bytes> seal(const SlotDescription& description, const SlotSecrets& secrets,
                                 codec::PassphraseCost cost, base::Random& random) const;
  // wrong_key, with what to do.
  [[nodiscard]] base::Error opens_nothing() const;

 private:
  SlotKey() = default;
  base::SecretBytes passphrase_;
  std::optional<codec::BoxKeyPair> identity_;
};

}  // namespace holdfast::repository
