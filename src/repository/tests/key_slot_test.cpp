// Key slots: what opens them, what they give, and that nothing else opens them.
#include "repository/key_slot.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "golden.hpp"
#include "memory_peak.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

constexpr codec::PassphraseCost cheap{.memory_kib = 8 * 1024, .passes = 1};
const auto passphrase = base::as_bytes("correct horse");

base::SecretBytes secret(base::Random& random) {
  base::SecretBytes bytes(std::size_t{32});
  random.fill(bytes.writable());
  return bytes;
}

SlotSecrets any_secrets() {
  base::SeededRandom random(5);
  SlotSecrets secrets;
  secrets.config_hash = random.array<32>();
  secrets.private_key = secret(random);
  secrets.admin_seed = secret(random);
  secrets.domain = random.array<16>();
  secrets.id_key = secret(random);
  secrets.writer_seed = secret(random);
  return secrets;
}

SlotDescription description(SlotRole role = SlotRole::full) {
  return {.repository_id = {1, 2, 3}, .role = role, .created = {42}, .label = "laptop"};
}

base::Bytes slot_of(const SlotSecrets& secrets, SlotRole role = SlotRole::full,
                    std::uint64_t seed = 1) {
  base::SeededRandom random(seed);
  return seal_slot(description(role), secrets, passphrase, cheap, random).value();
}

codec::BoxKeyPair key_pair(std::uint64_t seed) {
  base::SeededRandom random(seed);
  return codec::make_box_key_pair(random);
}

bool equal(const base::SecretBytes& a, const base::SecretBytes& b) {
  return std::ranges::equal(a.view(), b.view());
}

void expect_equal(const SlotSecrets& found, const SlotSecrets& expected) {
  EXPECT_EQ(found.config_hash, expected.config_hash);
  EXPECT_TRUE(equal(found.private_key, expected.private_key));
  EXPECT_TRUE(equal(found.admin_seed, expected.admin_seed));
  EXPECT_EQ(found.domain, expected.domain);
  EXPECT_TRUE(equal(found.id_key, expected.id_key));
  EXPECT_TRUE(equal(found.writer_seed, expected.writer_seed));
}

TEST(KeySlot, OpensByItsPassphrase) {
  const auto secrets = any_secrets();
  for (const auto role : {SlotRole::full, SlotRole::writer, SlotRole::reader}) {
    const auto part = secrets.restricted_to(role);
    const auto opened = open_slot(slot_of(part, role), passphrase);
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    expect_equal(opened.value(), part);
  }
}

TEST(KeySlot, OpensForItsRecipient) {
  const auto secrets = any_secrets();
  const auto recipient = key_pair(1);
  const auto slot = seal_slot_for(description(), secrets, recipient.public_key);
  const auto opened = open_slot_for(slot, recipient);
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  expect_equal(opened.value(), secrets);
}

TEST(KeySlot, ARoleHasWhatItNeedsAndNoMore) {
  const auto secrets = any_secrets();
  const auto full = secrets.restricted_to(SlotRole::full);
  expect_equal(full, secrets);
  const auto writer = secrets.restricted_to(SlotRole::writer);
  EXPECT_TRUE(writer.private_key.empty());
  EXPECT_TRUE(writer.admin_seed.empty());
  EXPECT_TRUE(equal(writer.id_key, secrets.id_key));
  EXPECT_TRUE(equal(writer.writer_seed, secrets.writer_seed));
  EXPECT_EQ(writer.domain, secrets.domain);
  const auto reader = secrets.restricted_to(SlotRole::reader);
  EXPECT_TRUE(equal(reader.private_key, secrets.private_key));
  EXPECT_TRUE(reader.admin_seed.empty());
  EXPECT_TRUE(reader.id_key.empty());
  EXPECT_TRUE(reader.writer_seed.empty());
  EXPECT_EQ(reader.config_hash, secrets.config_hash);
}

