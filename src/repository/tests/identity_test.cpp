// Identities and recipients as text: the form stays as it is for ever, and nothing mistyped, cut or
// of another kind passes.
#include "repository/identity.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

codec::BoxKeyPair identity_of_key(std::string_view hex) {
  base::SecretBytes key(base::from_hex(hex).value());
  const auto public_key = codec::public_key_of(key.view());
  return {.public_key = public_key, .private_key = std::move(key)};
}

// RFC 7748, section 6.1: Alice's and Bob's keys. The texts were made by another program.
struct Golden {
  std::string key;
  std::string identity;
  std::string recipient;
};
const Golden alice{.key = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
                   .identity =
                       "holdfast-identity-1-"
                       "o4dw2cttdcsx2pawyfzfdmtgixpuyl4h5pajskvro752khnzfqvfojgi",
                   .recipient = "hfr1quqpacmjgctvi5elpxolipxxlig36oqney4bv5hlusuy5ku3jzvnt24v"};
const Golden bob{.key = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
                 .identity =
                     "holdfast-identity-1-"
                     "lwvqq7tcjkfew6pbp6fyhaao4zxtxmjjeymln7i4f6fsp74i4dvyv6ze",
                 .recipient = "hfr132pnw7l3pxa3ju23mhbozzbvg47ygq6iln4gotnn7r7bi34ifnh7uky2"};

std::string text(const base::SecretBytes& secret) {
  return std::string(base::as_text(secret.view()));
}

base::Error refused(std::string_view identity) {
  const auto parsed = parse_identity(base::as_bytes(identity));
  EXPECT_FALSE(parsed.ok()) << identity;
  return parsed.ok() ? base::Error(ErrorCode::internal, "it was taken") : parsed.error();
}

base::Error refused_recipient(std::string_view recipient) {
  const auto parsed = parse_recipient(recipient);
  EXPECT_FALSE(parsed.ok()) << recipient;
  return parsed.ok() ? base::Error(ErrorCode::internal, "it was taken") : parsed.error();
}

TEST(Identity, GoldenTexts) {
  for (const auto& golden : {alice, bob}) {
    const auto identity = identity_of_key(golden.key);
    EXPECT_EQ(text(format_identity(identity)), golden.identity);
    EXPECT_EQ(format_recipient(identity.public_key), golden.recipient);
    const auto parsed = parse_identity(base::as_bytes(golden.identity));
    ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
    EXPECT_EQ(base::to_hex(parsed.value().private_key.view()), golden.key);
    EXPECT_EQ(parsed.value().public_key, identity.public_key);
    const auto recipient = parse_recipient(golden.recipient);
    ASSERT_TRUE(recipient.ok()) << recipient.error().to_string();
    EXPECT_EQ(recipient.value(), identity.public_key);
  }
}

TEST(Identity, EveryKeyComesBack) {
  base::SeededRandom random(1);
  for (int i = 0; i < 200; ++i) {
    const auto identity = codec::make_box_key_pair(random);
    const auto parsed = parse_identity(format_identity(identity).view());
    ASSERT_TRUE(parsed.ok());
    ASSERT_EQ(base::to_hex(parsed.value().private_key.view()),
              base::to_hex(identity.private_key.view()));
    ASSERT_EQ(parse_recipient(format_recipient(identity.public_key)).value(), identity.public_key);
  }
}

TEST(Identity, AFileOfOneSaysItsRecipientAndIsTaken) {
  const auto identity = identity_of_key(alice.key);
  const auto file = text(format_identity_file(identity));
  EXPECT_EQ(file, alice.identity + "\n# recipient: " + alice.recipient + "\n");
  for (const auto& as_given :
       {file, file.substr(0, file.size() - 1), alice.identity + "\n", alice.identity + "\r\n",
        "  " + alice.identity + " \n\n  # a note\r\n#\n", "\n" + alice.identity}) {
    EXPECT_TRUE(is_identity(base::as_bytes(as_given)));
    const auto parsed = parse_identity(base::as_bytes(as_given));
    ASSERT_TRUE(parsed.ok()) << as_given << parsed.error().to_string();
    EXPECT_EQ(parsed.value().public_key, identity.public_key);
  }
}

