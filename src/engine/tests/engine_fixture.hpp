// A real directory of files, a repository on local storage beside it, and machines with caches of
// their own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/backup.hpp"
#include "engine/location.hpp"
#include "engine/restore.hpp"

namespace holdfast::engine {

// Ends the test's process unless the result is a value, which it gives.
template <typename T>
T must(base::Result<T> result) {
  CHECK(result.ok(), result.ok() ? "" : result.error().to_string());
  return std::move(result).value();
}
inline void must(base::Result<void> result) {
  CHECK(result.ok(), result.ok() ? "" : result.error().to_string());
}

class EngineTest : public testing::Test {
 protected:
  EngineTest();
  ~EngineTest() override;

  static constexpr const char* passphrase = "test passphrase";
  [[nodiscard]] static base::ByteView bytes(std::string_view text) { return base::as_bytes(text); }

  // Small packs and chunks, so that little content makes several of each; a cheap passphrase.
  [[nodiscard]] static repository::CreateOptions small_repository();
  [[nodiscard]] LocationOptions location(const std::string& machine = "a") const;
  void create();
  [[nodiscard]] std::unique_ptr<Location> open(std::string_view with = passphrase,
                                               const std::string& machine = "a") const;

  // Of `files()`, a directory.
  [[nodiscard]] std::string root() const { return directory_; }
  [[nodiscard]] std::string files() const { return directory_ + "/files"; }
  void write(const std::string& name, std::string_view content) const;
  [[nodiscard]] static std::string noise(std::uint64_t seed, std::size_t size);
  // A directory, files of several sizes, a symlink, a hard link.
  void make_tree() const;
  // Waits until a stat of what is there is trusted: its times lie two seconds back.
  static void let_it_settle();

  [[nodiscard]] BackupOptions backup_options() const;
  [[nodiscard]] BackupReport back_up(Location& at) const;
  // The snapshot's files in a fresh directory, which is returned.
  [[nodiscard]] std::string restored(Location& at, const std::string& snapshot = "latest",
                                     const std::string& into = "restored") const;
  // What differs between two directories: kind, permissions, mtime, content, target, links.
  [[nodiscard]] static std::vector<std::string> differences(const std::string& original,
                                                            const std::string& copy);

  // Objects of the repository as files, by prefix, such as "data/"; paths relative to it.
  [[nodiscard]] std::vector<std::string> objects(const std::string& prefix) const;
  [[nodiscard]] std::string object_path(const std::string& name) const;
  void flip_byte(const std::string& object, std::uint64_t at) const;
  void truncate(const std::string& object, std::uint64_t size) const;
  void remove(const std::string& object) const;

 private:
  std::string directory_;
};

}  // namespace holdfast::engine
