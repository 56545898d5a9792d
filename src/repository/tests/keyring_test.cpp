// What each role's secrets let their holder do, and what is said when they don't.
#include "repository/keyring.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace holdfast::repository {
namespace {

SlotSecrets any_secrets() {
  base::SeededRandom random(5);
  SlotSecrets secrets;
  secrets.private_key = codec::make_box_key_pair(random).private_key;
  secrets.admin_seed = base::SecretBytes(random.array<32>());
  secrets.domain = random.array<16>();
  secrets.id_key = base::SecretBytes(random.array<32>());
  secrets.writer_seed = base::SecretBytes(random.array<32>());
  return secrets;
}

TEST(Keyring, AFullSlotDoesEverything) {
  const auto secrets = any_secrets();
  const auto keys = Keyring::of(secrets.restricted_to(SlotRole::full));
  ASSERT_TRUE(keys.reader && keys.admin && keys.writer);
  EXPECT_EQ(keys.reader->public_key, codec::public_key_of(secrets.private_key.view()));
  EXPECT_EQ(keys.admin->verify_key(), codec::SigningKey(secrets.admin_seed.view()).verify_key());
  EXPECT_EQ(keys.writer->verify_key(), codec::SigningKey(secrets.writer_seed.view()).verify_key());
  EXPECT_EQ(keys.domain, secrets.domain);
  EXPECT_TRUE(std::ranges::equal(keys.id_key.view(), secrets.id_key.view()));
}

TEST(Keyring, AReadersKeyPairOpensWhatWasSealedToIt) {
  const auto keys = Keyring::of(any_secrets().restricted_to(SlotRole::reader));
  ASSERT_TRUE(keys.reader);
  EXPECT_FALSE(keys.admin || keys.writer);
  EXPECT_TRUE(keys.id_key.empty());
  const auto sealed = codec::seal_to(keys.reader->public_key, base::as_bytes("for you"));
  const auto opened = codec::open_sealed(*keys.reader, sealed);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(base::as_text(opened.value().view()), "for you");
}

TEST(Keyring, AWriterOnlyWrites) {
  const auto keys = Keyring::of(any_secrets().restricted_to(SlotRole::writer));
  EXPECT_TRUE(keys.writer);
  EXPECT_FALSE(keys.reader || keys.admin);
  EXPECT_EQ(keys.id_key.size(), 32U);
}

TEST(Keyring, ALackIsNamedWithWhatHelps) {
  struct Case {
    base::Error error;
    const char* role;
  };
  for (const auto& [error, role] : {Case{needs_reading_key("A restore"), "full or reader"},
                                    Case{needs_writing_key("A restore"), "full or writer"},
                                    Case{needs_admin_key("A restore"), "role full"}}) {
    EXPECT_EQ(error.code(), base::ErrorCode::permission_denied);
    EXPECT_TRUE(error.message().starts_with("A restore needs a key that may ")) << error.message();
    EXPECT_NE(error.hint().find(role), std::string::npos) << error.hint();
  }
}

}  // namespace
}  // namespace holdfast::repository
