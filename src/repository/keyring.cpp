// Key pairs and signing keys from a slot's secrets.
#include "repository/keyring.hpp"

#include <string>

namespace holdfast::repository {

Keyring Keyring::of(SlotSecrets secrets) {
  Keyring keys;
  if (!secrets.private_key.empty()) {
    keys.reader = codec::BoxKeyPair{.public_key = codec::public_key_of(secrets.private_key.view()),
                                    .private_key = std::move(secrets.private_key)};
  }
  if (!secrets.admin_seed.empty()) keys.admin.emplace(secrets.admin_seed.view());
  if (!secrets.writer_seed.empty()) {
    keys.writer.emplace(secrets.writer_seed.view());
    keys.domain = secrets.domain;
    keys.id_key = std::move(secrets.id_key);
  }
  return keys;
}

namespace {

base::Error needs(std::string_view what, std::string_view right, std::string_view role) {
  return base::Error(base::ErrorCode::permission_denied,
                     std::string(what) + " needs a key that may " + std::string(right) +
                         "; this key slot can't")
      .with_hint("run it where a key slot of role " + std::string(role) +
                 " is used ('holdfast key list' shows the slots)");
}

}  // namespace

base::Error needs_reading_key(std::string_view what) {
  return needs(what, "read", "full or reader");
}
base::Error needs_writing_key(std::string_view what) {
  return needs(what, "write", "full or writer");
}
base::Error needs_admin_key(std::string_view what) {
  return needs(what, "maintain the repository", "full");
}

}  // namespace holdfast::repository
