// Expiry on a real repository: what is held, versions by content, what others wait for.
#include "engine/expiry.hpp"

#include <gtest/gtest.h>

#include <set>

#include "proof_fixture.hpp"

namespace holdfast::engine {

namespace {

const ProgressCall silent = [](const Progress&) {};

class ExpiryTest : public testing::Test {
 protected:
  explicit ExpiryTest(const std::string& keep = "{ versions: 2 }")
      : test(
            "  files:\n    files: { paths: [data] }\n    plans: { changed: { when: manual, to: { "
            "ssd: " +
            keep + " } } }\n") {
    EXPECT_TRUE(make_places(*test.workplace).ok());
  }
  void back_up(const std::string& content) {
    test.write("data/a", content);
    const auto report =
        run_plans(*test.workplace, test.run_of("files", "changed"), silent, {}).value();
    EXPECT_EQ(report.end.state, catalog::RunState::succeeded) << report.end.message;
    newest_ = report.end.snapshot;
  }
  std::size_t count() {
    const auto place = open_place(*test.workplace, *test.strategy.location("ssd")).value();
    return repository::list_snapshots(place->repository()).value().snapshots.size();
  }

  TestStrategy test;
  std::string newest_;
};

TEST_F(ExpiryTest, VersionsAreDistinctContents) {
  back_up("one");
  back_up("two");
  back_up("two");
  back_up("two");
  EXPECT_LE(count(), 3U);
  const auto place = open_place(*test.workplace, *test.strategy.location("ssd")).value();
  const auto list = repository::list_snapshots(place->repository()).value();
  // The older content is still there, however often the newer was seen.
  EXPECT_EQ(list.snapshots.front().summary.root.bytes, 3U);
  const auto decided =
      decide_expiry(*test.workplace, test.component("files"), "ssd", place->repository(), list)
          .value();
  std::set<std::string> contents;
  for (const auto& each : decided.request.snapshots) contents.insert(each.contents.at(0).second);
  EXPECT_EQ(contents.size(), 2U);
}

TEST_F(ExpiryTest, WhatIsHeldOrAwaitedStays) {
  back_up("one");
  const auto held = newest_;
  back_up("two");
  const auto awaited = newest_;
  {
    const auto place = open_place(*test.workplace, *test.strategy.location("ssd")).value();
    const auto list = repository::list_snapshots(place->repository()).value();
    ASSERT_TRUE(repository::write_note(place->repository(),
                                       repository::choose_snapshot(list, held).value().id,
                                       repository::NoteAction::hold, "legal", "case 7")
                    .ok());
  }
  catalog::CopyRecord waiting;
  waiting.run = "x";
  waiting.location = "hdd";
  waiting.original = awaited;
  waiting.original_location = "ssd";
  ASSERT_TRUE(test.catalog->copies().put(waiting).ok());
  for (const char* content : {"three", "four", "five"}) back_up(content);
  EXPECT_EQ(count(), 4U);  // the held, the awaited, and two versions
}

class DemandTest : public ProofTest {
 protected:
  DemandTest()
      : ProofTest("{ content: { when: manual, level: sound, of: newest } }", "", "{ last: 1 }") {}
  std::set<std::string> at_ssd() {
    const auto place = open_place(*test.workplace, *test.strategy.location("ssd")).value();
    std::set<std::string> ids;
    const auto list = repository::list_snapshots(place->repository()).value();
    for (const auto& each : list.snapshots) ids.insert(base::to_hex(each.id));
    return ids;
  }
  std::string back_up_new(const std::string& text) {
    test.write("data/text", text);
    return back_up();
  }
};

TEST_F(DemandTest, TheNewestThatIsProvedStays) {
  // Nothing goes until one has reached what is demanded.
  const auto first = back_up_new("1");
  const auto second = back_up_new("2");
  EXPECT_EQ(at_ssd(), (std::set<std::string>{first, second}));
  EXPECT_EQ(verify("content").outcome, catalog::VerificationOutcome::passed);
  const auto third = back_up_new("3");
  EXPECT_EQ(at_ssd(), (std::set<std::string>{second, third}));
  // The third is newer and not proved: the second stays, whatever comes.
  const auto fourth = back_up_new("4");
  EXPECT_EQ(at_ssd(), (std::set<std::string>{second, fourth}));
  EXPECT_EQ(verify("content").outcome, catalog::VerificationOutcome::passed);
  const auto fifth = back_up_new("5");
  EXPECT_EQ(at_ssd(), (std::set<std::string>{fourth, fifth}));
}

TEST_F(DemandTest, WhatFailedOrIsUnknownProvesNothing) {
  const auto first = back_up_new("1");
  damage("ssd");
  EXPECT_EQ(verify("content").outcome, catalog::VerificationOutcome::failed);
  const auto second = back_up_new("2");
  EXPECT_EQ(at_ssd(), (std::set<std::string>{first, second}));
}

}  // namespace

}  // namespace holdfast::engine
