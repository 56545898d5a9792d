// The commands of a base backup. How their answers are read is tested with real servers, in
// tests/integration/postgres_test.py.
#include "wire/postgres_replication.hpp"

#include <gtest/gtest.h>

namespace holdfast::wire {
namespace {

using Checkpoint = BaseBackupOptions::Checkpoint;

TEST(PostgresReplication, NewServersTakeOptionsInParentheses) {
  EXPECT_EQ(base_backup_command(15, {.label = "it's"}),
            "BASE_BACKUP (LABEL 'it''s', PROGRESS, CHECKPOINT 'fast', WAL, WAIT false, "
            "MANIFEST 'yes', MANIFEST_CHECKSUMS 'CRC32C', TARGET 'client')");
  EXPECT_NE(base_backup_command(18, {.checkpoint = Checkpoint::spread}).find("'spread'"),
            std::string::npos);
}

TEST(PostgresReplication, ChangedBlocksAreAskedForByAnOption) {
  using Blocks = BaseBackupOptions::Blocks;
  EXPECT_TRUE(base_backup_command(17, {.blocks = Blocks::changed})
                  .ends_with(", TARGET 'client', INCREMENTAL)"));
  EXPECT_EQ(base_backup_command(17, {}).find("INCREMENTAL"), std::string::npos);
}

TEST(PostgresReplication, OldServersTakeWords) {
  EXPECT_EQ(base_backup_command(14, {.label = "a"}),
            "BASE_BACKUP LABEL 'a' PROGRESS FAST WAL NOWAIT MANIFEST 'yes' "
            "MANIFEST_CHECKSUMS 'CRC32C'");
  EXPECT_EQ(base_backup_command(13, {.checkpoint = Checkpoint::spread}).find("FAST"),
            std::string::npos);
}

}  // namespace
}  // namespace holdfast::wire