TEST(KeySlot, AWrongPassphraseOpensNothing) {
  const auto slot = slot_of(any_secrets());
  for (const std::string_view wrong : {"correct hors", "correct horse ", "Correct horse", ""}) {
    const auto opened = open_slot(slot, base::as_bytes(wrong));
    ASSERT_EQ(opened.error().code(), ErrorCode::wrong_key);
    if (!wrong.empty()) {
      EXPECT_EQ(opened.error().to_string().find(wrong), std::string::npos) << "names no secret";
    }
    EXPECT_FALSE(opened.error().hint().empty());
  }
}

TEST(KeySlot, AWrongKeyPairOpensNothing) {
  const auto recipient = key_pair(1);
  const auto slot = seal_slot_for(description(), any_secrets(), recipient.public_key);
  EXPECT_EQ(open_slot_for(slot, key_pair(2)).error().code(), ErrorCode::wrong_key);
  auto impostor = key_pair(2);
  impostor.public_key = recipient.public_key;
  EXPECT_EQ(open_slot_for(slot, impostor).error().code(), ErrorCode::wrong_key);
}

TEST(KeySlot, TheOneKindIsNotOpenedAsTheOther) {
  const auto recipient = key_pair(1);
  EXPECT_EQ(open_slot(seal_slot_for(description(), any_secrets(), recipient.public_key), passphrase)
                .error()
                .code(),
            ErrorCode::wrong_key);
  EXPECT_EQ(open_slot_for(slot_of(any_secrets()), recipient).error().code(), ErrorCode::wrong_key);
}

TEST(KeySlot, ShowsItsDescriptionWithoutAKey) {
  const auto info = inspect_slot(slot_of(any_secrets(), SlotRole::writer));
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info.value().type, SlotType::passphrase);
  EXPECT_EQ(info.value().role, SlotRole::writer);
  EXPECT_EQ(info.value().repository_id, (ShortId{1, 2, 3}));
  EXPECT_EQ(info.value().created, base::Time{42});
  EXPECT_EQ(info.value().label, "laptop");
  EXPECT_EQ(info.value().cost.memory_kib, 8U * 1024);
  EXPECT_EQ(info.value().cost.passes, 1U);
  const auto recipient = key_pair(1);
  const auto other =
      inspect_slot(seal_slot_for(description(), any_secrets(), recipient.public_key));
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other.value().type, SlotType::recipient);
  EXPECT_EQ(other.value().recipient, recipient.public_key);
}

TEST(KeySlot, NoSecretShowsInItsBytes) {
  const auto secrets = any_secrets();
  const auto recipient = key_pair(1);
  for (const auto& slot :
       {slot_of(secrets), seal_slot_for(description(), secrets, recipient.public_key)}) {
    const auto hex = base::to_hex(slot);
    for (const auto* part :
         {&secrets.private_key, &secrets.admin_seed, &secrets.id_key, &secrets.writer_seed}) {
      EXPECT_EQ(hex.find(base::to_hex(part->view())), std::string::npos);
    }
    EXPECT_EQ(hex.find(base::to_hex(passphrase)), std::string::npos);
  }
}

TEST(KeySlot, EqualSecretsGiveUnequalSlots) {
  EXPECT_NE(slot_of(any_secrets(), SlotRole::full, 1), slot_of(any_secrets(), SlotRole::full, 2));
}

TEST(KeySlot, GoldenOfAPassphrase) { expect_golden("key_slot", slot_of(any_secrets())); }

TEST(KeySlot, GoldenOfARecipient) {
  const auto recipient = key_pair(1);
  const auto fresh = seal_slot_for(description(), any_secrets(), recipient.public_key);
  const auto opened = open_slot_for(golden_bytes("key_slot_recipient", fresh), recipient);
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  expect_equal(opened.value(), any_secrets());
}

