// What a scratch process is kept from. Called between fork and exec: nothing here allocates or
// takes a lock.
#pragma once

namespace holdfast::engine {

// No network, if we may make an empty one.
void leave_network() noexcept;
// From now on nothing is written, made or removed outside of the folder behind `descriptor` and
// /dev, if the kernel knows how (Landlock). Nothing that is started later can get out of it.
void write_only_below(int descriptor) noexcept;
// The lowest priority of CPU, and of disks when nobody else wants them.
void step_back() noexcept;

}  // namespace holdfast::engine
