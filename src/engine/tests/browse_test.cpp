// Listing, finding and comparing what snapshots hold.
#include "engine/browse.hpp"

#include <filesystem>
#include <map>

#include "engine_fixture.hpp"

namespace holdfast::engine {
namespace {

using base::ErrorCode;
namespace fs = std::filesystem;

class BrowseTest : public EngineTest {
 protected:
  BrowseTest() {
    make_tree();
    create();
    at_ = open();
    first_ = snapshot_of(back_up(*at_));
  }
  repository::SnapshotRecord snapshot_of(const BackupReport& report) {
    const auto list = must(repository::list_snapshots(at_->repository()));
    return must(repository::choose_snapshot(list, base::to_hex(*report.snapshot)));
  }
  // Paths relative to the files' directory ("" is the directory itself); others as they are.
  std::string relative(const std::string& path) const {
    if (path == files()) return "";
    return path.starts_with(files() + "/") ? path.substr(files().size() + 1) : path;
  }
  std::vector<std::string> listed(const std::string& path, Depth depth) {
    std::vector<std::string> paths;
    must(list_entries(at_->repository(), first_, path, depth, collect(paths)));
    return paths;
  }
  std::vector<std::string> found(const std::string& pattern) {
    std::vector<std::string> paths;
    must(find_entries(at_->repository(), first_, pattern, collect(paths)));
    return paths;
  }
  BrowseCall collect(std::vector<std::string>& paths) {
    return [this, &paths](const BrowsedEntry& entry) -> base::Result<void> {
      paths.push_back(relative(entry.path));
      return {};
    };
  }

  std::unique_ptr<Location> at_;
  repository::SnapshotRecord first_;
};

using Paths = std::vector<std::string>;

TEST_F(BrowseTest, ListsADirectoryItselfFirst) {
  EXPECT_EQ(listed(files(), Depth::children),
            (Paths{"", "below", "large", "link", "nothing", "same"}));
  EXPECT_EQ(listed(files() + "/below", Depth::children),
            (Paths{"below", "below/deeper", "below/empty", "below/middle", "below/small"}));
  EXPECT_EQ(listed(files() + "/below", Depth::all),
            (Paths{"below", "below/deeper", "below/deeper/text", "below/empty", "below/middle",
                   "below/small"}));
  EXPECT_EQ(listed(files() + "/nothing", Depth::all), (Paths{"nothing"}));
  EXPECT_EQ(listed(files() + "/large", Depth::all), (Paths{"large"}));
}

TEST_F(BrowseTest, TheWholeSnapshot) {
  const auto all = listed("", Depth::all);
  EXPECT_EQ(all, listed("/", Depth::all));
  EXPECT_GE(all.size(), 11U);
  EXPECT_LE(listed("", Depth::children).size(), 2U);
}

TEST_F(BrowseTest, AnEntryIsDescribed) {
  std::map<std::string, BrowsedEntry> entries;
  must(list_entries(at_->repository(), first_, files(), Depth::all,
                    [&](const BrowsedEntry& entry) -> base::Result<void> {
                      entries[relative(entry.path)] = entry;
                      return {};
                    }));
  using repository::EntryKind;
  EXPECT_EQ(entries.at("large").kind, EntryKind::file);
  EXPECT_EQ(entries.at("large").size, 300'000U);
  EXPECT_EQ(entries.at("below").kind, EntryKind::directory);
  EXPECT_EQ(entries.at("link").kind, EntryKind::symlink);
  EXPECT_EQ(base::as_text(entries.at("link").attributes.symlink_target), "large");
  EXPECT_EQ(entries.at("same").kind, EntryKind::hard_link);
  EXPECT_EQ(entries.at("below/small").attributes.mode, 0400U);
}

TEST_F(BrowseTest, WhatIsNotThereIsNotFound) {
  for (const auto& path : {files() + "/absent", files() + "/lar", std::string("/absent")}) {
    const auto result = list_entries(at_->repository(), first_, path, Depth::all,
                                     [](const BrowsedEntry&) -> base::Result<void> { return {}; });
    EXPECT_EQ(result.error().code(), ErrorCode::not_found) << path;
    EXPECT_FALSE(result.error().hint().empty());
  }
  EXPECT_FALSE(list_entries(at_->repository(), first_, "relative", Depth::all,
                            [](const BrowsedEntry&) -> base::Result<void> { return {}; })
                   .ok());
}

TEST_F(BrowseTest, AVisitorsErrorEndsIt) {
  int calls = 0;
  const auto result = list_entries(at_->repository(), first_, "/", Depth::all,
                                   [&](const BrowsedEntry&) -> base::Result<void> {
                                     ++calls;
                                     return base::Error(ErrorCode::cancelled, "enough");
                                   });
  EXPECT_EQ(result.error().code(), ErrorCode::cancelled);
  EXPECT_EQ(calls, 1);
}

TEST_F(BrowseTest, FindsByPattern) {
  EXPECT_EQ(found("small"), (Paths{"below/small"}));
  EXPECT_EQ(found("l*"), (Paths{"large", "link"}));
  EXPECT_EQ(found("m*e"), (Paths{"below/middle"}));
  EXPECT_EQ(found("nothing/"), (Paths{"nothing"}));
  EXPECT_EQ(found("large/"), Paths{}) << "no directory";
  EXPECT_EQ(found(files() + "/*"), (Paths{"below", "large", "link", "nothing", "same"}));
  EXPECT_EQ(found("absent"), Paths{});
}

TEST_F(BrowseTest, ComparesSnapshots) {
  write("large", noise(1, 299'000));
  write("new", "n");
  fs::remove(files() + "/below/empty");
  fs::permissions(files() + "/below/deeper/text", fs::perms::all);
  const auto second = snapshot_of(back_up(*at_));
  const auto compared = [&](const auto& before, const auto& after) {
    std::map<std::string, Difference> differences;
    must(compare(at_->repository(), before, after,
                 [&](const Difference& each) -> base::Result<void> {
                   differences[relative(each.path)] = each;
                   return {};
                 }));
    return differences;
  };
  using DifferenceKind = Difference::Kind;
  const auto there = compared(first_, second);
  EXPECT_EQ(there.at("large").kind, DifferenceKind::changed);
  EXPECT_EQ(there.at("large").size_before, 300'000U);
  EXPECT_EQ(there.at("large").size_after, 299'000U);
  EXPECT_EQ(there.at("new").kind, DifferenceKind::added);
  EXPECT_EQ(there.at("new").size_after, 1U);
  EXPECT_EQ(there.at("below/empty").kind, DifferenceKind::removed);
  EXPECT_EQ(there.at("below/deeper/text").kind, DifferenceKind::attributes);
  EXPECT_EQ(there.at("below").kind, DifferenceKind::attributes) << "its time";
  EXPECT_FALSE(there.contains("below/middle"));
  EXPECT_FALSE(there.contains("link"));
  const auto back = compared(second, first_);
  EXPECT_EQ(back.at("new").kind, DifferenceKind::removed);
  EXPECT_EQ(back.at("below/empty").kind, DifferenceKind::added);
  EXPECT_EQ(back.size(), there.size());
  EXPECT_TRUE(compared(second, second).empty());
}

}  // namespace
}  // namespace holdfast::engine
