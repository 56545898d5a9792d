// A repository's parameters (docs/internals/repository_format.md section 2.1), fixed when it is
// made.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "codec/chunker.hpp"
#include "codec/sealed_box.hpp"
#include "codec/signature.hpp"
#include "repository/ids.hpp"

namespace holdfast::repository {

// What is assumed of storages that don't call themselves consistent (docs/internals/prune.md,
// Terms): for how long a listing may miss a stored object or show a deleted one, and by how much
// storage times may misorder.
inline constexpr auto storage_staleness_max = base::minutes(5);
inline constexpr auto storage_skew_max = base::minutes(1);

struct Config {
  ShortId repository_id{};
  base::Time created;
  codec::BoxPublicKey box_public_key{};
  std::uint32_t generation = 1;  // of the box key
  codec::VerifyKey admin_verify_key{};
  codec::ChunkerParameters chunker;
  std::uint32_t pack_data_max = 64 * base::MiB;
  std::uint32_t pack_tree_max = 8 * base::MiB;
  std::uint32_t bundle_file_max = 512 * base::KiB;
  std::uint32_t bundle_target = 2 * base::MiB;
  base::Duration session_ttl = base::hours(1);
  base::Duration prune_grace = base::hours(24);
};

[[nodiscard]] base::Bytes encode_config(const Config& config);
// unsupported for a newer version or an unknown mandatory feature, damaged for nonsense.
base::Result<Config> decode_config(base::ByteView bytes);
// Whether the limits make sense together (also prune.md's inequality); invalid_argument says which
// doesn't.
base::Result<void> check_config(const Config& config);

}  // namespace holdfast::repository
