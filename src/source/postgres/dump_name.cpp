// Names that are safe as files.
#include "dump_name.hpp"

#include <fmt/format.h>

namespace holdfast::source {

std::string postgres_dump_name(std::string_view database) {
  std::string made;
  for (const char c : database) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_harmless =
        byte > 0x20 && byte != 0x7F && c != '/' && c != '%' && (c != '.' || !made.empty());
    if (is_harmless) {
      made += c;
    } else {
      made += fmt::format("%{:02X}", byte);
    }
  }
  return made + ".dump";
}

}  // namespace holdfast::source
