// Preloaded into a program under test: its wall clock runs faster, so that days of a strategy pass
// in minutes. HOLDFAST_TEST_CLOCK="ORIGIN START SPEED": at the real second ORIGIN it shows the
// second START, and goes SPEED times as fast from there. Monotonic time stays real. Times of files
// as the storage sees them (stat, fstat, fstatat) are shown on the same clock; statx, with which
// files are captured, is left alone.
#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr std::int64_t second = 1'000'000'000;

struct Mapping {
  double origin = 0;
  double start = 0;
  double speed = 1;
  bool is_set = false;
};

const Mapping& mapping() {
  static const Mapping made = [] {
    Mapping read;
    const char* text = std::getenv("HOLDFAST_TEST_CLOCK");
    read.is_set = text != nullptr &&
                  std::sscanf(text, "%lf %lf %lf", &read.origin, &read.start, &read.speed) == 3;
    return read;
  }();
  return made;
}

// Seconds of a double lose nanoseconds, so only what has passed since the origin is scaled.
timespec shown(timespec real) {
  const auto& map = mapping();
  if (!map.is_set) return real;
  const auto origin = static_cast<std::int64_t>(map.origin) * second;
  const auto passed = std::int64_t{real.tv_sec} * second + real.tv_nsec - origin;
  const auto fake = static_cast<std::int64_t>(map.start) * second +
                    static_cast<std::int64_t>(static_cast<double>(passed) * map.speed);
  return {.tv_sec = fake / second, .tv_nsec = fake % second};
}

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

int show(int result, struct stat* status) {
  if (result == 0) {
    status->st_mtim = shown(status->st_mtim);
    status->st_ctim = shown(status->st_ctim);
  }
  return result;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t id, timespec* out) {
  static const auto real = next<int (*)(clockid_t, timespec*)>("clock_gettime");
  const int result = real(id, out);
  if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) *out = shown(*out);
  return result;
}

time_t time(time_t* out) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

int gettimeofday(timeval* out, void*) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  *out = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return 0;
}

int stat(const char* path, struct stat* out) {
  static const auto real = next<int (*)(const char*, struct stat*)>("stat");
  return show(real(path, out), out);
}

int lstat(const char* path, struct stat* out) {
  static const auto real = next<int (*)(const char*, struct stat*)>("lstat");
  return show(real(path, out), out);
}

int fstat(int fd, struct stat* out) {
  static const auto real = next<int (*)(int, struct stat*)>("fstat");
  return show(real(fd, out), out);
}

int fstatat(int directory, const char* path, struct stat* out, int flags) {
  static const auto real = next<int (*)(int, const char*, struct stat*, int)>("fstatat");
  return show(real(directory, path, out, flags), out);
}

}  // extern "C"
