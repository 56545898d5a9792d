// Types of files by their content, whatever they are called.
#include "file_type.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_directory.hpp"

namespace holdfast::engine {

namespace {

TEST(FileTypes, LookAtContent) {
  const TemporaryDirectory directory;
  auto types = FileTypes::open().value();
  const auto type = [&](const std::string& name, const std::string& content) {
    std::ofstream(directory / name, std::ios::binary) << content;
    return types.type_of(directory / name).value();
  };
  EXPECT_EQ(type("image.txt", std::string("\xFF\xD8\xFF\xE0\0\x10JFIF\0\1\1", 13)), "image/jpeg");
  EXPECT_EQ(type("text.jpg", "a few words\n"), "text/plain");
  EXPECT_EQ(
      type("picture", std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\6\0\0\0", 29)),
      "image/png");
  EXPECT_FALSE(types.type_of(directory / "nothing").ok());
  std::filesystem::create_symlink(directory / "text.jpg", directory / "link");
  EXPECT_FALSE(types.type_of(directory / "link").ok());
}

}  // namespace

}  // namespace holdfast::engine
