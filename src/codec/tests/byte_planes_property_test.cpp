// The byte-plane filter: what is split comes together again, and each byte is where it belongs.
#include "byte_planes.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "inputs.hpp"

namespace holdfast::codec {
namespace {

using base::Bytes;

Bytes applied(void (*filter)(base::ByteView, base::MutableByteView), const Bytes& in) {
  Bytes out(in.size());
  filter(in, out);
  return out;
}

TEST(BytePlanes, PutEachByteInItsPlane) {
  EXPECT_EQ(applied(split_planes_2, {1, 2, 3, 4, 5}), (Bytes{1, 3, 2, 4, 5}));
  EXPECT_EQ(applied(split_planes_4, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}),
            (Bytes{1, 5, 2, 6, 3, 7, 4, 8, 9, 10}));
  EXPECT_EQ(applied(split_planes_4, {1, 2, 3}), (Bytes{1, 2, 3}));
  EXPECT_EQ(applied(split_planes_2, {}), Bytes{});
}

RC_GTEST_PROP(BytePlanes, ComeTogetherAgain, (const Bytes& bytes)) {
  RC_ASSERT(applied(merge_planes_2, applied(split_planes_2, bytes)) == bytes);
  RC_ASSERT(applied(merge_planes_4, applied(split_planes_4, bytes)) == bytes);
}

TEST(BytePlanes, ComeTogetherAtEveryVectorLength) {
  for (std::size_t size = 0; size < 600; ++size) {
    const auto bytes = noise(size, size);
    ASSERT_EQ(applied(merge_planes_2, applied(split_planes_2, bytes)), bytes) << size;
    ASSERT_EQ(applied(merge_planes_4, applied(split_planes_4, bytes)), bytes) << size;
  }
}

}  // namespace
}  // namespace holdfast::codec
