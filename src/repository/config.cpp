// Encoding, decoding and checking of a repository's parameters.
#include "repository/config.hpp"

namespace holdfast::repository {

namespace {

constexpr std::string_view magic = "HFCF";
constexpr std::uint8_t version = 1;

}  // namespace

base::Bytes encode_config(const Config& config) {
  base::Bytes bytes;
  base::ByteWriter out(bytes);
  out.raw(base::as_bytes(magic));
  out.u8(version);
  out.raw(std::array<base::Byte, 3>{});
  out.raw(config.repository_id);
  out.varint(0);  // no mandatory features in version 1
  out.i64(config.created.nanoseconds);
  out.raw(config.box_public_key);
  out.u32(config.generation);
  out.raw(config.admin_verify_key);
  out.u32(config.chunker.size_min);
  out.u32(config.chunker.size_target);
  out.u32(config.chunker.size_max);
  out.u32(config.pack_data_max);
  out.u32(config.pack_tree_max);
  out.u32(config.bundle_file_max);
  out.u32(config.bundle_target);
  out.i64(config.session_ttl.nanoseconds);
  out.i64(config.prune_grace.nanoseconds);
  return bytes;
}

base::Result<Config> decode_config(base::ByteView bytes) {
  base::ByteReader in(bytes);
  if (base::as_text(TRY(in.raw(magic.size()))) != magic) {
    return base::Error(base::ErrorCode::damaged, "this is not a repository's configuration");
  }
  const auto found_version = TRY(in.u8());
  if (found_version != version) {
    return base::Error(base::ErrorCode::unsupported,
                       "the repository has format version " + std::to_string(found_version) +
                           ", this program knows " + std::to_string(version))
        .with_hint("use a newer holdfast");
  }
  (void)TRY(in.raw(3));
  Config config;
  config.repository_id = TRY(in.array<16>());
  const auto features = TRY(in.varint());
  if (features > 0) {
    const auto feature = TRY(in.sized_text(256));
    return base::Error(base::ErrorCode::unsupported, "the repository needs the feature '" +
                                                         base::printable(feature) +
                                                         "', which this program doesn't know")
        .with_hint("use a newer holdfast");
  }
  config.created = {TRY(in.i64())};
  config.box_public_key = TRY(in.array<32>());
  config.generation = TRY(in.u32());
  config.admin_verify_key = TRY(in.array<32>());
  config.chunker.size_min = TRY(in.u32());
  config.chunker.size_target = TRY(in.u32());
  config.chunker.size_max = TRY(in.u32());
  config.pack_data_max = TRY(in.u32());
  config.pack_tree_max = TRY(in.u32());
  config.bundle_file_max = TRY(in.u32());
  config.bundle_target = TRY(in.u32());
  config.session_ttl = {TRY(in.i64())};
  config.prune_grace = {TRY(in.i64())};
  TRY(in.expect_end());
  auto sane = check_config(config);
  if (!sane.ok()) return base::Error(base::ErrorCode::damaged, sane.error().message());
  return config;
}

base::Result<void> check_config(const Config& config) {
  const auto wrong = [](std::string what) {
    return base::Error(base::ErrorCode::invalid_argument, std::move(what));
  };
  const auto& chunker = config.chunker;
  const bool power_of_two = (chunker.size_target & (chunker.size_target - 1)) == 0;
  if (chunker.size_min < 64 || chunker.size_min >= chunker.size_target ||
      chunker.size_target >= chunker.size_max || !power_of_two ||
      chunker.size_max > 64 * base::MiB) {
    return wrong(
        "chunk sizes must ascend, the target be a power of two, and the largest at most 64 MiB");
  }
  if (config.bundle_file_max == 0 || config.bundle_target == 0 ||
      std::uint64_t{config.bundle_file_max} + config.bundle_target > chunker.size_max) {
    return wrong("a bundle and one more small file must fit into the largest chunk");
  }
  if (config.pack_data_max < base::KiB || config.pack_tree_max < base::KiB ||
      config.pack_data_max > base::GiB || config.pack_tree_max > base::GiB) {
    return wrong("pack sizes must lie between 1 KiB and 1 GiB");
  }
  const auto ttl = config.session_ttl;
  if (ttl.nanoseconds <= 0 || config.prune_grace > base::days(3650) || ttl >= config.prune_grace ||
      ttl + storage_staleness_max + storage_staleness_max + storage_skew_max + storage_skew_max >=
          config.prune_grace) {
    return wrong("the grace of a prune must be longer than a session's life plus 12 minutes");
  }
  return {};
}

}  // namespace holdfast::repository
