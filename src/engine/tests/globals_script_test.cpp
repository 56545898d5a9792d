// Globals for a scratch cluster: whose they are, and what must not be carried out as it stands.
#include "globals_script.hpp"

#include <gtest/gtest.h>

namespace holdfast::engine {

namespace {

constexpr const char* script = R"(--
-- PostgreSQL database cluster dump
--

\restrict k3yOfTheDump
SET default_transaction_read_only = off;

CREATE ROLE "The ""Boss""";
ALTER ROLE "The ""Boss""" WITH SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS;
CREATE ROLE app;
ALTER ROLE app WITH NOSUPERUSER INHERIT LOGIN PASSWORD 'SCRAM-SHA-256$…';
CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER INHERIT LOGIN;
GRANT readers TO app WITH INHERIT TRUE GRANTED BY "The ""Boss""";
CREATE TABLESPACE fast OWNER app LOCATION '/srv/fast';
ALTER TABLESPACE fast SET (random_page_cost=1.1);
\unrestrict k3yOfTheDump
)";

TEST(GlobalsScript, IsOfTheSuperuserWhoGrants) {
  const auto made = prepare_globals(script);
  EXPECT_EQ(made.superuser, "The \"Boss\"");
  EXPECT_EQ(made.text.find("CREATE ROLE \"The"), std::string::npos);
  EXPECT_NE(made.text.find("ALTER ROLE \"The \"\"Boss\"\"\" WITH SUPERUSER"), std::string::npos);
  EXPECT_NE(made.text.find("CREATE ROLE app;\n"), std::string::npos);
  EXPECT_NE(made.text.find("CREATE ROLE postgres;\n"), std::string::npos);
}

TEST(GlobalsScript, PutsTablespacesIntoTheCluster) {
  const auto made = prepare_globals(script);
  EXPECT_NE(made.text.find("CREATE TABLESPACE fast OWNER app LOCATION '';\n"), std::string::npos);
  EXPECT_EQ(made.text.find("/srv/fast"), std::string::npos);
  EXPECT_NE(made.text.find("ALTER TABLESPACE fast SET"), std::string::npos);
  EXPECT_EQ(made.text.find("restrict"), std::string::npos);
}

TEST(GlobalsScript, OtherwiseOfPostgresOrTheFirstSuperuser) {
  EXPECT_EQ(prepare_globals("").superuser, "postgres");
  EXPECT_EQ(prepare_globals("CREATE ROLE app;\nALTER ROLE app WITH NOSUPERUSER ;\n").superuser,
            "postgres");
  EXPECT_EQ(prepare_globals("ALTER ROLE a WITH SUPERUSER INHERIT;\n"
                            "ALTER ROLE postgres WITH SUPERUSER INHERIT;\n")
                .superuser,
            "postgres");
  EXPECT_EQ(prepare_globals("ALTER ROLE owner WITH SUPERUSER INHERIT;\n").superuser, "owner");
}

TEST(GlobalsScript, OfCutOffIdentifiersIsNoTrouble) {
  for (const char* text : {"CREATE ROLE \"open", "CREATE ROLE ", "ALTER ROLE \" WITH SUPERUSER ",
                           "CREATE TABLESPACE x", "GRANT a TO b GRANTED BY "}) {
    static_cast<void>(prepare_globals(text));
  }
}

}  // namespace

}  // namespace holdfast::engine
