// Storing and listing condemnations.
#include "repository/condemnation.hpp"

#include "repository/object_name.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t condemnation_bytes_max = 64 * 1024 * 1024;

base::Result<Condemnation> decode_body(base::ByteView body) {
  base::ByteReader in(body);
  Condemnation condemnation;
  const auto stage = TRY(in.u8());
  if (stage < 1 || stage > 2)
    return base::Error(base::ErrorCode::unsupported, "a condemnation of unknown stage");
  condemnation.stage = static_cast<CondemnationStage>(stage);
  const auto count = TRY(in.varint());
  if (count > in.remaining())
    return base::Error(base::ErrorCode::damaged, "a list is longer than its object");
  auto& packs = condemnation.packs;
  packs.reserve(in.remaining() / 33);
  for (std::uint64_t i = 0; i < count; ++i) {
    CondemnedPack pack;
    const auto type = TRY(in.u8());
    if (type < 1 || type > 2)
      return base::Error(base::ErrorCode::damaged, "a pack of unknown type");
    pack.type = static_cast<ChunkType>(type);
    pack.name = TRY(in.array<32>());
    packs.push_back(pack);
  }
  TRY(in.expect_end());
  return condemnation;
}

}  // namespace

base::Result<std::vector<Condemnation>> list_condemnations(const Repository& repository,
                                                           std::vector<IgnoredObject>* ignored) {
  std::vector<Condemnation> found;
  for (const auto& info : TRY(repository.storage().list_all(condemned_prefix))) {
    const auto ignore = [&](base::Error error) {
      if (ignored != nullptr) ignored->push_back({info.name, std::move(error)});
    };
    if (!hash_of_name(info.name)) {
      ignore(base::Error(base::ErrorCode::invalid_argument, "not the name of a condemnation"));
      continue;
    }
    auto bytes = get_object(repository.storage(), info.name, condemnation_bytes_max);
    if (!bytes.ok()) {
      if (bytes.error().code() == base::ErrorCode::not_found) continue;  // executed meanwhile
      if (was_never_whole(repository.storage(), info, bytes.error(),
                          repository.environment().clock.now())) {
        ignore(std::move(bytes).error());
        continue;
      }
      // What it condemned isn't known, and may be just what somebody is about to rely on.
      if (bytes.error().code() == base::ErrorCode::damaged) {
        return std::move(bytes).error().with_hint(
            "run 'holdfast repository repair' while no backup and no prune is at work");
      }
      return std::move(bytes).error();
    }
    auto object =
        open_signed(condemnation_magic, repository.id(), repository.signers(), bytes.value());
    if (!object.ok() || object.value().signer->role != Signer::Role::admin) {
      ignore(object.ok() ? base::Error(base::ErrorCode::permission_denied,
                                       "a condemnation that the admin didn't sign")
                         : std::move(object).error());
      continue;
    }
    auto condemnation = decode_body(object.value().body);
    if (!condemnation.ok()) {
      ignore(std::move(condemnation).error());
      continue;
    }
    found.push_back(std::move(condemnation).value());
    found.back().object = info.name;
    found.back().stored_at = info.stored_at;
  }
  return found;
}

base::Result<Condemnation> write_condemnation(const Repository& repository, CondemnationStage stage,
                                              const std::vector<CondemnedPack>& packs) {
  if (!repository.keys().admin) return needs_admin_key("condemning packs");
  base::Bytes body;
  base::ByteWriter out(body);
  out.u8(static_cast<std::uint8_t>(stage));
  out.varint(packs.size());
  for (const auto& pack : packs) {
    out.u8(static_cast<std::uint8_t>(pack.type));
    out.raw(pack.name);
  }
  const auto object =
      sign_object(condemnation_magic, repository.id(), *repository.keys().admin, body);
  const auto stored = TRY(put_object(repository.storage(), condemned_prefix, object));
  return Condemnation{.stage = stage,
                      .object = object_name(condemned_prefix, stored.hash),
                      .stored_at = stored.stored_at,
                      .packs = packs};
}

}  // namespace holdfast::repository
