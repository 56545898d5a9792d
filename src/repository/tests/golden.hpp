// Golden bytes: what the formats were in version 1 they are for ever. A test compares with the
// hexadecimal text in golden/NAME.hex; HOLDFAST_ACCEPT_GOLDEN=1 in the environment writes it
// instead.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "base/bytes.hpp"

namespace holdfast::repository {

inline void expect_golden(const std::string& name, base::ByteView bytes) {
  const auto path = std::string(HOLDFAST_TESTS_DIR) + "/golden/" + name + ".hex";
  std::string text;
  const auto hex = base::to_hex(bytes);
  for (std::size_t at = 0; at < hex.size(); at += 96) text += hex.substr(at, 96) + "\n";
  const char* accept = std::getenv("HOLDFAST_ACCEPT_GOLDEN");
  if (accept != nullptr && std::string_view(accept) == "1") {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream file(path);
  ASSERT_TRUE(file.good()) << path << " is missing; HOLDFAST_ACCEPT_GOLDEN=1 writes it";
  const std::string golden{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_EQ(text, golden)
      << "the format has changed: repositories of others can't be read any more";
}

// For what holds randomness that no seed rules (a sealed box): the bytes of golden/NAME.hex, which
// every version must read. HOLDFAST_ACCEPT_GOLDEN=1 writes `fresh` there first.
inline base::Bytes golden_bytes(const std::string& name, base::ByteView fresh) {
  const char* accept = std::getenv("HOLDFAST_ACCEPT_GOLDEN");
  if (accept != nullptr && std::string_view(accept) == "1") expect_golden(name, fresh);
  const auto path = std::string(HOLDFAST_TESTS_DIR) + "/golden/" + name + ".hex";
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path << " is missing; HOLDFAST_ACCEPT_GOLDEN=1 writes it";
  std::string hex;
  for (std::string line; std::getline(file, line);) hex += line;
  auto bytes = base::from_hex(hex);
  EXPECT_TRUE(bytes.ok()) << path;
  return bytes.ok() ? std::move(bytes).value() : base::Bytes();
}

}  // namespace holdfast::repository
