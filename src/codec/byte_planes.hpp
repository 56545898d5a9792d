// The byte-plane filter: byte k of every N-byte element goes to plane k. In an array of
// floating-point numbers the bytes that hold exponents are alike and those that hold mantissas are
// noise; apart, the former compress.
#pragma once

#include "base/bytes.hpp"

namespace holdfast::codec {

// `out` has the size of `plain`: plane 0, plane 1, …, then the bytes after the last whole element.
// They don't overlap.
void split_planes_2(base::ByteView plain, base::MutableByteView out);
void split_planes_4(base::ByteView plain, base::MutableByteView out);

// The reverse.
void merge_planes_2(base::ByteView planes, base::MutableByteView out);
void merge_planes_4(base::ByteView planes, base::MutableByteView out);

}  // namespace holdfast::codec
