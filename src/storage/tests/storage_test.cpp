// What every storage shares: valid names, put, and list_all over pages as strange as servers send
// them.
#include "storage/storage.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "storage/memory.hpp"

namespace holdfast::storage {

namespace {

TEST(Names, AreWhatTheContractSays) {
  for (const char* name :
       {"a", "config", "packs/00/ff", ".a", "a.", "...", "..a", "-", "_", "0", "a/.b/c"}) {
    EXPECT_TRUE(is_valid_name(name)) << name;
  }
  for (const char* name : {"", "/", "a/", "/a", "a//b", ".", "..", "./a", "a/.", "a/..", "../a",
                           "a/./b", "a/../b", "A", "a b", "a:b", "a\tb", "\xff", "a*"}) {
    EXPECT_FALSE(is_valid_name(name)) << name;
  }
  EXPECT_FALSE(is_valid_name(std::string_view("a\0b", 3)));
  EXPECT_TRUE(is_valid_name(std::string(512, 'a')));
  EXPECT_FALSE(is_valid_name(std::string(513, 'a')));
}

// Answers from a script; everything else fails.
class ScriptedStorage final : public Storage {
 public:
  std::deque<base::Result<ListPage>> pages;
  std::vector<std::string> continuations;
  std::optional<base::Error> append_error;

  std::string describe() const override { return "scripted:"; }
  Capabilities capabilities() const override { return {}; }
  base::Result<std::unique_ptr<Upload>> begin_put() override {
    return std::unique_ptr<Upload>(std::make_unique<ScriptedUpload>(*this));
  }
  base::Result<void> read(std::string_view, Range, base::MutableByteView) override { return no(); }
  base::Result<base::Bytes> get(std::string_view, std::uint64_t, std::string_view) override {
    return no();
  }
  base::Result<ObjectInfo> stat(std::string_view) override { return no(); }
  base::Result<ListPage> list(const ListOptions& options) override {
    continuations.push_back(options.continuation);
    if (pages.empty()) return no();
    auto page = std::move(pages.front());
    pages.pop_front();
    return page;
  }
  base::Result<ListPage> list_versions(const ListOptions&) override { return no(); }
  base::Result<std::vector<RemoveOutcome>> remove(std::span<const std::string>) override {
    return no();
  }
  base::Result<void> retain(std::string_view, base::Time) override { return no(); }
  base::Result<std::optional<std::uint64_t>> free_bytes() override { return no(); }

  bool committed = false;

 private:
  class ScriptedUpload final : public Upload {
   public:
    explicit ScriptedUpload(ScriptedStorage& storage) : storage_(storage) {}
    base::Result<void> append(base::ByteView) override {
      if (storage_.append_error) return *storage_.append_error;
      return {};
    }
    base::Result<ObjectInfo> commit(std::string_view, const PutOptions&) override {
      storage_.committed = true;
      return ObjectInfo{};
    }

   private:
    ScriptedStorage& storage_;
  };
  static base::Error no() { return {base::ErrorCode::internal, "not in the script"}; }
};

ObjectInfo named(const std::string& name) {
  ObjectInfo info;
  info.name = name;
  return info;
}

TEST(ListAll, GoesOnAfterEmptyPages) {
  ScriptedStorage storage;
  storage.pages.push_back(ListPage{{}, "1"});
  storage.pages.push_back(ListPage{{named("a")}, "2"});
  storage.pages.push_back(ListPage{{}, "3"});
  storage.pages.push_back(ListPage{{named("b")}, ""});
  const auto all = storage.list_all("");
  ASSERT_TRUE(all.ok()) << all.error().to_string();
  ASSERT_EQ(all.value().size(), 2U);
  EXPECT_EQ(all.value()[1].name, "b");
  EXPECT_EQ(storage.continuations, (std::vector<std::string>{"", "1", "2", "3"}));
}

TEST(ListAll, HandsOnTheErrorOfALaterPage) {
  ScriptedStorage storage;
  storage.pages.push_back(ListPage{{named("a")}, "1"});
  storage.pages.push_back(base::Error(base::ErrorCode::unavailable, "gone"));
  const auto all = storage.list_all("");
  ASSERT_FALSE(all.ok());
  EXPECT_EQ(all.error().code(), base::ErrorCode::unavailable);
}

TEST(ListAll, NoticesAServerThatGoesRoundInCircles) {
  ScriptedStorage storage;
  for (int i = 0; i < 3; ++i) storage.pages.push_back(ListPage{{}, "same"});
  const auto all = storage.list_all("p/");
  ASSERT_FALSE(all.ok());
  EXPECT_EQ(all.error().code(), base::ErrorCode::damaged);
  EXPECT_NE(all.error().to_string().find("circles"), std::string::npos);
}

TEST(Put, CommitsNothingAfterAFailedAppend) {
  ScriptedStorage storage;
  storage.append_error = base::Error(base::ErrorCode::no_space, "full");
  const auto stored = storage.put("a", base::Bytes{1});
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code(), base::ErrorCode::no_space);
  EXPECT_FALSE(storage.committed);
}

}  // namespace

}  // namespace holdfast::storage
