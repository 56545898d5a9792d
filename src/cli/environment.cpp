// getenv and unsetenv: called from one thread, before any other exists, or for variables that
// nothing changes.
#include "environment.hpp"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "cli/run.hpp"

namespace holdfast::cli {

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value =
      ::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nothing sets variables
  if (value == nullptr) return std::nullopt;
  return value;
}

namespace {

// An absolute path, or nothing.
std::string path_in(const char* name) {
  auto value = environment_variable(name).value_or("");
  return value.starts_with('/') ? value : std::string();
}

}  // namespace

std::string cache_directory() {
  if (auto directory = path_in("HOLDFAST_CACHE_DIR"); !directory.empty()) return directory;
  if (auto directory = path_in("XDG_CACHE_HOME"); !directory.empty())
    return directory + "/holdfast";
  if (auto directory = path_in("HOME"); !directory.empty()) return directory + "/.cache/holdfast";
  return "/var/cache/holdfast";
}

std::string state_directory() {
  if (::geteuid() == 0) return "/var/lib/holdfast";
  if (auto directory = path_in("XDG_STATE_HOME"); !directory.empty())
    return directory + "/holdfast";
  if (auto directory = path_in("HOME"); !directory.empty())
    return directory + "/.local/state/holdfast";
  return "/var/lib/holdfast";
}

base::SecretBytes take_environment_secret(const std::string& name) {
  char* value = ::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): one thread, as declared
  if (value == nullptr) return {};
  const base::MutableByteView bytes{reinterpret_cast<base::Byte*>(value), std::strlen(value)};
  base::SecretBytes secret{base::ByteView(bytes)};
  base::wipe(bytes);
  ::unsetenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): one thread, as declared
  return secret;
}

Secrets take_secrets_from_environment() {
  return {.key = take_environment_secret("BACKUP_ENCRYPTION_KEY"),
          .new_key = take_environment_secret("HOLDFAST_NEW_KEY"),
          .from_key = take_environment_secret("HOLDFAST_FROM_KEY")};
}

}  // namespace holdfast::cli
