// Globals for a server that has roles of its own already. The loading itself is tested with real
// servers: tests/integration/postgres_load_test.py.
#include "source/postgres/load.hpp"

#include <gtest/gtest.h>

namespace holdfast::source {

namespace {

TEST(PostgresLoad, LeavesOutRolesThatAreThereAndTablespaces) {
  const auto made = globals_without(R"(\restrict x
CREATE ROLE app;
ALTER ROLE app WITH NOSUPERUSER PASSWORD 'SCRAM…';
CREATE ROLE "Our ""Role""";
ALTER ROLE "Our ""Role""" WITH SUPERUSER PASSWORD 'SCRAM…';
ALTER ROLE "Our ""Role""" SET work_mem TO '1GB';
GRANT app TO "Our ""Role""";
CREATE TABLESPACE fast OWNER app LOCATION '/srv/fast';
GRANT ALL ON TABLESPACE fast TO app;
)",
                                    {"Our \"Role\"", "other"});
  EXPECT_EQ(made, R"(CREATE ROLE app;
ALTER ROLE app WITH NOSUPERUSER PASSWORD 'SCRAM…';
GRANT app TO "Our ""Role""";
)");
}

TEST(PostgresLoad, OfCutOffLinesIsNoTrouble) {
  for (const char* text : {"CREATE ROLE \"", "CREATE ROLE", "ALTER ROLE \"a\"", "\\", ""}) {
    static_cast<void>(globals_without(text, {"a"}));
  }
}

}  // namespace

}  // namespace holdfast::source
