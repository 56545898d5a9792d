// The tokens of entries of a base backup: what the next incremental backup must know of this one,
// readable without the private key (docs/internals/postgres.md, "Incremental").
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "backup_manifest.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"

namespace holdfast::source {

// Of backup_manifest: which cluster, and from where on its changes are wanted.
struct ManifestToken {
  std::uint64_t system = 0;  // the cluster's own number
  std::vector<WalRange> ranges;
};
[[nodiscard]] base::Bytes encode_token(const ManifestToken& token);
// unsupported: of another version, or none at all; damaged.
base::Result<ManifestToken> decode_manifest_token(base::ByteView bytes);

// Of a relation's file.
struct RelationToken {
  // Of the whole content. Nothing where blocks were laid over older ones: those weren't read.
  std::optional<std::uint32_t> crc;
};
[[nodiscard]] base::Bytes encode_token(const RelationToken& token);
base::Result<RelationToken> decode_relation_token(base::ByteView bytes);

}  // namespace holdfast::source
