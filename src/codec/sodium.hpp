// libsodium's start, which must precede its other calls.
#pragma once

namespace holdfast::codec {

// Cheap after the first call. Thread-safe.
void start_sodium();

}  // namespace holdfast::codec
