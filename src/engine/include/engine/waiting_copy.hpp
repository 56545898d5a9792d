// WaitingCopy: when a location that lacks a copy is tried again, and what an attempt makes of it.
#pragma once

#include <cstdint>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "catalog/copy.hpp"

namespace holdfast::engine {

// A minute, then twice as long each time, an hour at most.
[[nodiscard]] base::Duration pause_after(std::uint64_t attempts);

// Whether it is tried now. A clock that was set back must not put it off.
[[nodiscard]] bool is_time_for(const catalog::CopyRecord& waiting, base::Time now);

// What it means that something isn't there.
enum class IfAbsent {
  give_up,  // the original is gone: a newer snapshot will come in its place
  wait,
};

// Stored, if it went well; dropped, if it is given up; else it waits on.
[[nodiscard]] catalog::CopyRecord after_attempt(catalog::CopyRecord waiting,
                                                const base::Result<void>& done, base::Time now,
                                                IfAbsent if_absent = IfAbsent::give_up);

}  // namespace holdfast::engine
