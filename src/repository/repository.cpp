// Opening a repository: key slot, configuration, roster, domains; and its index segments.
#include "repository/repository.hpp"

#include <algorithm>

#include "repository/object_name.hpp"
#include "repository/slot_key.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t small_object_max = 64 * 1024;
constexpr std::size_t roster_size_max = 64 * 1024 * 1024;

base::Error no_repository(const storage::Storage& storage) {
  return base::Error(base::ErrorCode::not_found, "there is no repository at " + storage.describe())
      .with_hint(
          "check the URL and that the disk is mounted; 'holdfast init --to URL' makes a new one");
}

// Tries the passphrase or identity on every slot; the first that opens wins.
base::Result<SlotSecrets> unlock(storage::Storage& storage, base::ByteView passphrase) {
  const auto key = TRY(SlotKey::of(passphrase));
  const auto slots = TRY(storage.list_all(keys_prefix));
  if (slots.empty()) return no_repository(storage);
  std::optional<base::Error> trouble;
  for (const auto& info : slots) {
    const auto slot = get_object(storage, info.name, small_object_max);
    if (!slot.ok()) {
      trouble = base::Error(slot.error());
      continue;
    }
    auto secrets = key.open(slot.value());
    if (secrets.ok()) return secrets;
    if (secrets.error().code() != base::ErrorCode::wrong_key || !trouble) {
      trouble = std::move(secrets).error().with_context(info.name);
    }
  }
  return *trouble;
}

struct NewestRoster {
  Roster roster;
  std::string object;                   // its name
  std::optional<IgnoredObject> unread;  // of what is listed as newer, the newest
};

bool is_roster_name(const std::string& name) {
  const auto number = number_of_name(name, roster_prefix);
  const auto hash = hash_of_name(name);
  return number && hash && object_name(numbered_prefix(roster_prefix, *number), *hash) == name;
}

// Forged objects are passed over: their bytes are those that the name states, and the admin signed
// others. An object that isn't what its name states, or can't be read, may be the newest roster.
base::Result<NewestRoster> read_newest_roster(storage::Storage& storage, const ShortId& repository,
                                              const Signer& admin, base::Time now) {
  SignerSet admin_only;
  admin_only.add(admin);
  NewestRoster newest;
  std::optional<base::Error> trouble;
  const auto objects = TRY(storage.list_all(roster_prefix));
  for (auto info = objects.rbegin(); info != objects.rend(); ++info) {
    if (!is_roster_name(info->name)) continue;
    const auto bytes = get_object(storage, info->name, roster_size_max);
    const auto signed_object =
        bytes.ok() ? open_signed(roster_magic, repository, admin_only, bytes.value())
                   : base::Result<SignedObject>(bytes.error());
    if (!signed_object.ok()) {
      const auto code = signed_object.error().code();
      if (!bytes.ok() &&
          (code == base::ErrorCode::unavailable || code == base::ErrorCode::cancelled)) {
        return base::Error(bytes.error());
      }
      trouble = base::Error(signed_object.error()).with_context(info->name);
      const bool is_forged = bytes.ok() ? code != base::ErrorCode::unsupported
                                        : was_never_whole(storage, *info, bytes.error(), now);
      if (!is_forged && !newest.unread) newest.unread = {info->name, signed_object.error()};
      continue;
    }
    newest.roster = TRY_CONTEXT(decode_roster(signed_object.value().body), info->name);
    if (number_of_name(info->name, roster_prefix) != newest.roster.sequence) continue;
    newest.object = info->name;
    return newest;
  }
  if (trouble) return std::move(*trouble).with_context("reading the roster");
  return base::Error(base::ErrorCode::damaged, "the repository has no roster of writers")
      .with_hint("an object below roster/ was lost; restore it from a copy of the repository");
}

}  // namespace

Repository::Repository(const Environment& environment, Config config, Keyring keys)
    : environment_(environment), config_(std::move(config)), keys_(std::move(keys)) {}

Repository::~Repository() = default;

base::Result<std::unique_ptr<Repository>> Repository::open(const Environment& environment,
                                                           base::ByteView passphrase) {
  auto secrets = TRY(unlock(environment.storage, passphrase));
  const auto name = object_name(config_prefix, secrets.config_hash);
  const auto bytes = TRY_CONTEXT(get_object(environment.storage, name, small_object_max),
                                 "reading the repository's parameters");
  auto config = TRY_CONTEXT(decode_config(bytes), name);
  std::unique_ptr<Repository> repository(
      new Repository(environment, std::move(config), Keyring::of(std::move(secrets))));
  if (repository->keys_.reader &&
      repository->keys_.reader->public_key != repository->config_.box_public_key) {
    return base::Error(base::ErrorCode::damaged,
                       "the key slot's private key isn't this repository's");
  }
  TRY(repository->load_roster());
  repository->load_domains();
  return repository;
}

