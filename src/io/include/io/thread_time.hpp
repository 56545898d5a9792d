// How much processor time the calling thread has used: for accounts of where a run's time went.
#pragma once

#include "base/clock.hpp"

namespace holdfast::io {

// User and system time of this thread since it began. Differences on one thread are meaningful.
[[nodiscard]] base::Duration thread_processor_time();

}  // namespace holdfast::io
