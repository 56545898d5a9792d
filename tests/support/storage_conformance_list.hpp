// The conformance suite's second half: listings. Included by storage_conformance.hpp.
#pragma once

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "storage_conformance.hpp"

namespace holdfast::storage {

// Names whose order by whole name differs from their order component by component.
inline std::vector<std::string> tricky_names() {
  return {"a-b/x",  "a.b",      "a/b-c", "a/b/c", "a/b/d", "a/b.txt", "a/bb",     "a0",
          "aa/a/a", "aa/a/a-a", "b",     "c/d/e", "c/d-e", "c/de",    "packs/00", "packs/01"};
}

TEST_P(StorageConformance, ListsInBytewiseOrder) {
  put_all(tricky_names());
  std::vector<std::string> expected = tricky_names();
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(listed(""), expected);
  for (std::size_t page_size : {1, 2, 3, 5, 16, 17}) {
    ListOptions options;
    options.page_size = page_size;
    EXPECT_EQ(listed_in_pages(options), expected) << "pages of " << page_size;
  }
}

TEST_P(StorageConformance, ListsByPrefixAndStart) {
  put_all(tricky_names());
  std::vector<std::string> sorted = tricky_names();
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> borders = {"",       "a",       "a-",       "a/", "a/b", "a/b/",
                                      "a/b/c",  "a/c",     "aa/",      "b",  "c/d", "c/d/",
                                      "packs/", "packs/0", "packs/00", "x",  "~"};
  for (const std::string& prefix : borders) {
    for (const std::string& start : borders) {
      std::vector<std::string> expected;
      for (const std::string& name : sorted) {
        if (name.starts_with(prefix) && name > start) expected.push_back(name);
      }
      ListOptions options;
      options.prefix = prefix;
      options.start_after = start;
      options.page_size = 2;
      EXPECT_EQ(listed_in_pages(options), expected) << "'" << prefix << "' after '" << start << "'";
    }
  }
}

TEST_P(StorageConformance, ListsNothingInAnEmptyPlace) {
  EXPECT_TRUE(listed("").empty());
  EXPECT_TRUE(listed("packs/").empty());
  const auto page = storage().list({});
  ASSERT_WORKS(page);
  EXPECT_TRUE(page.value().next.empty());
}

TEST_P(StorageConformance, PrefixIsPlainText) {
  put_all({"ab/cd", "ab.cd", "abcd", "b"});
  EXPECT_EQ(listed("ab"), (std::vector<std::string>{"ab.cd", "ab/cd", "abcd"}));
  EXPECT_EQ(listed("ab/"), (std::vector<std::string>{"ab/cd"}));
  EXPECT_EQ(listed("ab/cd"), (std::vector<std::string>{"ab/cd"}));
  EXPECT_TRUE(listed("../").empty());
  EXPECT_TRUE(listed("/").empty());
  EXPECT_TRUE(listed("AB").empty());
  EXPECT_TRUE(listed(std::string(2000, 'a')).empty());
}

TEST_P(StorageConformance, ListsMoreThanOneDefaultPage) {
  std::vector<std::string> expected;
  std::vector<std::unique_ptr<io::Task>> tasks;
  for (int shard = 0; shard < 4; ++shard) {
    for (int i = 0; i < 300; ++i) {
      expected.push_back("many/" + std::to_string(shard) + "/" + std::to_string(1000 + i));
    }
    tasks.push_back(executor_.spawn("putter", [this, shard] {
      for (int i = 0; i < 300; ++i) {
        put("many/" + std::to_string(shard) + "/" + std::to_string(1000 + i), {1});
      }
    }));
  }
  tasks.clear();
  EXPECT_EQ(listed("many/"), expected);
  ListOptions options;
  options.prefix = "many/";
  options.start_after = expected[1100];
  EXPECT_EQ(listed_in_pages(options).size(), 99U);
}

// While objects come and go, a listing is in order, without doubles, and shows all that was there
// all the time.
TEST_P(StorageConformance, ListsWhileObjectsComeAndGo) {
  std::set<std::string> steady;
  for (int i = 0; i < 40; ++i) {
    const std::string name = "busy/" + std::to_string(i % 3) + "/steady-" + std::to_string(i);
    put(name, {1});
    steady.insert(name);
  }
  std::atomic<bool> done = false;
  const auto churn = executor_.spawn("churn", [&] {
    constexpr int churn_max = 5000;  // a listing of what never stops growing would not end
    for (int i = 0; !done && i < churn_max; ++i) {
      const std::string name = "busy/" + std::to_string(i % 3) + "/passing-" + std::to_string(i);
      const auto stored = storage().put(name, base::Bytes{1});
      EXPECT_TRUE(stored.ok()) << stored.error().to_string();
      const std::vector<std::string> names = {name};
      if (i % 2 == 0) {
        const auto removed = storage().remove(names);
        EXPECT_TRUE(removed.ok()) << removed.error().to_string();
      }
    }
  });
  for (int round = 0; round < 15; ++round) {
    ListOptions options;
    options.prefix = "busy/";
    options.page_size = 7;
    const auto names = listed_in_pages(options);
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
    const std::set<std::string> seen(names.begin(), names.end());
    EXPECT_TRUE(std::includes(seen.begin(), seen.end(), steady.begin(), steady.end()));
  }
  done = true;
}

}  // namespace holdfast::storage
