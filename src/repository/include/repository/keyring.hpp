// What an opened key slot lets its holder do: read, write, maintain. Secrets live here and nowhere
// else.
#pragma once

#include <optional>

#include "base/result.hpp"
#include "codec/sealed_box.hpp"
#include "codec/signature.hpp"
#include "repository/key_slot.hpp"

namespace holdfast::repository {

struct Keyring {
  std::optional<codec::BoxKeyPair> reader;  // reads everything
  std::optional<codec::SigningKey> admin;   // forgets, prunes, enrols
  std::optional<codec::SigningKey> writer;  // adds snapshots
  ShortId domain{};                         // of the writer
  base::SecretBytes id_key;                 // of that domain

  [[nodiscard]] static Keyring of(SlotSecrets secrets);
};

// What each lack of a key says to the user.
[[nodiscard]] base::Error needs_reading_key(std::string_view what);
[[nodiscard]] base::Error needs_writing_key(std::string_view what);
[[nodiscard]] base::Error needs_admin_key(std::string_view what);

}  // namespace holdfast::repository