// The roster with the highest sequence that the admin signed. An older one than was seen here
// before is refused: somebody put it back. Where damage hides a newer one, reading goes on with the
// older; what deletes or replaces asks require_newest_roster().
base::Result<void> Repository::load_roster() {
  const Signer admin{.verify_key = config_.admin_verify_key,
                     .role = Signer::Role::admin,
                     .domain = {},
                     .label = "admin"};
  auto newest = TRY(read_newest_roster(storage(), id(), admin, environment_.clock.now()));
  const auto pin = cache_path("roster-sequence");
  const auto pinned = environment_.files.read(pin);
  std::uint32_t seen = 0;
  if (pinned.ok() && pinned.value().size() == sizeof seen)
    std::memcpy(&seen, pinned.value().data(), sizeof seen);
  if (newest.roster.sequence < seen && !newest.unread) {
    return base::Error(base::ErrorCode::damaged,
                       "the roster of writers is older than one that was seen before (" +
                           std::to_string(newest.roster.sequence) + " < " + std::to_string(seen) +
                           ")")
        .with_hint("somebody may have put back or deleted objects below roster/");
  }
  roster_ = std::move(newest.roster);
  roster_object_ = std::move(newest.object);
  unread_roster_ = std::move(newest.unread);
  if (roster_.sequence > seen) {
    if (auto file = environment_.files.create(pin); file.ok()) {
      base::Bytes bytes;
      base::ByteWriter(bytes).u32(roster_.sequence);
      if (file.value()->append(bytes).ok()) (void)file.value()->commit(io::FileWriter::Durable::no);
    }
  }
  signers_ = SignerSet();
  signers_.add(admin);
  for (const auto& writer : roster_.writers) {
    signers_.add({.verify_key = writer.verify_key,
                  .role = Signer::Role::writer,
                  .domain = writer.domain,
                  .label = writer.label});
  }
  return {};
}

base::Result<bool> Repository::refresh_roster() {
  std::string newest;
  for (const auto& info : TRY(storage().list_all(roster_prefix))) {
    if (is_roster_name(info.name)) newest = info.name;
  }
  // A stale listing may show an older one as the newest.
  const auto number = number_of_name(newest, roster_prefix);
  if (!unread_roster_ && (newest == roster_object_ || !number || *number < roster_.sequence))
    return false;
  const auto before = roster_object_;
  TRY(load_roster());
  load_domains();
  return roster_object_ != before;
}

base::Result<void> Repository::require_newest_roster(std::string_view what) const {
  if (!unread_roster_) return {};
  return base::Error(base::ErrorCode::damaged,
                     std::string(what) + " needs the newest roster of writers, and " +
                         unread_roster_->name + " can't be read (" +
                         unread_roster_->error.message() +
                         "): what machines enrolled since have stored would count as nobody's")
      .with_hint(
          "'holdfast repository repair' mends it where it has parity; else put the object back "
          "from a copy of the repository. Remove it only to give up what those machines stored");
}

void Repository::load_domains() {
  if (!keys_.id_key.empty()) {
    domains_[keys_.domain] = std::make_unique<Domain>(keys_.domain, keys_.id_key.view());
  }
  if (!keys_.reader) return;
  for (const auto& writer : roster_.writers) {
    if (domains_.contains(writer.domain)) continue;
    const auto id_key = codec::open_sealed(*keys_.reader, writer.sealed_id_key);
    if (id_key.ok() && id_key.value().size() == 32) {
      domains_[writer.domain] = std::make_unique<Domain>(writer.domain, id_key.value().view());
    }
  }
}

const Domain* Repository::domain(const ShortId& id) const {
  const auto found = domains_.find(id);
  return found == domains_.end() ? nullptr : found->second.get();
}

const Domain& Repository::own_domain() const {
  const auto* own = domain(keys_.domain);
  CHECK(own != nullptr, "a writer has a domain");
  return *own;
}

std::string Repository::cache_path(std::string_view below) const {
  return environment_.cache_directory + "/" + base::to_hex(id()) + "/" + std::string(below);
}

std::unique_ptr<LocalIndex>& Repository::slot_of(Segments segments) const {
  return segments == Segments::all ? all_segments_ : trusted_segments_;
}

LocalIndex* Repository::index(Segments segments) const { return slot_of(segments).get(); }

// What an index remembers holds for whoever opens its directory: so there is one for each set of
// keys that judges segments alike. Who reads, reads every domain that is on the roster.
std::string Repository::index_directory(Segments segments) const {
  const auto domain = base::to_hex(keys_.domain);
  if (segments == Segments::trusted) {
    CHECK(keys_.writer.has_value(), "only a writer has segments to trust");
    return cache_path("index-trusted-" + domain + "-" +
                      base::to_hex(signer_id(keys_.writer->verify_key())));
  }
  return cache_path(keys_.reader ? "index-all" : "index-domain-" + domain);
}

