// Paths, methods, parameters.
#include "router.hpp"

#include <gtest/gtest.h>

namespace holdfast::server {

namespace {

Route route(const char* method, const char* path) {
  return {.method = method, .path = path, .handler = [](const Request&) { return Response{}; }};
}

const Router& router() {
  static const Router made({route("GET", "/"), route("GET", "/runs"), route("GET", "/runs/:id"),
                            route("POST", "/runs/:id/cancel"), route("GET", "/runs/latest"),
                            route("POST", "/runs")});
  return made;
}

std::string path_of(const Router::Found& found) {
  return found.route == nullptr ? "" : found.route->path;
}

TEST(Router, FindsExactPathsAndParameters) {
  EXPECT_EQ(path_of(router().find("GET", {})), "/");
  EXPECT_EQ(path_of(router().find("GET", {"runs"})), "/runs");
  const auto one = router().find("GET", {"runs", "x y"});
  EXPECT_EQ(path_of(one), "/runs/:id");
  EXPECT_EQ(one.parameters.at("id"), "x y");
  EXPECT_EQ(router().find("POST", {"runs", "7", "cancel"}).parameters.at("id"), "7");
}

TEST(Router, ExactGoesBeforeParameters) {
  EXPECT_EQ(path_of(router().find("GET", {"runs", "latest"})), "/runs/latest");
}

TEST(Router, KnowsWhatAPathTakes) {
  EXPECT_EQ(router().find("DELETE", {"runs"}).allowed, "GET, HEAD, POST");
  EXPECT_EQ(path_of(router().find("HEAD", {"runs"})), "/runs");
  EXPECT_EQ(path_of(router().find("HEAD", {"runs", "7", "cancel"})), "");
  EXPECT_EQ(router().find("GET", {"nothing"}).allowed, "");
  EXPECT_EQ(router().find("GET", {"runs", ""}).allowed, "");
  EXPECT_EQ(router().find("GET", {"runs", "7", "cancel", "now"}).allowed, "");
}

TEST(RouterDeathTest, TwoRoutesForOneRequestAreAMistake) {
  EXPECT_DEATH(Router({route("GET", "/a"), route("GET", "/a")}), "/a");
}

}  // namespace

}  // namespace holdfast::server
