// WaitingCopy: what an attempt to give a location the copy that it lacks makes of it.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "catalog/copy.hpp"

namespace holdfast::engine {

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
