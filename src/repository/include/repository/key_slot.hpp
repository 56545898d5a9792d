// Key slots (docs/internals/repository_format.md section 2.2): a repository's secrets, wrapped by a
// passphrase or for a recipient's public key. Each slot opens by itself; slots can be added and
// removed.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "codec/key_derivation.hpp"
#include "codec/sealed_box.hpp"
#include "repository/ids.hpp"

namespace holdfast::repository {

enum class SlotRole : std::uint8_t { full = 1, writer = 2, reader = 3 };
enum class SlotType : std::uint8_t { passphrase = 1, recipient = 2 };

// What a slot gives. Which parts are there follows from the role.
struct SlotSecrets {
  ObjectHash config_hash{};
  base::SecretBytes private_key;  // 32 bytes or empty: may read
  base::SecretBytes admin_seed;   // 32 bytes or empty: may maintain
  ShortId domain{};
  base::SecretBytes id_key;       // 32 bytes or empty: may write
  base::SecretBytes writer_seed;  // 32 bytes, with id_key

  // A copy that has only what `role` needs.
  [[nodiscard]] SlotSecrets restricted_to(SlotRole role) const;
};

// What can be read of a slot without opening it.
struct SlotInfo {
  SlotType type = SlotType::passphrase;
  SlotRole role = SlotRole::full;
  ShortId repository_id{};
  base::Time created;
  std::string label;
  codec::PassphraseCost cost;       // passphrase
  codec::BoxPublicKey recipient{};  // recipient
};

struct SlotDescription {
  ShortId repository_id{};
  SlotRole role = SlotRole::full;
  base::Time created;
  std::string label;
};

base::Result<base::Bytes> seal_slot(const SlotDescription& description, const SlotSecrets& secrets,
                                    base::ByteView passphrase, codec::PassphraseCost cost,
                                    base::Random& random);
[[nodiscard]] base::Bytes seal_slot_for(const SlotDescription& description,
                                        const SlotSecrets& secrets,
                                        const codec::BoxPublicKey& recipient);

base::Result<SlotInfo> inspect_slot(base::ByteView slot);
// wrong_key if the passphrase (or key pair) doesn't open it.
base::Result<SlotSecrets> open_slot(base::ByteView slot, base::ByteView passphrase);
base::Result<SlotSecrets> open_slot_for(base::ByteView slot, const codec::BoxKeyPair& recipient);

}  // namespace holdfast::repository
