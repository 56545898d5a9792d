// Bytes from outside as messages of a base backup and as WAL positions.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "wire/postgres_messages.hpp"

namespace holdfast::wire {
namespace {

TEST(PostgresMessagesFuzz, RandomMessages) {
  base::SeededRandom random(1);
  for (int round = 0; round < 20'000; ++round) {
    base::Bytes message(random.below(40));
    random.fill(message);
    if (!message.empty() && random.below(2) == 0) message[0] = "nmdp"[random.below(4)];
    const auto decoded = decode_backup_message(message);
    if (!decoded.ok()) continue;
    if (const auto* data = std::get_if<BackupData>(&decoded.value())) {
      EXPECT_EQ(data->bytes.size(), message.size() - 1);
    }
    if (const auto* archive = std::get_if<BackupArchive>(&decoded.value())) {
      EXPECT_LE(archive->name.size() + archive->location.size() + 3, message.size());
    }
  }
}

TEST(PostgresMessagesFuzz, RandomPositions) {
  base::SeededRandom random(2);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random.below(18), ' ');
    for (auto& c : text) c = "0123456789ABCDEFabcdef/ -x"[random.below(26)];
    const auto lsn = parse_lsn(text);
    if (lsn.ok()) EXPECT_EQ(parse_lsn(format_lsn(lsn.value())).value(), lsn.value()) << text;
  }
}

}  // namespace
}  // namespace holdfast::wire
