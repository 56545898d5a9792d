// Making, damaging and comparing directories and repositories.
#include "engine_fixture.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/random.hpp"
#include "codec/hash.hpp"

namespace holdfast::engine {

namespace fs = std::filesystem;

namespace {

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Everything that is compared of one item, as text.
std::string description(const fs::path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return "absent";
  std::string text = std::to_string(status.st_mode) + " " + std::to_string(status.st_uid) + " " +
                     std::to_string(status.st_mtim.tv_sec) + "." +
                     std::to_string(status.st_mtim.tv_nsec);
  if (S_ISLNK(status.st_mode)) text += " -> " + fs::read_symlink(path).string();
  if (S_ISREG(status.st_mode)) {
    text += " " + std::to_string(status.st_nlink) + " " +
            base::to_hex(codec::sha256(base::as_bytes(content_of(path))));
  }
  return text;
}

std::map<std::string, std::string> describe_all(const std::string& directory) {
  std::map<std::string, std::string> all;
  all["."] = description(directory);
  for (const auto& each : fs::recursive_directory_iterator(directory)) {
    all[fs::relative(each.path(), directory)] = description(each.path());
  }
  return all;
}

}  // namespace

EngineTest::EngineTest() {
  auto pattern = (fs::temp_directory_path() / "holdfast-engine-XXXXXX").string();
  CHECK(::mkdtemp(pattern.data()) != nullptr, "no temporary directory");
  directory_ = pattern;
  fs::create_directory(files());
}

EngineTest::~EngineTest() {
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

repository::CreateOptions EngineTest::small_repository() {
  repository::CreateOptions options;
  options.config.chunker = {.size_min = 1024, .size_target = 4096, .size_max = 16'384};
  options.config.pack_data_max = 64 * 1024;
  options.config.pack_tree_max = 16 * 1024;
  options.config.bundle_file_max = 1024;
  options.config.bundle_target = 4096;
  options.cost = {.memory_kib = 8 * 1024, .passes = 1};
  return options;
}

LocationOptions EngineTest::location(const std::string& machine) const {
  return {.url = directory_ + "/repository", .cache_directory = directory_ + "/cache-" + machine};
}

void EngineTest::create() {
  (void)must(Location::create(location(), small_repository(), bytes(passphrase)));
}

std::unique_ptr<Location> EngineTest::open(std::string_view with,
                                           const std::string& machine) const {
  return must(Location::open(location(machine), bytes(with)));
}

void EngineTest::write(const std::string& name, std::string_view content) const {
  const fs::path path = files() + "/" + name;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::string EngineTest::noise(std::uint64_t seed, std::size_t size) {
  base::SeededRandom random(seed);
  std::string text(size, '\0');
  random.fill({reinterpret_cast<base::Byte*>(text.data()), text.size()});
  return text;
}

void EngineTest::make_tree() const {
  write("large", noise(1, 300'000));
  write("below/middle", noise(2, 20'000));
  write("below/small", "a few bytes");
  write("below/empty", "");
  std::string text;
  for (int i = 0; text.size() < 50'000; ++i) text += "line " + std::to_string(i) + "\n";
  write("below/deeper/text", text.substr(0, 50'000));
  fs::create_symlink("large", files() + "/link");
  fs::create_hard_link(files() + "/below/middle", files() + "/same");
  fs::create_directory(files() + "/nothing");
  fs::permissions(files() + "/below/small", fs::perms::owner_read);
}

void EngineTest::let_it_settle() { io::ThreadExecutor().sleep(base::milliseconds(2'100), {}); }

BackupOptions EngineTest::backup_options() const {
  BackupOptions options;
  options.capture.roots = {files()};
  options.host = "test";
  return options;
}

BackupReport EngineTest::back_up(Location& at) const {
  return must(engine::back_up(at.repository(), backup_options(), {}, {}));
}

std::string EngineTest::restored(Location& at, const std::string& snapshot,
                                 const std::string& into) const {
  const source::FilesRestoreOptions options{.target = directory_ + "/" + into, .path = files()};
  const auto report = must(engine::restore(at.repository(), snapshot, options, {}, {}));
  EXPECT_EQ(report.files.totals.failures, 0U);
  EXPECT_FALSE(report.files.damaged);
  return options.target;
}

std::vector<std::string> EngineTest::differences(const std::string& original,
                                                 const std::string& copy) {
  const auto before = describe_all(original);
  const auto after = describe_all(copy);
  std::vector<std::string> found;
  for (const auto& [path, text] : before) {
    const auto other = after.find(path);
    if (other == after.end() || other->second != text) found.push_back(path);
  }
  for (const auto& [path, text] : after) {
    if (!before.contains(path)) found.push_back(path);
  }
  return found;
}

std::vector<std::string> EngineTest::objects(const std::string& prefix) const {
  const auto top = location().url;
  std::vector<std::string> names;
  if (!fs::exists(top + "/" + prefix)) return names;
  for (const auto& each : fs::recursive_directory_iterator(top + "/" + prefix)) {
    if (each.is_regular_file()) names.push_back(fs::relative(each.path(), top));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string EngineTest::object_path(const std::string& name) const {
  return location().url + "/" + name;
}

void EngineTest::flip_byte(const std::string& object, std::uint64_t at) const {
  std::fstream file(object_path(object), std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(at));
  const auto byte = static_cast<char>(file.get() ^ 1);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
  CHECK(file.good(), "an object that can't be damaged");
}

void EngineTest::truncate(const std::string& object, std::uint64_t size) const {
  fs::resize_file(object_path(object), size);
}

void EngineTest::remove(const std::string& object) const {
  CHECK(fs::remove(object_path(object)), "no such object");
}

}  // namespace holdfast::engine
