// The program's log: leveled lines on standard error. Secrets never go here. spdlog stays behind
// log.cpp.
#pragma once

#include <string_view>

namespace holdfast::base {

enum class LogLevel { debug, info, warning, error };

// Lines below `level` are dropped. The default is warning. Thread-safe.
void set_log_level(LogLevel level);
void log(LogLevel level, std::string_view message);

}  // namespace holdfast::base
