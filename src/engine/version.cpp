// The version, from the build.
#include "engine/version.hpp"

#ifndef HOLDFAST_VERSION
#define HOLDFAST_VERSION "0.1.0"
#endif

namespace holdfast::engine {

std::string program_name_and_version() { return "holdfast " HOLDFAST_VERSION; }

}  // namespace holdfast::engine
