// Telling identities from passphrases.
#include "repository/slot_key.hpp"

#include "repository/identity.hpp"

namespace holdfast::repository {

base::Result<SlotKey> SlotKey::of(base::ByteView secret) {
  SlotKey key;
  if (is_identity(secret)) {
    key.identity_ = TRY(parse_identity(secret));
    return key;
  }
  if (parse_recipient(base::as_text(secret)).ok()) {
    return base::Error(base::ErrorCode::invalid_argument,
                       "this is a recipient, for whom keys are made; it opens nothing")
        .with_hint(
            "give the identity that it belongs to, from the file that 'holdfast key "
            "generate' wrote");
  }
  key.passphrase_ = base::SecretBytes(secret);
  return key;
}

base::Result<SlotSecrets> SlotKey::open(base::ByteView slot) const {
  if (!identity_) return open_slot(slot, passphrase_.view());
  auto secrets = open_slot_for(slot, *identity_);
  if (!secrets.ok() && secrets.error().code() == base::ErrorCode::wrong_key) return opens_nothing();
  return secrets;
}

base::Result<base::Bytes> SlotKey::seal(const SlotDescription& description,
                                        const SlotSecrets& secrets, codec::PassphraseCost cost,
                                        base::Random& random) const {
  if (identity_) return seal_slot_for(description, secrets, identity_->public_key);
  return seal_slot(description, secrets, passphrase_.view(), cost, random);
}

base::Error SlotKey::opens_nothing() const {
  if (!identity_) {
    return base::Error(base::ErrorCode::wrong_key,
                       "the passphrase opens no key slot of this repository")
        .with_hint(
            "check BACKUP_ENCRYPTION_KEY, --key-file or --key-command; 'holdfast key list' needs a "
            "right one too");
  }
  const auto recipient = format_recipient(identity_->public_key);
  return base::Error(
             base::ErrorCode::wrong_key,
             "the identity opens no key slot of this repository; its recipient is " + recipient)
      .with_hint("whoever has a full key adds one: holdfast key add --recipient " + recipient);
}

}  // namespace holdfast::repository
