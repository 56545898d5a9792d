// What the conformance suite of storages stands on: a place under test, and the fixture. A source
// file that only adds cases to a binary which has the suite already includes this header:
//
//   INSTANTIATE_TEST_SUITE_P(Local, StorageConformance, testing::Values(StorageCase{"local",
//   make_local}), case_name);
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "base/units.hpp"
#include "io/executor.hpp"
#include "storage/storage.hpp"

namespace holdfast::storage {

// A fresh, empty place with one client. Destroying it removes the place.
class StorageUnderTest {
 public:
  virtual ~StorageUnderTest() = default;
  [[nodiscard]] virtual Storage& storage() = 0;
  // Makes the place unreachable, as an unmounted disk or a dead server is, and back. False: cannot
  // be done here.
  [[nodiscard]] virtual bool go_offline() { return false; }
  virtual void come_back() {}
  // Where there are versions: whether a removal takes them away, instead of covering them.
  [[nodiscard]] virtual bool removes_for_good() const { return false; }
};

struct StorageCase {
  std::string name;  // letters, digits, underscores
  std::function<std::unique_ptr<StorageUnderTest>()> make;
};
inline void PrintTo(const StorageCase& one, std::ostream* out) { *out << one.name; }
inline std::string case_name(const testing::TestParamInfo<StorageCase>& info) {
  return info.param.name;
}

// Expects `expression` (a Result) to fail with `expected_code`.
#define EXPECT_FAILS(expected_code, expression)               \
  do {                                                        \
    const auto& failing_ = (expression);                      \
    ASSERT_FALSE(failing_.ok()) << #expression;               \
    EXPECT_EQ(base::error_code_name(expected_code),           \
              base::error_code_name(failing_.error().code())) \
        << failing_.error().to_string();                      \
  } while (false)
#define ASSERT_WORKS(expression)                                \
  do {                                                          \
    const auto& working_ = (expression);                        \
    ASSERT_TRUE(working_.ok()) << working_.error().to_string(); \
  } while (false)

class StorageConformance : public testing::TestWithParam<StorageCase> {
 protected:
  void SetUp() override {
    under_test_ = GetParam().make();
    ASSERT_NE(under_test_, nullptr);
  }

  [[nodiscard]] Storage& storage() { return under_test_->storage(); }
  [[nodiscard]] StorageUnderTest& place() { return *under_test_; }

  static base::Bytes random_bytes(std::size_t size, std::uint64_t seed) {
    base::SeededRandom random(seed);
    base::Bytes bytes(size);
    random.fill(bytes);
    return bytes;
  }

  void put(const std::string& name, const base::Bytes& content) {
    const auto stored = storage().put(name, content);
    ASSERT_TRUE(stored.ok()) << stored.error().to_string();
    EXPECT_EQ(stored.value().name, name);
    EXPECT_EQ(stored.value().size, content.size());
    EXPECT_EQ(stored.value().kind, ObjectInfo::Kind::object);
  }

  void put_all(const std::vector<std::string>& names) {
    for (const std::string& name : names) put(name, {1, 2, 3});
  }

  std::vector<std::string> names_of(const std::vector<ObjectInfo>& objects) {
    std::vector<std::string> names;
    for (const ObjectInfo& one : objects) names.push_back(one.name);
    return names;
  }

  std::vector<std::string> listed(const std::string& prefix) {
    const auto all = storage().list_all(prefix);
    EXPECT_TRUE(all.ok()) << all.error().to_string();
    return all.ok() ? names_of(all.value()) : std::vector<std::string>{"the listing failed"};
  }

  // Every page, with what each must obey.
  std::vector<std::string> listed_in_pages(ListOptions options) {
    std::vector<std::string> names;
    for (int pages = 0; pages < 10000; ++pages) {
      const auto page = storage().list(options);
      EXPECT_TRUE(page.ok()) << page.error().to_string();
      if (!page.ok()) return names;
      EXPECT_LE(page.value().objects.size(), options.page_size);
      for (const ObjectInfo& one : page.value().objects) names.push_back(one.name);
      options.continuation = page.value().next;
      if (options.continuation.empty()) return names;
    }
    ADD_FAILURE() << "the listing does not end";
    return names;
  }

  io::ThreadExecutor executor_;

 private:
  std::unique_ptr<StorageUnderTest> under_test_;
};

}  // namespace holdfast::storage
