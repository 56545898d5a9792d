// A snapshot with something in every field, and the keys that it is made and read with.
#pragma once

#include "repository/snapshot.hpp"

namespace holdfast::repository {

constexpr ShortId snapshot_repository{1, 2, 3};

[[nodiscard]] const Domain& snapshot_test_domain();
[[nodiscard]] const codec::BoxKeyPair& snapshot_reader();
[[nodiscard]] SnapshotSummary any_summary();
[[nodiscard]] SnapshotDetail any_detail();
// The body, with seeded randomness (but for the sealed box).
[[nodiscard]] base::Bytes snapshot_body(const SnapshotSummary& summary,
                                        const SnapshotDetail& detail);
// Field by field, as expectations of the running test.
void expect_equal(const SnapshotSummary& found, const SnapshotSummary& expected);
void expect_equal(const SnapshotDetail& found, const SnapshotDetail& expected);

}  // namespace holdfast::repository
