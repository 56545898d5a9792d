// The numbers in the paths of relations.
#include "postgres/relation_names.hpp"

#include <gtest/gtest.h>

namespace holdfast::source {
namespace {

TEST(RelationNames, PathsAreRead) {
  EXPECT_EQ(parse_relation_file("base/5/16384"),
            (RelationFile{.tablespace = 0, .database = 5, .node = 16384}));
  EXPECT_EQ(parse_relation_file("base/5/16384.12")->node, 16384U);
  EXPECT_EQ(parse_relation_file("base/5/16384_vm")->node, 16384U);
  EXPECT_EQ(parse_relation_file("global/1262"),
            (RelationFile{.tablespace = 1664, .database = 0, .node = 1262}));
  EXPECT_EQ(parse_relation_file("pg_tblspc/16400/PG_15_202209061/5/16384"),
            (RelationFile{.tablespace = 16400, .database = 5, .node = 16384}));
}

TEST(RelationNames, WhatIsNoRelationIsNone) {
  for (const auto* path :
       {"", "base", "base/5", "base/5/PG_VERSION", "base/x/1", "global/pg_control", "pg_wal/1",
        "pg_tblspc/1/2/3", "base/5/16384x", "base/5/99999999999"}) {
    EXPECT_FALSE(parse_relation_file(path).has_value()) << path;
  }
}

}  // namespace
}  // namespace holdfast::source
