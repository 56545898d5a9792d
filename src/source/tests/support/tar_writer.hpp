// Tar archives for tests, as PostgreSQL writes them.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace holdfast::source::test {

struct TarSpec {
  std::string path;
  char kind = '0';
  std::string content = {};
  std::string link = {};
};

// A member without a correct checksum: see sealed().
inline std::string tar_header(const TarSpec& spec) {
  std::string header(512, '\0');
  const auto put = [&header](std::size_t at, std::string_view text) {
    std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, std::string_view(spec.path).substr(0, 99));
  put(100, spec.kind == '5' ? "0000700" : "0000600");
  put(108, "0000146");
  put(116, "0000152");
  put(124, fmt::format("{:011o}", spec.content.size()));
  put(136, "14000000000");
  header[156] = spec.kind;
  put(157, spec.link);
  put(257, std::string_view("ustar\00000", 8));
  put(265, "postgres");
  put(297, "postgres");
  return header;
}

inline std::string sealed(std::string header) {
  std::fill_n(header.begin() + 148, 8, ' ');
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  const auto text = fmt::format("{:06o}", sum);
  std::copy(text.begin(), text.end(), header.begin() + 148);
  header[154] = '\0';
  return header;
}

inline std::string tar_member(const TarSpec& spec) {
  auto made = sealed(tar_header(spec)) + spec.content;
  made.resize((made.size() + 511) / 512 * 512, '\0');
  return made;
}

}  // namespace holdfast::source::test