TEST(KeySlot, ALongLabelIsCut) {
  auto described = description();
  described.label = std::string(5000, 'l');
  base::SeededRandom random(1);
  const auto slot = seal_slot(described, any_secrets(), passphrase, cheap, random);
  ASSERT_TRUE(slot.ok());
  EXPECT_EQ(inspect_slot(slot.value()).value().label, std::string(1024, 'l'));
  EXPECT_TRUE(open_slot(slot.value(), passphrase).ok());
}

TEST(KeySlot, ANewerVersionIsUnsupported) {
  auto slot = slot_of(any_secrets());
  slot[4] = 2;
  EXPECT_EQ(open_slot(slot, passphrase).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(inspect_slot(slot).error().code(), ErrorCode::unsupported);
  slot[4] = 1;
  slot[5] = 3;
  EXPECT_EQ(inspect_slot(slot).error().code(), ErrorCode::unsupported) << "an unknown type";
}

TEST(KeySlot, EveryCutFails) {
  const auto recipient = key_pair(1);
  const auto by_passphrase = slot_of(any_secrets());
  const auto for_recipient = seal_slot_for(description(), any_secrets(), recipient.public_key);
  for (const auto* slot : {&by_passphrase, &for_recipient}) {
    for (std::size_t size = 0; size < slot->size(); ++size) {
      const auto cut = base::ByteView(*slot).first(size);
      ASSERT_FALSE(inspect_slot(cut).ok()) << size;
      ASSERT_FALSE(open_slot(cut, passphrase).ok()) << size;
      ASSERT_FALSE(open_slot_for(cut, recipient).ok()) << size;
    }
    auto longer = *slot;
    longer.push_back(0);
    EXPECT_EQ(inspect_slot(longer).error().code(), ErrorCode::damaged);
  }
}

TEST(KeySlot, EveryFlippedBitKeepsARecipientsSlotShut) {
  const auto recipient = key_pair(1);
  const auto slot = seal_slot_for(description(), any_secrets(), recipient.public_key);
  for (std::size_t i = 0; i < slot.size() * 8; ++i) {
    auto flipped = slot;
    flipped[i / 8] ^= static_cast<base::Byte>(1U << (i % 8));
    ASSERT_FALSE(open_slot_for(flipped, recipient).ok()) << "bit " << i;
    (void)inspect_slot(flipped);
  }
}

// One bit of each byte: deriving a key costs time on purpose. The lowest one, so that no flip asks
// for a gigabyte.
TEST(KeySlot, EveryFlippedByteKeepsAPassphrasesSlotShut) {
  const auto slot = slot_of(any_secrets());
  for (std::size_t i = 0; i < slot.size(); ++i) {
    auto flipped = slot;
    flipped[i] ^= 1;
    ASSERT_FALSE(open_slot(flipped, passphrase).ok()) << "byte " << i;
  }
}

// What a hostile repository may ask of whoever tries a passphrase.
TEST(KeySlot, ACostBeyondTheLimitsIsRefusedWithoutPayingIt) {
  const auto slot = slot_of(any_secrets());
  constexpr std::size_t cost_at = 4 + 4 + 16 + 8 + 1 + 6 + 16;
  reset_memory_peak();
  const auto before = memory_status("VmHWM");
  for (const std::uint32_t memory : {0U, 8U * 1024 - 1, 1024U * 1024 + 1, ~0U}) {
    auto hostile = slot;
    std::memcpy(hostile.data() + cost_at, &memory, sizeof memory);
    EXPECT_EQ(open_slot(hostile, passphrase).error().code(), ErrorCode::damaged) << memory;
  }
  for (const std::uint32_t passes : {0U, 17U, ~0U}) {
    auto hostile = slot;
    std::memcpy(hostile.data() + cost_at + 4, &passes, sizeof passes);
    EXPECT_EQ(open_slot(hostile, passphrase).error().code(), ErrorCode::damaged) << passes;
  }
  EXPECT_LT(memory_status("VmHWM") - before, 4U * 1024 * 1024);
}

}  // namespace
}  // namespace holdfast::repository