TEST(Identity, IsToldFromPassphrases) {
  for (const std::string_view passphrase :
       {"", " ", "correct horse battery staple", "holdfast", "holdfast-identit", "hfr1",
        "my holdfast-identity-1-", "# holdfast-identity-1-"}) {
    EXPECT_FALSE(is_identity(base::as_bytes(passphrase))) << passphrase;
    EXPECT_EQ(refused(passphrase).code(), ErrorCode::invalid_argument);
  }
  for (const std::string_view meant :
       {"holdfast-identity-", "holdfast-identity-1-abc", "\nholdfast-identity-2-abc"}) {
    EXPECT_TRUE(is_identity(base::as_bytes(meant))) << meant;
  }
}

TEST(Identity, EveryCutIsRefused) {
  for (std::size_t size = 0; size < alice.identity.size(); ++size) {
    const auto error = refused(alice.identity.substr(0, size));
    ASSERT_EQ(error.code(), ErrorCode::invalid_argument) << size;
    ASSERT_FALSE(error.hint().empty());
  }
  for (std::size_t size = 0; size < alice.recipient.size(); ++size) {
    ASSERT_EQ(refused_recipient(alice.recipient.substr(0, size)).code(),
              ErrorCode::invalid_argument)
        << size;
  }
}

// One wrong character, or two that changed places.
TEST(Identity, EverySlipIsRefusedAndNotRepeated) {
  const std::string_view characters = "abcdefghijklmnopqrstuvwxyz234567A08- ";
  for (const auto* right : {&alice.identity, &alice.recipient}) {
    const bool is_recipient = right == &alice.recipient;
    for (std::size_t i = right->find('1') + 1; i < right->size(); ++i) {
      for (const char character : characters) {
        auto wrong = *right;
        if (wrong[i] == character) continue;
        wrong[i] = character;
        const auto error = is_recipient ? refused_recipient(wrong) : refused(wrong);
        ASSERT_EQ(error.to_string().find(wrong.substr(wrong.size() - 20)), std::string::npos);
        ASSERT_FALSE(error.hint().empty());
      }
      auto swapped = *right;
      std::swap(swapped[i], swapped[i - 1]);
      if (swapped == *right) continue;
      (void)(is_recipient ? refused_recipient(swapped) : refused(swapped));
    }
  }
}

TEST(Identity, OneKindIsNotTakenForTheOther) {
  const auto as_recipient = refused_recipient(alice.identity);
  EXPECT_EQ(as_recipient.code(), ErrorCode::invalid_argument);
  EXPECT_NE(as_recipient.message().find("must stay secret"), std::string::npos);
  EXPECT_EQ(as_recipient.to_string().find(alice.identity.substr(30)), std::string::npos);
  EXPECT_EQ(refused(alice.recipient).code(), ErrorCode::invalid_argument);
  // The one's characters after the other's prefix.
  (void)refused_recipient("hfr1" + alice.identity.substr(20));
  (void)refused("holdfast-identity-1-" + alice.recipient.substr(4));
}

TEST(Identity, RecipientsOfOtherProgramsAreNamedAsSuch) {
  for (const std::string_view other :
       {"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN x",
        "somebody@example.org", "", "hfr", "hfrx"}) {
    const auto error = refused_recipient(other);
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << other;
    EXPECT_NE(error.hint().find("key generate"), std::string::npos) << other;
  }
}

TEST(Identity, ALaterVersionIsUnsupported) {
  EXPECT_EQ(refused("holdfast-identity-2-" + alice.identity.substr(20)).code(),
            ErrorCode::unsupported);
  EXPECT_EQ(refused_recipient("hfr2" + alice.recipient.substr(4)).code(), ErrorCode::unsupported);
}

TEST(Identity, OnlyCommentsMayFollow) {
  EXPECT_EQ(refused(alice.identity + "\n" + bob.identity).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(refused(alice.identity + "\n# fine\nnot fine\n").code(), ErrorCode::invalid_argument);
  EXPECT_EQ(refused(alice.identity + std::string(1, '\0')).code(), ErrorCode::invalid_argument);
}

// A slot can't be sealed to them; without this check that would end the program.
TEST(Identity, ARecipientThatIsNobodysKeyIsRefused) {
  for (const base::Byte first : {0, 1}) {
    const auto error = refused_recipient(format_recipient(codec::BoxPublicKey{first}));
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(error.message().find("nobody's"), std::string::npos) << error.to_string();
  }
  auto high = identity_of_key(alice.key).public_key;
  high.back() |= 0x80;
  EXPECT_NE(refused_recipient(format_recipient(high)).message().find("nobody's"),
            std::string::npos);
}

}  // namespace
}  // namespace holdfast::repository
