// Key slots.
#include "engine/keys.hpp"

#include <algorithm>

#include "repository/identity.hpp"
#include "repository/object_name.hpp"
#include "repository/slot_key.hpp"

namespace holdfast::engine {

namespace {

constexpr std::size_t slot_bytes_max = 64 * 1024;

struct OpenedSlot {
  std::string object;
  repository::SlotInfo info;
  repository::SlotSecrets secrets;
};

// The slot that the key opens.
base::Result<OpenedSlot> open_own_slot(repository::Repository& repository,
                                       const repository::SlotKey& key) {
  for (const auto& object : TRY(repository.storage().list_all(repository::keys_prefix))) {
    const auto bytes = repository::get_object(repository.storage(), object.name, slot_bytes_max);
    if (!bytes.ok()) continue;
    auto secrets = key.open(bytes.value());
    if (secrets.ok()) {
      return OpenedSlot{object.name, TRY(repository::inspect_slot(bytes.value())),
                        std::move(secrets).value()};
    }
  }
  return key.opens_nothing();
}

base::Result<std::string> store_slot(repository::Repository& repository, base::ByteView slot) {
  return base::to_hex(
      TRY(repository::put_object(repository.storage(), repository::keys_prefix, slot)).hash);
}

base::Result<void> remove_object(repository::Repository& repository, const std::string& name) {
  const std::vector<std::string> names{name};
  const auto outcomes = TRY(repository.storage().remove(names));
  if (outcomes.at(0).error) return base::Error(*outcomes[0].error);
  return {};
}

// A writer of its own: a signing key, and an id key unless it is to share this machine's. Both go
// on the roster.
base::Result<repository::SlotSecrets> enrol_writer(repository::Repository& repository,
                                                   const repository::SlotSecrets& own,
                                                   const AddKeyOptions& options) {
  auto& random = repository.environment().random;
  auto secrets = own.restricted_to(repository::SlotRole::writer);
  secrets.writer_seed = base::SecretBytes(32);
  random.fill(secrets.writer_seed.writable());
  if (options.deduplication == AddKeyOptions::Deduplication::own) {
    secrets.domain = random.array<16>();
    secrets.id_key = base::SecretBytes(32);
    random.fill(secrets.id_key.writable());
  }
  repository::RosterWriter writer{
      .verify_key = codec::SigningKey(secrets.writer_seed.view()).verify_key(),
      .domain = secrets.domain,
      .sealed_id_key = {},
      .created = repository.environment().clock.now(),
      .label = options.label};
  const auto sealed = codec::seal_to(repository.config().box_public_key, secrets.id_key.view());
  std::copy(sealed.begin(), sealed.end(), writer.sealed_id_key.begin());
  auto writers = repository.roster().writers;
  writers.push_back(std::move(writer));
  TRY(repository.write_roster(std::move(writers)));
  return secrets;
}

struct NewSlot {
  repository::SlotDescription description;
  repository::SlotSecrets secrets;
};

// What the new slot is to hold; a writer is on the roster then.
base::Result<NewSlot> prepare_slot(repository::Repository& repository, const OpenedSlot& own,
                                   const AddKeyOptions& options) {
  auto secrets = options.role == repository::SlotRole::writer
                     ? TRY(enrol_writer(repository, own.secrets, options))
                     : own.secrets.restricted_to(options.role);
  return NewSlot{.description = {.repository_id = repository.id(),
                                 .role = options.role,
                                 .created = repository.environment().clock.now(),
                                 .label = options.label},
                 .secrets = std::move(secrets)};
}

base::Result<OpenedSlot> open_full_slot(repository::Repository& repository,
                                        base::ByteView passphrase) {
  auto own = TRY(open_own_slot(repository, TRY(repository::SlotKey::of(passphrase))));
  const bool full = own.info.role == repository::SlotRole::full;
  if (!full) return repository::needs_admin_key("adding a key slot");
  return own;
}

base::Result<void> require_no_slot_for(repository::Repository& repository,
                                       const codec::BoxPublicKey& recipient) {
  for (const auto& object : TRY(repository.storage().list_all(repository::keys_prefix))) {
    const auto bytes = repository::get_object(repository.storage(), object.name, slot_bytes_max);
    if (!bytes.ok()) continue;
    const auto info = repository::inspect_slot(bytes.value());
    if (!info.ok() || info.value().type != repository::SlotType::recipient ||
        info.value().recipient != recipient) {
      continue;
    }
    const auto id = object.name.substr(repository::keys_prefix.size(), 8);
    return base::Error(base::ErrorCode::already_exists,
                       "the recipient " + repository::format_recipient(recipient) +
                           " has a key here: " + id)
        .with_hint("to change what it may do: 'holdfast key remove " + id + "' first");
  }
  return {};
}

}  // namespace

base::Result<std::vector<KeySlot>> list_keys(repository::Repository& repository,
                                             base::ByteView passphrase,
                                             std::vector<std::string>* damaged) {
  const auto key = TRY(repository::SlotKey::of(passphrase));
  std::vector<KeySlot> slots;
  for (const auto& object : TRY(repository.storage().list_all(repository::keys_prefix))) {
    const auto bytes = repository::get_object(repository.storage(), object.name, slot_bytes_max);
    auto info = bytes.ok() ? repository::inspect_slot(bytes.value())
                           : base::Result<repository::SlotInfo>(bytes.error());
    if (!info.ok()) {
      if (damaged != nullptr) damaged->push_back(object.name + ": " + info.error().to_string());
      continue;
    }
    slots.push_back({.id = object.name.substr(repository::keys_prefix.size()),
                     .info = std::move(info).value(),
                     .is_current = key.open(bytes.value()).ok()});
  }
  return slots;
}

base::Result<std::string> add_key(repository::Repository& repository, base::ByteView passphrase,
                                  base::ByteView new_passphrase, const AddKeyOptions& options) {
  const auto key = TRY(repository::SlotKey::of(new_passphrase));
  if (const auto* identity = key.identity()) {
    return add_key_for(repository, passphrase, identity->public_key, options);
  }
  const auto own = TRY(open_full_slot(repository, passphrase));
  const auto added = TRY(prepare_slot(repository, own, options));
  return store_slot(repository, TRY(key.seal(added.description, added.secrets, own.info.cost,
                                             repository.environment().random)));
}

base::Result<std::string> add_key_for(repository::Repository& repository, base::ByteView passphrase,
                                      const codec::BoxPublicKey& recipient,
                                      const AddKeyOptions& options) {
  const auto own = TRY(open_full_slot(repository, passphrase));
  TRY(require_no_slot_for(repository, recipient));
  const auto added = TRY(prepare_slot(repository, own, options));
  return store_slot(repository,
                    repository::seal_slot_for(added.description, added.secrets, recipient));
}

base::Result<std::string> remove_key(repository::Repository& repository, std::string_view id) {
  if (!repository.keys().admin) return repository::needs_admin_key("removing a key slot");
  std::string found;
  std::size_t full_slots = 0;
  bool found_is_full = false;
  for (const auto& object : TRY(repository.storage().list_all(repository::keys_prefix))) {
    const auto bytes = repository::get_object(repository.storage(), object.name, slot_bytes_max);
    const auto info = bytes.ok() ? repository::inspect_slot(bytes.value())
                                 : base::Result<repository::SlotInfo>(bytes.error());
    const bool full = info.ok() && info.value().role == repository::SlotRole::full;
    if (full) ++full_slots;
    if (id.size() < 4 || !object.name.substr(repository::keys_prefix.size()).starts_with(id))
      continue;
    if (!found.empty())
      return base::Error(base::ErrorCode::invalid_argument,
                         "'" + std::string(id) + "' fits more than one key slot");
    found = object.name;
    found_is_full = full;
  }
  if (found.empty()) {
    return base::Error(base::ErrorCode::not_found,
                       "there is no key slot '" + base::printable(id) + "'")
        .with_hint("'holdfast key list' shows them; give at least four digits");
  }
  if (found_is_full && full_slots == 1) {
    return base::Error(base::ErrorCode::conflict,
                       "this is the last full key slot: without it nobody could restore")
        .with_retry(base::Retry::never)
        .with_hint("add another one first: 'holdfast key add'");
  }
  TRY(remove_object(repository, found));
  return found.substr(repository::keys_prefix.size());
}

base::Error identity_has_no_passphrase() {
  return base::Error(base::ErrorCode::invalid_argument,
                     "an identity has no passphrase that could be changed, and is none")
      .with_hint(
          "replace it: 'holdfast key generate' makes another, 'holdfast key add --recipient' gives "
          "it the rights, 'holdfast key remove' takes them from the old one");
}

base::Result<std::string> change_password(repository::Repository& repository,
                                          base::ByteView passphrase,
                                          base::ByteView new_passphrase) {
  const auto old_key = TRY(repository::SlotKey::of(passphrase));
  const auto new_key = TRY(repository::SlotKey::of(new_passphrase));
  if (old_key.identity() != nullptr || new_key.identity() != nullptr) {
    return identity_has_no_passphrase();
  }
  const auto own = TRY(open_own_slot(repository, old_key));
  const repository::SlotDescription description{.repository_id = repository.id(),
                                                .role = own.info.role,
                                                .created = repository.environment().clock.now(),
                                                .label = own.info.label};
  auto id = TRY(store_slot(repository, TRY(new_key.seal(description, own.secrets, own.info.cost,
                                                        repository.environment().random))));
  TRY(remove_object(repository, own.object));
  return id;
}

}  // namespace holdfast::engine
