// Damage at rest, and repair that crashes: bits flip in a stored object; verification must say so,
// repair, begun anew after each crash, must end in a repository that verifies, and whatever could
// be read before must still be there. With parity nothing may be lost at all.
#include <gtest/gtest.h>

#include <iostream>

#include "engine/verify.hpp"
#include "repository/mend.hpp"
#include "repository/object_name.hpp"
#include "repository/repair.hpp"
#include "repository/snapshot_list.hpp"
#include "simulation/world_files.hpp"
#include "storage/fault.hpp"
#include "storage/memory.hpp"
#include "support/seeded_sodium.hpp"
#include "support/simulated_executor.hpp"
#include "support/simulated_file_system.hpp"

namespace holdfast::simulation {
namespace {

base::ByteView passphrase() { return base::as_bytes("simulated passphrase"); }

// One storage and one machine that uses it.
class DamagedWorld {
 public:
  explicit DamagedWorld(std::uint64_t seed)
      : executor_({.seed = seed, .early_timeouts = 0}),
        sodium_(seed),
        random_(seed),
        disk_(seed),
        storage_(executor_.clock(), {.capabilities = {.consistent = true}, .capacity = {}}) {}

  void run() {
    executor_.run([this] { live(); });
  }
  void run_protected() {
    executor_.run([this] { live_protected(); });
  }

 private:
  repository::Environment environment(storage::Storage& storage, io::FileSystem& files) {
    return {.storage = storage,
            .files = files,
            .executor = executor_,
            .clock = executor_.clock(),
            .random = random_,
            .cache_directory = "/cache"};
  }

  void live() {
    SimulatedFileSystem files(disk_);
    ASSERT_NO_FATAL_FAILURE(make_snapshots(files));
    const auto victim = damage_one();
    SCOPED_TRACE(victim);
    expect_verdict(files, true);
    std::vector<bool> readable;
    for (const auto& [root, content] : snapshots_)
      readable.push_back(is_whole(files, root, content));
    repair_until_done(files);
    expect_verdict(files, false);
    for (std::size_t i = 0; i < snapshots_.size(); ++i) {
      if (readable[i]) {
        EXPECT_TRUE(is_whole(files, snapshots_[i].first, snapshots_[i].second)) << "snapshot " << i;
      }
    }
  }

  // Holes of the guaranteed size in many objects, the key slot among them.
  void live_protected() {
    SimulatedFileSystem files(disk_);
    ASSERT_NO_FATAL_FAILURE(make_snapshots(files));
    until_done([&](storage::Storage& storage) {
      return repository::protect(storage, executor_, 5, {}, {}).ok();
    });
    ASSERT_TRUE(repository::each_parity_object(storage_, [&](const auto& info) {
                  if (random_.below(3) == 0 || info.name.starts_with(repository::keys_prefix))
                    dig(info.name, info.size);
                  return base::Result<void>();
                }).ok());
    until_done([&](storage::Storage& storage) {
      const auto mended = repository::mend(storage, executor_, {}, {});
      if (mended.ok()) {
        EXPECT_TRUE(mended.value().unmendable.empty());
      }
      return mended.ok();
    });
    expect_verdict(files, false);
    for (const auto& [root, content] : snapshots_) EXPECT_TRUE(is_whole(files, root, content));
    EXPECT_TRUE(storage_.list_all(repository::mended_prefix).value().empty());
  }

  void dig(const std::string& name, std::uint64_t size) {
    const auto loss = repository::ParityLayout::choose(size, 5).loss_max();
    const auto at = random_.below(size - loss + 1);
    EXPECT_TRUE(storage_
                    .damage(name,
                            [&](base::Bytes& bytes) {
                              for (auto i = at; i < at + loss; ++i) bytes[i] ^= 0xff;
                            })
                    .ok());
  }

  // The client crashes a few times, then it gets through.
  template <typename Attempt>
  void until_done(Attempt attempt) {
    for (int number = 0; number < 6; ++number) {
      storage::FaultOptions faults;
      if (number < 4) faults.crash_at_call = 1 + random_.below(150);
      storage::FaultStorage faulty(storage_, executor_.clock(), random_.number(), faults);
      if (attempt(faulty)) return;
      EXPECT_TRUE(faulty.crashed());
    }
    ADD_FAILURE() << "never done";
  }

