// Plain loops that the compiler turns into vector code: hence -O3, and on x86 one copy for AVX2,
// chosen when the program is loaded.
#include "byte_planes.hpp"

#include "base/check.hpp"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define HOLDFAST_VECTORISED __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define HOLDFAST_VECTORISED
#endif

namespace holdfast::codec {

namespace {

using base::Byte;

HOLDFAST_VECTORISED void split_2(const Byte* __restrict in, std::size_t count, Byte* __restrict a,
                                 Byte* __restrict b) {
  for (std::size_t i = 0; i < count; ++i) {
    a[i] = in[2 * i];
    b[i] = in[2 * i + 1];
  }
}

HOLDFAST_VECTORISED void merge_2(const Byte* __restrict a, const Byte* __restrict b,
                                 std::size_t count, Byte* __restrict out) {
  for (std::size_t i = 0; i < count; ++i) {
    out[2 * i] = a[i];
    out[2 * i + 1] = b[i];
  }
}

HOLDFAST_VECTORISED void split_4(const Byte* __restrict in, std::size_t count, Byte* __restrict a,
                                 Byte* __restrict b, Byte* __restrict c, Byte* __restrict d) {
  for (std::size_t i = 0; i < count; ++i) {
    a[i] = in[4 * i];
    b[i] = in[4 * i + 1];
    c[i] = in[4 * i + 2];
    d[i] = in[4 * i + 3];
  }
}

HOLDFAST_VECTORISED void merge_4(const Byte* __restrict a, const Byte* __restrict b,
                                 const Byte* __restrict c, const Byte* __restrict d,
                                 std::size_t count, Byte* __restrict out) {
  for (std::size_t i = 0; i < count; ++i) {
    out[4 * i] = a[i];
    out[4 * i + 1] = b[i];
    out[4 * i + 2] = c[i];
    out[4 * i + 3] = d[i];
  }
}

// The bytes after the last whole element stay where they are.
void copy_rest(base::ByteView in, base::MutableByteView out, std::size_t whole) {
  if (whole < in.size()) std::memcpy(out.data() + whole, in.data() + whole, in.size() - whole);
}

}  // namespace

void split_planes_2(base::ByteView plain, base::MutableByteView out) {
  CHECK(plain.size() == out.size(), "a filter keeps the size");
  const auto count = plain.size() / 2;
  split_2(plain.data(), count, out.data(), out.data() + count);
  copy_rest(plain, out, count * 2);
}

void merge_planes_2(base::ByteView planes, base::MutableByteView out) {
  CHECK(planes.size() == out.size(), "a filter keeps the size");
  const auto count = planes.size() / 2;
  merge_2(planes.data(), planes.data() + count, count, out.data());
  copy_rest(planes, out, count * 2);
}

void split_planes_4(base::ByteView plain, base::MutableByteView out) {
  CHECK(plain.size() == out.size(), "a filter keeps the size");
  const auto count = plain.size() / 4;
  Byte* at = out.data();
  split_4(plain.data(), count, at, at + count, at + 2 * count, at + 3 * count);
  copy_rest(plain, out, count * 4);
}

void merge_planes_4(base::ByteView planes, base::MutableByteView out) {
  CHECK(planes.size() == out.size(), "a filter keeps the size");
  const auto count = planes.size() / 4;
  const Byte* at = planes.data();
  merge_4(at, at + count, at + 2 * count, at + 3 * count, count, out.data());
  copy_rest(planes, out, count * 4);
}

}  // namespace holdfast::codec
