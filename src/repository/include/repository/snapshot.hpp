// The snapshot object (docs/internals/repository_format.md section 5), a repository's only commit
// point.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "codec/sealed_box.hpp"
#include "repository/domain.hpp"
#include "repository/entry.hpp"

namespace holdfast::repository {

using Tags = std::vector<std::pair<std::string, std::string>>;  // ascending by key, keys distinct

// What a writer may read too, without the private key.
struct SnapshotSummary {
  base::Time started;
  base::Time finished;
  std::string source;  // kind of component: "files"
  std::string host;
  std::string label;  // component's name; empty for paths given by hand
  TreeRoot root;
  ShortId session{};
  std::uint32_t renewal = 0;
  base::Time renewed_at;
  std::vector<base::Bytes> paths;  // raw bytes
  Tags tags;
  std::optional<ObjectHash> parent;
  std::string program;  // "holdfast 0.1.0"
  std::uint64_t warning_count = 0;
};

struct SnapshotWarning {
  std::string path;  // raw bytes
  std::string message;
};

// What only a reader may read.
struct SnapshotDetail {
  std::string command;
  std::vector<SnapshotWarning>
      warnings;  // at most warnings_max; warning_count tells how many there were
  std::vector<std::pair<std::string, std::uint64_t>> statistics;
};

constexpr std::size_t warnings_max = 10'000;
constexpr std::size_t tag_bytes_max = 16 * 1024;  // key and value together; also host, label
constexpr std::size_t snapshot_bytes_max = 64 * 1024 * 1024;

// The body of the signed object.
[[nodiscard]] base::Bytes encode_snapshot(const ShortId& repository, const Domain& domain,
                                          const codec::BoxPublicKey& reader,
                                          const SnapshotSummary& summary,
                                          const SnapshotDetail& detail, base::Random& random);
// `domain` must be the one that the body begins with (see snapshot_domain).
base::Result<ShortId> snapshot_domain(base::ByteView body);
base::Result<SnapshotSummary> decode_summary(const ShortId& repository, const Domain& domain,
                                             base::ByteView body);
base::Result<SnapshotDetail> decode_detail(const ShortId& repository,
                                           const codec::BoxKeyPair& reader, base::ByteView body);

}  // namespace holdfast::repository
