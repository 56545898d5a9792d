// Bytes from outside as attributes: decoding never crashes, and what it accepts without unknown
// fields encodes to the same.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "source/files/posix_attributes.hpp"

namespace holdfast::source {
namespace {

void try_one(const base::Bytes& bytes) {
  const auto decoded = decode_attributes(bytes);
  if (!decoded.ok()) {
    EXPECT_EQ(decoded.error().code(), base::ErrorCode::damaged);
    return;
  }
  const auto again = decode_attributes(encode_attributes(decoded.value()));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again.value(), decoded.value());
}

TEST(PosixAttributesFuzz, RandomBytes) {
  base::SeededRandom random(1);
  for (int round = 0; round < 20'000; ++round) {
    base::Bytes bytes(random.below(64));
    random.fill(bytes);
    try_one(bytes);
  }
}

TEST(PosixAttributesFuzz, MutationsOfARealOne) {
  PosixAttributes attributes;
  attributes.mode = 0755;
  attributes.user = "someone";
  attributes.symlink_target = {'t', 'o'};
  attributes.device = DeviceNumber{.major = 1, .minor = 2};
  attributes.extended = {{.name = "user.a", .value = {1, 2, 3}},
                         {.name = "user.b", .value = base::Bytes(300, 7)}};
  attributes.inode_flags = 0x30;
  attributes.note = "note";
  const auto whole = encode_attributes(attributes);
  base::SeededRandom random(2);
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = whole;
    for (std::uint64_t i = 0; i <= random.below(3); ++i) {
      bytes[random.below(bytes.size())] = static_cast<base::Byte>(random.below(256));
    }
    if (random.below(4) == 0) bytes.resize(random.below(bytes.size()));
    try_one(bytes);
  }
}

}  // namespace
}  // namespace holdfast::source