base::Result<LocalIndex*> Repository::refresh_index(Segments segments,
                                                    std::vector<IgnoredObject>* ignored) {
  auto& slot = slot_of(segments);
  if (!slot) {
    slot = TRY(LocalIndex::open(environment_.files, index_directory(segments)));
  }
  std::vector<ObjectHash> wanted;
  for (const auto& info : TRY(storage().list_all(index_prefix))) {
    if (const auto hash = hash_of_name(info.name)) wanted.push_back(*hash);
  }
  const auto fetch = [&](const ObjectHash& hash) { return read_segment(hash, segments); };
  for (auto& skipped : TRY(slot->update(wanted, fetch))) {
    if (ignored != nullptr) {
      ignored->push_back({object_name(index_prefix, skipped.segment), std::move(skipped.error)});
    }
  }
  return slot.get();
}

base::Result<IndexSegment> Repository::read_segment(const ObjectHash& hash,
                                                    Segments segments) const {
  return TRY(read_owned_segment(hash, segments)).segment;
}

base::Result<Repository::OwnedSegment> Repository::read_segment_of(const ObjectHash& hash) const {
  return read_owned_segment(hash, Segments::all);
}

base::Result<Repository::OwnedSegment> Repository::read_owned_segment(const ObjectHash& hash,
                                                                      Segments segments) const {
  const auto name = object_name(index_prefix, hash);
  const auto bytes = TRY(get_object(storage(), name, segment_bytes_max));
  // wrong_key: not to be relied on here. For good, and then the index remembers it and doesn't ask
  // again; or as far as this roster tells, to which a machine may be added.
  const auto not_relied_on = [&](std::string_view why) {
    return base::Error(base::ErrorCode::wrong_key, name + std::string(why));
  };
  auto opened = open_signed(index_magic, id(), signers_, bytes);
  if (!opened.ok() && opened.error().code() == base::ErrorCode::permission_denied) {
    return not_relied_on(" is signed by nobody on the roster").with_retry(base::Retry::may_help);
  }
  const auto object = TRY_CONTEXT(std::move(opened), name);
  base::ByteReader body(object.body);
  const auto domain_id = TRY(body.array<16>());
  const auto* owner = domain(domain_id);
  const bool own =
      keys_.writer && signer_id(keys_.writer->verify_key()) == signer_id(object.signer->verify_key);
  const bool is_admin = object.signer->role == Signer::Role::admin;
  if ((!is_admin && object.signer->domain != domain_id) ||
      (segments == Segments::trusted && (domain_id != keys_.domain || !(own || is_admin)))) {
    return not_relied_on(" is of a writer or domain that isn't relied on here");
  }
  if (owner == nullptr) {
    auto error = not_relied_on(" is of a domain whose key isn't at hand");
    return keys_.reader ? std::move(error).with_retry(base::Retry::may_help) : std::move(error);
  }
  const auto plaintext = TRY_CONTEXT(owner->open_receipt(id(), index_magic, body), name);
  TRY(body.expect_end());
  auto segment = TRY_CONTEXT(decode_segment(plaintext), name);
  // Only maintenance replaces segments. A writer's word could hide the whole index.
  if (!is_admin) segment.superseded.clear();
  return OwnedSegment{.domain = domain_id, .segment = std::move(segment)};
}

base::Result<ObjectHash> Repository::write_segment(const IndexSegment& segment,
                                                   const Domain& domain, SignAs signer) const {
  base::Bytes body;
  base::ByteWriter out(body);
  out.raw(domain.id());
  domain.seal_receipt(id(), index_magic, encode_segment(segment), environment_.random, out);
  const auto& key = signer == SignAs::admin ? keys_.admin : keys_.writer;
  CHECK(key.has_value(), "an index segment is signed by a key that is at hand");
  const auto object = sign_object(index_magic, id(), *key, body);
  return TRY(put_object(storage(), index_prefix, object)).hash;
}

base::Result<void> Repository::write_roster(std::vector<RosterWriter> writers) {
  if (!keys_.admin) return needs_admin_key("changing the roster of writers");
  TRY(require_newest_roster("changing the roster of writers"));
  const Roster next{.sequence = roster_.sequence + 1, .writers = std::move(writers)};
  const auto object = sign_object(roster_magic, id(), *keys_.admin, encode_roster(next));
  TRY(put_object(storage(), numbered_prefix(roster_prefix, next.sequence), object));
  TRY(load_roster());
  load_domains();
  return {};
}

base::Result<base::Time> Repository::storage_now() const {
  const auto bytes = environment_.random.array<32>();
  const auto probe =
      TRY_CONTEXT(put_object(storage(), probe_prefix, bytes), "reading the storage's clock");
  const std::vector<std::string> names{object_name(probe_prefix, probe.hash)};
  (void)storage().remove(names);  // a probe that stays is harmless
  return probe.stored_at;
}

}  // namespace holdfast::repository