  void make_snapshots(io::FileSystem& files) {
    repository::CreateOptions create;
    create.config.chunker = {.size_min = 1024, .size_target = 2048, .size_max = 8192};
    create.config.pack_data_max = 16 * 1024;
    create.config.pack_tree_max = 4 * 1024;
    create.config.bundle_file_max = 1024;
    create.config.bundle_target = 4096;
    create.cost = {.memory_kib = 8 * 1024, .passes = 1};
    ASSERT_TRUE(
        repository::Repository::create(environment(storage_, files), create, passphrase()).ok());
    WorldFiles tree;
    for (int i = 0; i < 4; ++i) {
      auto repository = open(storage_, files);
      for (int n = 0; n < 3; ++n) change_files(tree, random_);
      const auto made = write_files(*repository, tree, "m");
      ASSERT_TRUE(made.ok()) << made.error().to_string();
      snapshots_.emplace_back(made.value().summary.root, tree);
    }
  }

  std::unique_ptr<repository::Repository> open(storage::Storage& storage, io::FileSystem& files) {
    auto opened = repository::Repository::open(environment(storage, files), passphrase());
    EXPECT_TRUE(opened.ok()) << opened.error().to_string();
    return opened.ok() ? std::move(opened).value() : nullptr;
  }

  // A pack, a segment or a snapshot: each sort as often as the others.
  std::string damage_one() {
    static constexpr std::array prefixes = {"data/", "tree/", "index/", "snapshots/"};
    const auto objects = storage_.list_all(prefixes[random_.below(prefixes.size())]).value();
    const auto name = objects[random_.below(objects.size())].name;
    EXPECT_TRUE(storage_
                    .damage(name,
                            [&](base::Bytes& bytes) {
                              bytes[random_.below(bytes.size())] ^=
                                  static_cast<base::Byte>(1U << random_.below(8));
                            })
                    .ok());
    return name;
  }

  void expect_verdict(io::FileSystem& files, bool damaged) {
    auto repository = open(storage_, files);
    ASSERT_NE(repository, nullptr);
    const auto report = engine::verify(*repository, engine::Level::readable, std::nullopt, {}, {});
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    EXPECT_EQ(report.value().damage_count > 0, damaged)
        << (report.value().findings.empty() ? "" : report.value().findings[0].message);
    EXPECT_EQ(report.value().unchecked_count, 0U);
  }

  bool is_whole(io::FileSystem& files, const repository::TreeRoot& root,
                const WorldFiles& content) {
    auto repository = open(storage_, files);
    const auto found = read_files(*repository, root);
    if (found.ok()) EXPECT_TRUE(found.value() == content) << "wrong bytes and no error";
    return found.ok();
  }

  // Each attempt gets further, or the crashes stop coming.
  void repair_until_done(io::FileSystem& files) {
    for (std::uint64_t attempt = 0; attempt < 6; ++attempt) {
      storage::FaultOptions faults;
      if (attempt < 4) faults.crash_at_call = 1 + random_.below(120);
      storage::FaultStorage faulty(storage_, executor_.clock(), random_.number(), faults);
      auto opened = repository::Repository::open(environment(faulty, files), passphrase());
      if (!opened.ok()) continue;
      const auto done = repository::repair(*opened.value(), {}, {});
      executor_.sleep(base::hours(2), {});
      if (done.ok()) return;
      EXPECT_TRUE(faulty.crashed()) << done.error().to_string();
    }
    ADD_FAILURE() << "repair never ended";
  }

  SimulatedExecutor executor_;
  SeededSodium sodium_;
  base::SeededRandom random_;
  SimulatedDisk disk_;
  storage::MemoryStorage storage_;
  std::vector<std::pair<repository::TreeRoot, WorldFiles>> snapshots_;
};

TEST(SimulatedDamage, IsFoundAndRepaired) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::cout << "seed " << seed << "\n";
    DamagedWorld(seed).run();
    if (HasFailure()) return;
  }
}

TEST(SimulatedDamage, WithParityNothingIsLost) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::cout << "seed " << seed << "\n";
    DamagedWorld(seed).run_protected();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace holdfast::simulation
