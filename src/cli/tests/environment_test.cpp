// Secrets leave the environment when they are read.
#include "environment.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "cli/run.hpp"

namespace holdfast::cli {
namespace {

TEST(Environment, ASecretIsTakenOutAndOverwritten) {
  ::setenv("HOLDFAST_TEST_SECRET", "hush", 1);
  const char* where = ::getenv("HOLDFAST_TEST_SECRET");
  const auto secret = take_environment_secret("HOLDFAST_TEST_SECRET");
  EXPECT_EQ(base::as_text(secret.view()), "hush");
  EXPECT_EQ(::getenv("HOLDFAST_TEST_SECRET"), nullptr);
  EXPECT_EQ(std::memcmp(where, "\0\0\0\0", 4), 0);
  EXPECT_TRUE(take_environment_secret("HOLDFAST_TEST_SECRET").empty());
}

TEST(Environment, AllSecretsAreTaken) {
  ::setenv("HOLDFAST_FROM_KEY", "three", 1);
  ::setenv("BACKUP_ENCRYPTION_KEY", "one", 1);
  ::setenv("HOLDFAST_NEW_KEY", "two", 1);
  const auto secrets = take_secrets_from_environment();
  EXPECT_EQ(base::as_text(secrets.key.view()), "one");
  EXPECT_EQ(base::as_text(secrets.new_key.view()), "two");
  EXPECT_FALSE(environment_variable("BACKUP_ENCRYPTION_KEY").has_value());
  EXPECT_EQ(base::as_text(secrets.from_key.view()), "three");
  EXPECT_FALSE(environment_variable("HOLDFAST_NEW_KEY").has_value());
  EXPECT_FALSE(environment_variable("HOLDFAST_FROM_KEY").has_value());
}

TEST(Environment, TheCacheLiesWhereTheFirstVariableSays) {
  const auto home = environment_variable("HOME").value_or("/");
  for (const auto* name : {"HOLDFAST_CACHE_DIR", "XDG_CACHE_HOME", "HOME"}) ::unsetenv(name);
  EXPECT_EQ(cache_directory(), "/var/cache/holdfast");
  ::setenv("HOME", "/home/me", 1);
  EXPECT_EQ(cache_directory(), "/home/me/.cache/holdfast");
  ::setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_EQ(cache_directory(), "/home/me/.cache/holdfast");
  ::setenv("XDG_CACHE_HOME", "/caches", 1);
  EXPECT_EQ(cache_directory(), "/caches/holdfast");
  ::setenv("HOLDFAST_CACHE_DIR", "/fast", 1);
  EXPECT_EQ(cache_directory(), "/fast");
  ::unsetenv("HOLDFAST_CACHE_DIR");
  ::unsetenv("XDG_CACHE_HOME");
  ::setenv("HOME", home.c_str(), 1);
}

}  // namespace
}  // namespace holdfast::cli
