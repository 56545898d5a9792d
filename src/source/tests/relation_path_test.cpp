// Which files of a data directory are made of pages.
#include "postgres/relation_path.hpp"

#include <gtest/gtest.h>

namespace holdfast::source {
namespace {

TEST(RelationPath, RelationsWithTheirForksAndSegments) {
  for (const auto* path :
       {"base/5/16384", "base/5/16384.1", "base/5/16384.131071", "base/5/16384_fsm",
        "base/5/16384_vm.2", "base/5/16384_init", "global/1262", "global/1262_vm",
        "pg_tblspc/16385/PG_17_202406281/5/16390", "pg_tblspc/16385/PG_17_202406281/5/16390_fsm"}) {
    EXPECT_TRUE(is_relation_path(path)) << path;
  }
  for (const auto* path : {"",
                           "16384",
                           "base/16384",
                           "base/5/",
                           "base/5/PG_VERSION",
                           "base/5/pg_filenode.map",
                           "base/5/t3_16384",
                           "base/5/16384.",
                           "base/5/16384_other",
                           "base/5/16384.1.1",
                           "base/5/16384.x",
                           "base/x/16384",
                           "base/5/6/16384",
                           "global/pg_control",
                           "global/5/1",
                           "pg_tblspc/16385/5/16390",
                           "pg_tblspc/16385/PG_17/16390",
                           "pg_tblspc/x/PG_17/5/1",
                           "pg_xact/0000",
                           "pg_wal/000000010000000000000001",
                           "base/5/INCREMENTAL.16384"}) {
    EXPECT_FALSE(is_relation_path(path)) << path;
  }
}

TEST(RelationPath, WhatAnIncrementalFileStandsFor) {
  EXPECT_EQ(incremental_of("base/5/INCREMENTAL.16384_vm.1"), "base/5/16384_vm.1");
  EXPECT_EQ(incremental_of("pg_tblspc/1/PG_17_2/5/INCREMENTAL.7"), "pg_tblspc/1/PG_17_2/5/7");
  EXPECT_EQ(incremental_of("base/5/16384"), "");
  EXPECT_EQ(incremental_of("base/5/INCREMENTAL.pg_filenode.map"), "");
  EXPECT_EQ(incremental_of("pg_xact/INCREMENTAL.16384"), "");
  EXPECT_EQ(incremental_of("INCREMENTAL.16384"), "");
}

}  // namespace
}  // namespace holdfast::source
