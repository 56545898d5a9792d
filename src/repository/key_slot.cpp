// Wrapping and unwrapping a repository's secrets.
#include "repository/key_slot.hpp"

#include <algorithm>

#include "codec/cipher.hpp"

namespace holdfast::repository {

namespace {

constexpr std::string_view magic = "HFKS";
constexpr std::uint8_t version = 1;
constexpr std::size_t label_size_max = 1024;
constexpr std::size_t sealed_size_max = 4096;
constexpr std::size_t key_size = 32;

enum Mask : std::uint8_t { may_read = 1, may_maintain = 2, may_write = 4 };

base::SecretBytes encode_secrets(const SlotSecrets& secrets) {
  base::Bytes bytes;
  bytes.reserve(256);  // no growth: a freed buffer would keep keys
  base::ByteWriter out(bytes);
  out.raw(secrets.config_hash);
  out.u8(static_cast<std::uint8_t>((secrets.private_key.empty() ? 0 : may_read) |
                                   (secrets.admin_seed.empty() ? 0 : may_maintain) |
                                   (secrets.id_key.empty() ? 0 : may_write)));
  out.raw(secrets.private_key.view());
  out.raw(secrets.admin_seed.view());
  if (!secrets.id_key.empty()) {
    out.raw(secrets.domain);
    out.raw(secrets.id_key.view());
    out.raw(secrets.writer_seed.view());
  }
  base::SecretBytes secret{base::ByteView(bytes)};
  base::wipe(bytes);
  return secret;
}

base::Result<SlotSecrets> decode_secrets(base::ByteView payload) {
  base::ByteReader in(payload);
  SlotSecrets secrets;
  secrets.config_hash = TRY(in.array<32>());
  const auto mask = TRY(in.u8());
  if ((mask & may_read) != 0) secrets.private_key = base::SecretBytes(TRY(in.raw(key_size)));
  if ((mask & may_maintain) != 0) secrets.admin_seed = base::SecretBytes(TRY(in.raw(key_size)));
  if ((mask & may_write) != 0) {
    secrets.domain = TRY(in.array<16>());
    secrets.id_key = base::SecretBytes(TRY(in.raw(key_size)));
    secrets.writer_seed = base::SecretBytes(TRY(in.raw(key_size)));
  }
  TRY(in.expect_end());
  return secrets;
}

void write_head(base::ByteWriter& out, SlotType type, const SlotDescription& description) {
  out.raw(base::as_bytes(magic));
  out.u8(version);
  out.u8(static_cast<std::uint8_t>(type));
  out.u8(static_cast<std::uint8_t>(description.role));
  out.u8(0);
  out.raw(description.repository_id);
  out.i64(description.created.nanoseconds);
  out.sized(std::string_view(description.label).substr(0, label_size_max));
}

struct ParsedSlot {
  SlotInfo info;
  base::ByteView salt;  // passphrase
  base::ByteView head;  // all bytes before `sealed`
  base::ByteView sealed;
};

base::Result<ParsedSlot> parse_slot(base::ByteView slot) {
  base::ByteReader in(slot);
  if (base::as_text(TRY(in.raw(magic.size()))) != magic) {
    return base::Error(base::ErrorCode::damaged, "this is not a key slot");
  }
  const auto found_version = TRY(in.u8());
  if (found_version != version) {
    return base::Error(base::ErrorCode::unsupported,
                       "a key slot has version " + std::to_string(found_version))
        .with_hint("use a newer holdfast");
  }
  ParsedSlot parsed;
  const auto type = TRY(in.u8());
  const auto role = TRY(in.u8());
  (void)TRY(in.u8());
  if (type < 1 || type > 2 || role < 1 || role > 3) {
    return base::Error(base::ErrorCode::unsupported, "a key slot of unknown type or role");
  }
  parsed.info.type = static_cast<SlotType>(type);
  parsed.info.role = static_cast<SlotRole>(role);
  parsed.info.repository_id = TRY(in.array<16>());
  parsed.info.created = {TRY(in.i64())};
  parsed.info.label = TRY(in.sized_text(label_size_max));
  if (parsed.info.type == SlotType::passphrase) {
    parsed.salt = TRY(in.raw(16));
    parsed.info.cost.memory_kib = TRY(in.u32());
    parsed.info.cost.passes = TRY(in.u32());
  } else {
    parsed.info.recipient = TRY(in.array<32>());
  }
  parsed.head = slot.first(in.position());
  parsed.sealed = TRY(in.sized(sealed_size_max));
  TRY(in.expect_end());
  return parsed;
}

base::Error wrong_key() {
  return base::Error(base::ErrorCode::wrong_key,
                     "the passphrase opens no key slot of this repository")
      .with_hint(
          "check BACKUP_ENCRYPTION_KEY, --key-file or --key-command; 'holdfast key list' needs a "
          "right one too");
}

}  // namespace

SlotSecrets SlotSecrets::restricted_to(SlotRole role) const {
  SlotSecrets copy;
  copy.config_hash = config_hash;
  if (role != SlotRole::writer) copy.private_key = private_key.clone();
  if (role == SlotRole::full) copy.admin_seed = admin_seed.clone();
  if (role != SlotRole::reader) {
    copy.domain = domain;
    copy.id_key = id_key.clone();
    copy.writer_seed = writer_seed.clone();
  }
  return copy;
}

base::Result<base::Bytes> seal_slot(const SlotDescription& description, const SlotSecrets& secrets,
                                    base::ByteView passphrase, codec::PassphraseCost cost,
                                    base::Random& random) {
  base::Bytes slot;
  base::ByteWriter out(slot);
  write_head(out, SlotType::passphrase, description);
  const auto salt = random.array<16>();
  out.raw(salt);
  out.u32(cost.memory_kib);
  out.u32(cost.passes);
  const auto key = TRY(codec::key_of_passphrase(passphrase, salt, cost));
  const auto payload = encode_secrets(secrets);
  base::Bytes sealed(payload.size() + codec::cipher_tag_size);
  codec::Cipher(key.view()).seal({}, slot, payload.view(), sealed);
  out.sized(sealed);
  return slot;
}

base::Bytes seal_slot_for(const SlotDescription& description, const SlotSecrets& secrets,
                          const codec::BoxPublicKey& recipient) {
  base::Bytes slot;
  base::ByteWriter out(slot);
  write_head(out, SlotType::recipient, description);
  out.raw(recipient);
  const auto payload = encode_secrets(secrets);
  base::SecretBytes bound(32 + payload.size());
  const auto head_hash = codec::sha256(slot);
  std::copy(head_hash.begin(), head_hash.end(), bound.writable().begin());
  std::copy(payload.view().begin(), payload.view().end(), bound.writable().begin() + 32);
  out.sized(codec::seal_to(recipient, bound.view()));
  return slot;
}

base::Result<SlotInfo> inspect_slot(base::ByteView slot) { return TRY(parse_slot(slot)).info; }

base::Result<SlotSecrets> open_slot(base::ByteView slot, base::ByteView passphrase) {
  const auto parsed = TRY(parse_slot(slot));
  if (parsed.info.type != SlotType::passphrase || parsed.sealed.size() < codec::cipher_tag_size)
    return wrong_key();
  const auto key = TRY(codec::key_of_passphrase(passphrase, parsed.salt, parsed.info.cost));
  base::SecretBytes payload(parsed.sealed.size() - codec::cipher_tag_size);
  const auto opened =
      codec::Cipher(key.view()).open({}, parsed.head, parsed.sealed, payload.writable());
  if (!opened.ok()) return wrong_key();
  return decode_secrets(payload.view());
}

base::Result<SlotSecrets> open_slot_for(base::ByteView slot, const codec::BoxKeyPair& recipient) {
  const auto parsed = TRY(parse_slot(slot));
  if (parsed.info.type != SlotType::recipient || parsed.info.recipient != recipient.public_key)
    return wrong_key();
  const auto bound = codec::open_sealed(recipient, parsed.sealed);
  if (!bound.ok() || bound.value().size() < 32) return wrong_key();
  const auto head_hash = codec::sha256(parsed.head);
  if (!std::equal(head_hash.begin(), head_hash.end(), bound.value().view().begin())) {
    return base::Error(base::ErrorCode::damaged, "a key slot's description was altered");
  }
  return decode_secrets(bound.value().view().subspan(32));
}

}  // namespace holdfast::repository
