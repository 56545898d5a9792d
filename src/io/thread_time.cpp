// The kernel's account of a thread.
#include "io/thread_time.hpp"

#include <ctime>

namespace holdfast::io {

base::Duration thread_processor_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return {std::int64_t{now.tv_sec} * base::nanoseconds_per_second + now.tv_nsec};
}

}  // namespace holdfast::io
