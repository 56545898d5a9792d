// The simulated disk keeps what was made durable, and may lose or tear the rest.
#include "support/simulated_file_system.hpp"

#include <gtest/gtest.h>

#include <set>

namespace holdfast::simulation {
namespace {

using Durable = io::FileWriter::Durable;

void write(io::FileSystem& files, const std::string& path, std::string_view text, Durable durable) {
  auto writer = files.create(path);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer.value()->append(base::as_bytes(text)).ok());
  ASSERT_TRUE(writer.value()->commit(durable).ok());
}

std::string text_of(io::FileSystem& files, const std::string& path) {
  const auto bytes = files.read(path);
  return bytes.ok() ? std::string(bytes.value().begin(), bytes.value().end()) : "(absent)";
}

TEST(SimulatedFileSystem, KeepsWhatIsDurable) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimulatedDisk disk(seed);
    SimulatedFileSystem files(disk);
    write(files, "/a/x", "old", Durable::yes);
    disk.cut_power();
    EXPECT_EQ(text_of(files, "/a/x"), "old");
    EXPECT_EQ(files.list("/a").value(), std::vector<std::string>{"x"});
  }
}

TEST(SimulatedFileSystem, LosesTearsAndBringsBackTheRest) {
  std::set<std::string> replaced;
  std::set<std::string> removed;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimulatedDisk disk(seed);
    SimulatedFileSystem files(disk);
    write(files, "/r", "old", Durable::yes);
    write(files, "/r", "new", Durable::no);
    write(files, "/d", "old", Durable::yes);
    ASSERT_TRUE(files.remove("/d").ok());
    EXPECT_EQ(text_of(files, "/d"), "(absent)");
    disk.cut_power();
    replaced.insert(text_of(files, "/r"));
    removed.insert(text_of(files, "/d"));
  }
  EXPECT_EQ(replaced, (std::set<std::string>{"old", "new", "", "n", "ne"}));
  EXPECT_EQ(removed, (std::set<std::string>{"old", "(absent)"}));
}

TEST(SimulatedFileSystem, TearsTables) {
  std::set<std::size_t> kept;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimulatedDisk disk(seed);
    SimulatedFileSystem files(disk);
    {
      auto table = files.map_table("/t", 4096);
      ASSERT_TRUE(table.ok());
      for (auto& byte : table.value()->bytes()) byte = base::Byte{1};
    }
    disk.cut_power();
    const auto bytes = files.read("/t");
    kept.insert(bytes.ok() ? static_cast<std::size_t>(std::count(
                                 bytes.value().begin(), bytes.value().end(), base::Byte{1}))
                           : 0);
  }
  EXPECT_GT(kept.size(), 4U);
  EXPECT_TRUE(kept.contains(4096));
}

TEST(SimulatedFileSystem, TableOfAnotherSizeIsReplacedByZeros) {
  SimulatedDisk disk(1);
  SimulatedFileSystem files(disk);
  files.map_table("/t", 8).value()->bytes()[0] = base::Byte{7};
  EXPECT_EQ(files.map_table("/t", 8).value()->bytes()[0], base::Byte{7});
  EXPECT_EQ(files.map_table("/t", 16).value()->bytes()[0], base::Byte{0});
}

TEST(SimulatedFileSystem, FillsUpAndDies) {
  SimulatedDisk disk(1);
  SimulatedFileSystem full(disk, {.before_call = {}, .no_space = 1});
  EXPECT_EQ(full.create("/x").error().code(), base::ErrorCode::no_space);
  SimulatedFileSystem dead(disk, {.before_call = [](std::string_view) { return false; }});
  EXPECT_EQ(dead.read("/x").error().code(), base::ErrorCode::io);
  EXPECT_EQ(disk.files(), 0U);
}

}  // namespace
}  // namespace holdfast::simulation
