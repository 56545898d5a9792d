// Hostile text as identity and recipient: it is refused, or it is the text of the key that it
// gives; and a recipient that is taken can be sealed to.
#include <gtest/gtest.h>

#include "mutation.hpp"
#include "repository/identity.hpp"

namespace holdfast::repository {
namespace {

constexpr std::string_view spaces = " \t\r\n";

std::string first_line(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(spaces), text.size()));
  const auto line = text.substr(0, text.find('\n'));
  return std::string(line.substr(0, line.find_last_not_of(spaces) + 1));
}

void attempt(base::ByteView bytes) {
  const auto text = base::as_text(bytes);
  if (const auto identity = parse_identity(bytes); identity.ok()) {
    ASSERT_TRUE(is_identity(bytes));
    const auto again = format_identity(identity.value());
    ASSERT_EQ(base::as_text(again.view()), first_line(text));
  }
  if (const auto recipient = parse_recipient(text); recipient.ok()) {
    ASSERT_EQ(format_recipient(recipient.value()), first_line(text));
    ASSERT_FALSE(codec::seal_to(recipient.value(), bytes).empty());
  }
}

TEST(IdentityFuzz, DamagedTexts) {
  base::SeededRandom random(1);
  for (int key = 0; key < 20; ++key) {
    const auto identity = codec::make_box_key_pair(random);
    const auto file = format_identity_file(identity);
    const auto recipient = format_recipient(identity.public_key);
    for (int round = 0; round < 2'000; ++round) {
      attempt(mutated({file.view().begin(), file.view().end()}, random));
      attempt(mutated({recipient.begin(), recipient.end()}, random));
    }
  }
}

// Checksums that are right, over keys that may be nobody's.
TEST(IdentityFuzz, AnyKeyWithItsRightChecksum) {
  base::SeededRandom random(2);
  for (int round = 0; round < 5'000; ++round) {
    auto key = random.array<32>();
    // Small numbers and numbers near 2^255, where the points of small order are.
    if (round % 2 == 0) std::fill(key.begin() + 1, key.end(), round % 4 == 0 ? 0 : 0xff);
    if (round % 8 == 2) key.back() = 0x7f;
    const auto text = format_recipient(key);
    attempt(base::as_bytes(text));
  }
}

TEST(IdentityFuzz, AnyBytesAfterThePrefix) {
  base::SeededRandom random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = round % 2 == 0 ? "holdfast-identity-1-" : "hfr1";
    for (auto n = random.below(80); n > 0; --n) text += static_cast<char>(random.number());
    attempt(base::as_bytes(text));
  }
}

}  // namespace
}  // namespace holdfast::repository
