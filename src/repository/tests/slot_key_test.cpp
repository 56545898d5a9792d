// What a user gives opens the slots that are made for it, and is told apart by its text alone.
#include "repository/slot_key.hpp"

#include <gtest/gtest.h>

#include "repository/identity.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

constexpr codec::PassphraseCost cheap{.memory_kib = 8 * 1024, .passes = 1};

class SlotKeyTest : public testing::Test {
 protected:
  SlotKeyTest() : identity_(codec::make_box_key_pair(random_)) {
    secrets_.config_hash = random_.array<32>();
    secrets_.private_key = base::SecretBytes(random_.array<32>());
  }
  static SlotKey key(base::ByteView secret) { return SlotKey::of(secret).value(); }
  static SlotKey key(std::string_view passphrase) { return key(base::as_bytes(passphrase)); }
  [[nodiscard]] SlotKey identity_key() const { return key(format_identity(identity_).view()); }
  base::Bytes slot_of(const SlotKey& by) {
    return by
        .seal({.repository_id = {1}, .role = SlotRole::reader, .created = {1}, .label = "x"},
              secrets_, cheap, random_)
        .value();
  }

  base::SeededRandom random_{1};
  codec::BoxKeyPair identity_;
  SlotSecrets secrets_;
};

TEST_F(SlotKeyTest, APassphraseOpensItsOwn) {
  const auto slot = slot_of(key("secret"));
  EXPECT_EQ(inspect_slot(slot).value().type, SlotType::passphrase);
  EXPECT_EQ(key("secret").identity(), nullptr);
  EXPECT_EQ(key("secret").open(slot).value().config_hash, secrets_.config_hash);
  EXPECT_EQ(key("Secret").open(slot).error().code(), ErrorCode::wrong_key);
  EXPECT_EQ(identity_key().open(slot).error().code(), ErrorCode::wrong_key);
}

TEST_F(SlotKeyTest, AnIdentityOpensItsOwn) {
  const auto slot = slot_of(identity_key());
  const auto info = inspect_slot(slot).value();
  EXPECT_EQ(info.type, SlotType::recipient);
  EXPECT_EQ(info.recipient, identity_.public_key);
  EXPECT_EQ(identity_key().identity()->public_key, identity_.public_key);
  EXPECT_EQ(identity_key().open(slot).value().config_hash, secrets_.config_hash);
  EXPECT_EQ(key("secret").open(slot).error().code(), ErrorCode::wrong_key);
  const auto other = codec::make_box_key_pair(random_);
  const auto refused = key(format_identity(other).view()).open(slot).error();
  EXPECT_EQ(refused.code(), ErrorCode::wrong_key);
  EXPECT_NE(refused.message().find(format_recipient(other.public_key)), std::string::npos)
      << "the recipient is no secret, and tells which identity it was";
  EXPECT_NE(refused.hint().find("key add --recipient"), std::string::npos);
}

TEST_F(SlotKeyTest, AnAlteredSlotIsDamage) {
  auto slot = slot_of(identity_key());
  slot[6] = static_cast<base::Byte>(SlotRole::full);
  EXPECT_EQ(identity_key().open(slot).error().code(), ErrorCode::damaged);
}

// Taken for a passphrase, it would open nothing, or lock a new repository with its own text.
TEST_F(SlotKeyTest, ADamagedIdentityIsNoPassphrase) {
  const auto identity = format_identity(identity_);
  const std::string text(base::as_text(identity.view()));
  auto wrong = text;
  wrong.back() = wrong.back() == 'a' ? 'b' : 'a';
  for (const auto& bad : {wrong, text.substr(0, 40), text + "x"}) {
    const auto refused = SlotKey::of(base::as_bytes(bad));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(refused.error().to_string().find(bad.substr(20, 10)), std::string::npos);
  }
}

TEST_F(SlotKeyTest, ARecipientOpensNothing) {
  const auto refused = SlotKey::of(base::as_bytes(format_recipient(identity_.public_key)));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().hint().find("identity"), std::string::npos);
  EXPECT_EQ(key("hfr1 is how my passphrase begins").identity(), nullptr);
}

}  // namespace
}  // namespace holdfast::repository
