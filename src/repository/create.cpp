// Making a new repository: keys, parameters, roster, first key slot.
#include "repository/object_name.hpp"
#include "repository/repository.hpp"
#include "repository/slot_key.hpp"

namespace holdfast::repository {

namespace {

base::SecretBytes random_secret(base::Random& random) {
  base::SecretBytes secret(32);
  random.fill(secret.writable());
  return secret;
}

}  // namespace

// Order: parameters and roster first, the key slot last. Without a slot nothing opens, so a
// half-made repository is none; what was left is ignored by the next attempt.
base::Result<ShortId> Repository::create(const Environment& environment,
                                         const CreateOptions& options, base::ByteView passphrase) {
  const auto key = TRY(SlotKey::of(passphrase));
  auto& storage = environment.storage;
  if (!TRY(storage.list_all(keys_prefix)).empty()) {
    return base::Error(base::ErrorCode::already_exists,
                       "there is a repository at " + storage.describe() + " already")
        .with_hint("use it, or choose another place");
  }
  auto& random = environment.random;
  auto box = codec::make_box_key_pair(random);
  SlotSecrets secrets;
  secrets.private_key = box.private_key.clone();
  secrets.admin_seed = random_secret(random);
  if (options.shared_domain == nullptr) {
    secrets.domain = random.array<16>();
    secrets.id_key = random_secret(random);
  } else {
    if (options.shared_domain->id_key.empty()) return needs_writing_key("sharing a domain");
    secrets.domain = options.shared_domain->domain;
    secrets.id_key = options.shared_domain->id_key.clone();
  }
  secrets.writer_seed = random_secret(random);
  const codec::SigningKey admin(secrets.admin_seed.view());
  const codec::SigningKey writer(secrets.writer_seed.view());

  Config config = options.config;
  config.repository_id = random.array<16>();
  config.created = environment.clock.now();
  config.box_public_key = box.public_key;
  config.admin_verify_key = admin.verify_key();
  TRY(check_config(config));
  secrets.config_hash = TRY(put_object(storage, config_prefix, encode_config(config))).hash;

  RosterWriter first{.verify_key = writer.verify_key(),
                     .domain = secrets.domain,
                     .sealed_id_key = {},
                     .created = config.created,
                     .label = options.label};
  const auto sealed = codec::seal_to(box.public_key, secrets.id_key.view());
  std::copy(sealed.begin(), sealed.end(), first.sealed_id_key.begin());
  const Roster roster{.sequence = 1, .writers = {std::move(first)}};
  TRY(put_object(storage, numbered_prefix(roster_prefix, 1),
                 sign_object(roster_magic, config.repository_id, admin, encode_roster(roster))));

  const SlotDescription description{.repository_id = config.repository_id,
                                    .role = SlotRole::full,
                                    .created = config.created,
                                    .label = options.label};
  const auto slot = TRY(key.seal(description, secrets, options.cost, random));
  TRY(put_object(storage, keys_prefix, slot));
  return config.repository_id;
}

}  // namespace holdfast::repository
