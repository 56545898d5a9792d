// Whatever is copied, whole trees or what changed of them, reads as its original.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "repository/copy.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

TestFiles any_files() {
  TestFiles files;
  const auto count = *rc::gen::inRange(0, 30);
  for (int i = 0; i < count; ++i) {
    const auto size = *rc::gen::element<std::size_t>(0, 1, 900, 1025, 5'000, 70'000);
    files["/f" + std::to_string(i)] = noise(*rc::gen::inRange<std::uint64_t>(0, 8), size);
  }
  return files;
}

TEST(CopyProperty, CopiesReadAsTheirOriginals) {
  const auto holds = rc::check("copies read as their originals", [] {
    TestRepository test;
    const auto from = test.open();
    storage::MemoryStorage place(test.clock);
    const auto around = test.environment("target");
    const Environment there{.storage = place,
                            .files = around.files,
                            .executor = around.executor,
                            .clock = around.clock,
                            .random = around.random,
                            .cache_directory = around.cache_directory};
    CreateOptions options;
    options.config = TestRepository::small_config();
    options.cost = {.memory_kib = 8 * 1024, .passes = 1};
    if (*rc::gen::arbitrary<bool>()) options.shared_domain = &from->keys();
    must(Repository::create(there, options, TestRepository::passphrase()));
    const auto to = must(Repository::open(there, TestRepository::passphrase()));
    for (int round = 0; round < 2; ++round) {
      const TestFiles files = any_files();
      test.clock.advance(base::hours(1));
      must(write_snapshot(*from, files));
      const auto reader = must(RepositoryReader::open(*from, Following::nothing));
      const auto original = must(list_snapshots(*from)).snapshots.back();
      const auto copied = must(copy_snapshot(*from, *reader, original, *to));
      const auto record = must(choose_snapshot(must(list_snapshots(*to)), base::to_hex(copied.id)));
      RC_ASSERT(must(read_snapshot(*to, record.summary.root)) == files);
    }
  });
  EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace holdfast::repository
