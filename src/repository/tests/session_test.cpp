// Sessions live by renewal, and hear of condemnations.
#include "repository/session.hpp"

#include <gtest/gtest.h>

#include "repository/condemnation.hpp"
#include "repository/object_name.hpp"
#include "repository/session_list.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

TEST(Session, RegistersAndEnds) {
  TestRepository test;
  auto repository = test.open();
  {
    const auto session = must(Session::begin(*repository, "backup"));
    const auto sessions = must(list_sessions(*repository));
    ASSERT_EQ(sessions.size(), 1U);
    EXPECT_EQ(sessions[0].id, session->id());
  }
  EXPECT_TRUE(must(list_sessions(*repository)).empty());
}

TEST(Session, RenewsWhenAQuarterOfItsLifeIsOver) {
  TestRepository test;
  auto repository = test.open();
  const auto session = must(Session::begin(*repository, "backup"));
  must(session->renew_if_due());
  EXPECT_EQ(session->renewal(), 0U);
  test.clock.advance({repository->config().session_ttl.nanoseconds / 4 + 1});
  must(session->renew_if_due());
  EXPECT_EQ(session->renewal(), 1U);
}

TEST(Session, IsDeadAfterAPauseLongerThanItsLife) {
  TestRepository test;
  auto repository = test.open();
  const auto session = must(Session::begin(*repository, "backup"));
  test.clock.advance(repository->config().session_ttl + base::seconds(1));
  const auto renewed = session->renew();
  ASSERT_FALSE(renewed.ok());
  EXPECT_EQ(renewed.error().code(), base::ErrorCode::conflict);
}

TEST(Session, AvoidsCondemnedPacksFromTheStart) {
  TestRepository test;
  auto repository = test.open();
  (void)must(write_snapshot(*repository, {{"/f", noise(1, 50'000)}}));
  std::vector<CondemnedPack> packs;
  must(must(repository->refresh_index(Repository::Segments::all))
           ->each_pack([&](const PackInfo& pack) -> base::Result<void> {
             packs.push_back({pack.type, pack.name});
             return {};
           }));
  (void)must(write_condemnation(*repository, CondemnationStage::condemned, packs));
  const auto again = must(write_snapshot(*test.open("b"), {{"/f", noise(1, 50'000)}}, "other"));
  EXPECT_GE(again.totals.bytes_new, 50'000U) << "nothing of a condemned pack may be relied on";
}

TEST(Session, FailsWhenWhatItReliesOnIsCondemned) {
  TestRepository test;
  auto repository = test.open();
  const auto session = must(Session::begin(*repository, "backup"));
  const ObjectHash pack{1, 2, 3};
  session->rely_on(pack);
  (void)must(write_condemnation(*repository, CondemnationStage::condemned,
                                {{ChunkType::data, ObjectHash{9}}}));
  must(session->renew());
  (void)must(
      write_condemnation(*repository, CondemnationStage::condemned, {{ChunkType::data, pack}}));
  const auto renewed = session->renew();
  ASSERT_FALSE(renewed.ok());
  EXPECT_EQ(renewed.error().code(), base::ErrorCode::conflict);
}

TEST(Session, AvoidsPacksThatAreNotThere) {
  TestRepository test;
  auto repository = test.open();
  (void)must(write_snapshot(*repository, {{"/f", noise(1, 50'000)}}));
  std::vector<std::string> names;
  for (const auto& object : must(test.storage.list_all(data_prefix))) names.push_back(object.name);
  (void)must(test.storage.remove(names));
  const auto again = must(write_snapshot(*test.open("b"), {{"/f", noise(1, 50'000)}}));
  EXPECT_EQ(must(read_snapshot(*test.open("c"), again.summary.root)).at("/f"), noise(1, 50'000))
      << "a repository that lost packs heals by the next backup";
}

}  // namespace
}  // namespace holdfast::repository
