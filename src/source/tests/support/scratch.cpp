// Filling and comparing directories, with calls of its own: it shares no code with what it tests.
#include "support/scratch.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "base/check.hpp"

namespace holdfast::source::test {

namespace {

constexpr unsigned compared_flags =
    FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_SYNC_FL;

class Comparison {
 public:
  std::vector<std::string> found;
  void directories(int a, int b, const std::string& path);

 private:
  void entry(int a, int b, const std::string& name, const std::string& path);
  void contents(int a, int b, const struct stat& sa, const struct stat& sb,
                const std::string& path);
  void differ(const std::string& path, const std::string& what) {
    found.push_back(path + ": " + what);
  }
  std::map<ino_t, ino_t> links_;
};

std::set<std::string> names_in(int fd) {
  std::set<std::string> names;
  const int copy = ::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* directory = ::fdopendir(copy);
  CHECK(directory != nullptr, "a directory that can't be listed");
  while (const auto* each = ::readdir(directory)) {
    const std::string name = each->d_name;
    if (name != "." && name != "..") names.insert(name);
  }
  ::closedir(directory);
  return names;
}

std::map<std::string, std::string> attributes_of(int directory, const std::string& name) {
  const auto path = "/proc/self/fd/" + std::to_string(directory) + "/" + name;
  std::vector<char> list(65536);
  std::map<std::string, std::string> attributes;
  const auto size = ::llistxattr(path.c_str(), list.data(), list.size());
  for (const char* each = list.data(); size > 0 && each < list.data() + size;
       each += std::strlen(each) + 1) {
    std::string value(65536, '\0');
    const auto got = ::lgetxattr(path.c_str(), each, value.data(), value.size());
    value.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    attributes[each] = value;
  }
  return attributes;
}

unsigned flags_of(int fd) {
  unsigned flags = 0;
  return ::ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 ? flags & compared_flags : 0;
}

void Comparison::contents(int a, int b, const struct stat& sa, const struct stat& sb,
                          const std::string& path) {
  if (sa.st_size != sb.st_size)
    return differ(path,
                  "size " + std::to_string(sa.st_size) + " became " + std::to_string(sb.st_size));
  // Holes may be kept better than they were, never worse: 64 KiB for rounding.
  if (sb.st_blocks > sa.st_blocks + 128) differ(path, "a hole was filled");
  std::vector<char> ba(1 << 20);
  std::vector<char> bb(1 << 20);
  for (off_t at = 0; at < sa.st_size;) {
    const auto data = ::lseek(a, at, SEEK_DATA);
    const auto other = ::lseek(b, at, SEEK_DATA);
    const auto next = std::min(data < 0 ? sa.st_size : data, other < 0 ? sb.st_size : other);
    at = next;
    if (at >= sa.st_size) break;
    const auto ra = ::pread(a, ba.data(), ba.size(), at);
    const auto rb = ::pread(b, bb.data(), bb.size(), at);
    if (ra != rb || ra <= 0 ||
        std::memcmp(ba.data(), bb.data(), static_cast<std::size_t>(ra)) != 0) {
      return differ(path, "content differs near " + std::to_string(at));
    }
    at += ra;
  }
}

void Comparison::entry(int a, int b, const std::string& name, const std::string& path) {
  struct stat sa;
  struct stat sb;
  CHECK(::fstatat(a, name.c_str(), &sa, AT_SYMLINK_NOFOLLOW) == 0, "vanished");
  if (::fstatat(b, name.c_str(), &sb, AT_SYMLINK_NOFOLLOW) != 0) {
    if (!S_ISSOCK(sa.st_mode)) differ(path, "is missing");
    return;
  }
  if (sa.st_mode != sb.st_mode) differ(path, "mode differs");
  if (sa.st_uid != sb.st_uid || sa.st_gid != sb.st_gid) differ(path, "owner differs");
  if (sa.st_mtim.tv_sec != sb.st_mtim.tv_sec || sa.st_mtim.tv_nsec != sb.st_mtim.tv_nsec)
    differ(path, "mtime differs");
  if (sa.st_rdev != sb.st_rdev) differ(path, "device differs");
  if (attributes_of(a, name) != attributes_of(b, name)) differ(path, "extended attributes differ");
  if (!S_ISDIR(sa.st_mode)) {
    const auto [link, is_new] = links_.emplace(sa.st_ino, sb.st_ino);
    if (link->second != sb.st_ino) differ(path, "is no hard link any more");
    if (is_new && sa.st_nlink < sb.st_nlink) differ(path, "has too many links");
  }
  if ((sa.st_mode & S_IFMT) != (sb.st_mode & S_IFMT)) return;
  if (S_ISLNK(sa.st_mode)) {
    std::array<char, 8192> ta{};
    std::array<char, 8192> tb{};
    const auto la = ::readlinkat(a, name.c_str(), ta.data(), ta.size());
    const auto lb = ::readlinkat(b, name.c_str(), tb.data(), tb.size());
    if (la != lb || ta != tb) differ(path, "points elsewhere");
  }
  if (!S_ISDIR(sa.st_mode) && !S_ISREG(sa.st_mode)) return;
  const int fa = ::openat(a, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  const int fb = ::openat(b, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fa < 0 || fb < 0) {
    differ(path, "can't be opened");
  } else {
    if (flags_of(fa) != flags_of(fb)) differ(path, "flags differ");
    if (S_ISDIR(sa.st_mode))
      directories(fa, fb, path);
    else
      contents(fa, fb, sa, sb, path);
  }
  if (fa >= 0) ::close(fa);
  if (fb >= 0) ::close(fb);
}

void Comparison::directories(int a, int b, const std::string& path) {
  const auto names = names_in(a);
  for (const auto& name : names) entry(a, b, name, path + "/" + name);
  for (const auto& name : names_in(b)) {
    if (!names.contains(name)) differ(path + "/" + name, "was not there before");
  }
}

}  // namespace

Scratch::Scratch(On on) {
  const bool in_memory = on == On::memory && ::access("/dev/shm", W_OK) == 0;
  std::string pattern =
      in_memory ? "/dev/shm/holdfast-source-XXXXXX" : "/tmp/holdfast-source-XXXXXX";
  CHECK(::mkdtemp(pattern.data()) != nullptr, "no temporary directory");
  path_ = pattern;
}

Scratch::~Scratch() {
  const auto remove = "rm -rf '" + path_ + "'";
  if (shell(remove)) return;
  if (is_root()) shell("chattr -R -f -i -a '" + path_ + "'");
  shell("chmod -R u+rwX '" + path_ + "'; " + remove);
}

void write_file(const std::string& path, std::string_view content) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  CHECK(fd >= 0, "a file that can't be made: " + path);
  while (!content.empty()) {
    const auto put = ::write(fd, content.data(), content.size());
    CHECK(put > 0, "a file that can't be written");
    content.remove_prefix(static_cast<std::size_t>(put));
  }
  ::close(fd);
}

std::string read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "(can't be opened)";
  std::string content;
  std::array<char, 65536> buffer;
  for (ssize_t got = 0; (got = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  return content;
}

bool exists(const std::string& path) {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0;
}

void make_directory(const std::string& path) {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    ::mkdir(path.substr(0, end).c_str(), 0755);
  }
}

void set_mtime(const std::string& path, std::int64_t nanoseconds) {
  const std::array<struct timespec, 2> times{
      timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
      timespec{.tv_sec = nanoseconds / 1'000'000'000, .tv_nsec = nanoseconds % 1'000'000'000}};
  CHECK(::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) == 0,
        "no time set on " + path);
}

std::string noise(std::size_t size, std::uint64_t seed) {
  std::string bytes(size, '\0');
  std::uint64_t state = seed * 0x9e3779b97f4a7c15U + 1;
  for (auto& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<char>(state);
  }
  return bytes;
}

bool shell(const std::string& command, std::string* output) {
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  CHECK(pipe != nullptr, "no shell");
  std::array<char, 4096> buffer;
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    if (output != nullptr) output->append(buffer.data(), got);
  }
  const int status = ::pclose(pipe);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool is_root() { return ::geteuid() == 0; }

std::vector<std::string> differences(const std::string& original, const std::string& copy) {
  const int a = ::open(original.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int b = ::open(copy.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  Comparison comparison;
  if (a < 0 || b < 0) return {"a tree can't be opened"};
  comparison.directories(a, b, "");
  ::close(a);
  ::close(b);
  return comparison.found;
}

}  // namespace holdfast::source::test
