// A server may answer anything: decoding ends with a value or an error, within the packet.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "sftp_protocol.hpp"

namespace holdfast::storage {

namespace {

TEST(SftpProtocolFuzz, AnyAnswerIsDecodedOrRefused) {
  base::SeededRandom random(1859);
  constexpr base::Byte types[] = {2, 101, 102, 103, 104, 105, 201};
  int understood = 0;
  for (int round = 0; round < 200'000; ++round) {
    // On the heap and of exact size, so that a sanitizer sees a read past its end.
    base::Bytes packet(random.below(90));
    random.fill(packet);
    // Mostly small numbers: lengths and counts that nearly fit.
    for (auto& byte : packet) {
      if (random.below(4) != 0) byte = static_cast<base::Byte>(random.below(3));
    }
    if (!packet.empty()) packet[0] = types[random.below(std::size(types))];
    if (decode_sftp_reply(packet).ok()) ++understood;
    (void)decode_sftp_version(packet).ok();
    (void)sftp_packet_size(packet).ok();
    (void)decode_sftp_free_bytes(packet).ok();
    (void)decode_sftp_limits(packet).ok();
  }
  EXPECT_GT(understood, 100);
}

}  // namespace

}  // namespace holdfast::storage
