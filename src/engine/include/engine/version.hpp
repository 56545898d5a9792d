// The program's name and version, as it goes into snapshots and --version.
#pragma once

#include <string>

namespace holdfast::engine {

[[nodiscard]] std::string program_name_and_version();  // "holdfast 0.1.0"

}  // namespace holdfast::engine
