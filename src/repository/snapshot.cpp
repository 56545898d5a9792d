// Encoding and decoding of snapshots.
#include "repository/snapshot.hpp"

#include "codec/cipher.hpp"
#include "repository/signed_object.hpp"
#include "repository/tree_node.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t text_max = 64 * 1024;
constexpr std::size_t path_max = 1024 * 1024;
constexpr std::size_t box_size = 32 + codec::sealed_box_overhead;
constexpr std::size_t detail_bytes_max =
    32 * 1024 * 1024;  // so that the object stays far below its limit

base::Bytes encode_summary(const SnapshotSummary& summary) {
  base::Bytes bytes;
  base::ByteWriter out(bytes);
  out.i64(summary.started.nanoseconds);
  out.i64(summary.finished.nanoseconds);
  out.sized(summary.source);
  out.sized(summary.host);
  out.sized(summary.label);
  out.u8(summary.root.level);
  out.raw(summary.root.id);
  out.varint(summary.root.entries);
  out.varint(summary.root.bytes);
  out.raw(summary.session);
  out.u32(summary.renewal);
  out.i64(summary.renewed_at.nanoseconds);
  out.varint(summary.paths.size());
  for (const auto& path : summary.paths) out.sized(path);
  out.varint(summary.tags.size());
  for (const auto& [key, value] : summary.tags) {
    out.sized(key);
    out.sized(value);
  }
  out.u8(summary.parent ? 1 : 0);
  if (summary.parent) out.raw(*summary.parent);
  out.sized(summary.program);
  out.varint(summary.warning_count);
  return bytes;
}

std::string_view cut(std::string_view text, std::size_t size_max) {
  return text.substr(0, size_max);
}

// What is written can be read: texts beyond a reader's limits are cut, and warnings for which there
// is no room are left out (the summary counts them).
base::Bytes encode_detail(const SnapshotDetail& detail) {
  base::Bytes bytes;
  base::ByteWriter out(bytes);
  out.sized(cut(detail.command, path_max));
  std::size_t count = 0;
  for (std::size_t room = detail_bytes_max; count < detail.warnings.size(); ++count) {
    const auto& warning = detail.warnings[count];
    const auto size = cut(warning.path, path_max).size() + cut(warning.message, text_max).size();
    if (size > room) break;
    room -= size;
  }
  out.varint(count);
  for (std::size_t i = 0; i < count; ++i) {
    out.sized(cut(detail.warnings[i].path, path_max));
    out.sized(cut(detail.warnings[i].message, text_max));
  }
  out.varint(detail.statistics.size());
  for (const auto& [name, value] : detail.statistics) {
    out.sized(name);
    out.u64(value);
  }
  return bytes;
}

base::Bytes detail_associated(const ShortId& repository) {
  base::Bytes bytes(repository.begin(), repository.end());
  const auto magic = base::as_bytes(snapshot_magic);
  bytes.insert(bytes.end(), magic.begin(), magic.end());
  return bytes;
}

// A count of items that each take at least one byte: more than what remains is damage, before
// anything is allocated.
base::Result<std::uint64_t> take_count(base::ByteReader& in) {
  const auto count = TRY(in.varint());
  if (count > in.remaining())
    return base::Error(base::ErrorCode::damaged, "a list is longer than its object");
  return count;
}

}  // namespace

base::Bytes encode_snapshot(const ShortId& repository, const Domain& domain,
                            const codec::BoxPublicKey& reader, const SnapshotSummary& summary,
                            const SnapshotDetail& detail, base::Random& random) {
  base::Bytes body;
  base::ByteWriter out(body);
  out.raw(domain.id());
  domain.seal_receipt(repository, snapshot_magic, encode_summary(summary), random, out);
  base::SecretBytes key(codec::cipher_key_size);
  random.fill(key.writable());
  const auto plaintext = encode_detail(detail);
  base::Bytes sealed(plaintext.size() + codec::cipher_tag_size);
  codec::Cipher(key.view()).seal({}, detail_associated(repository), plaintext, sealed);
  out.raw(codec::seal_to(reader, key.view()));
  out.sized(sealed);
  return body;
}

base::Result<ShortId> snapshot_domain(base::ByteView body) {
  base::ByteReader in(body);
  return in.array<16>();
}

base::Result<SnapshotSummary> decode_summary(const ShortId& repository, const Domain& domain,
                                             base::ByteView body) {
  base::ByteReader object(body);
  (void)TRY(object.array<16>());
  const auto plaintext = TRY(domain.open_receipt(repository, snapshot_magic, object));
  base::ByteReader in(plaintext);
  SnapshotSummary summary;
  summary.started = {TRY(in.i64())};
  summary.finished = {TRY(in.i64())};
  summary.source = TRY(in.sized_text(text_max));
  summary.host = TRY(in.sized_text(text_max));
  summary.label = TRY(in.sized_text(text_max));
  summary.root.level = TRY(in.u8());
  if (summary.root.level > node_level_max)
    return base::Error(base::ErrorCode::damaged, "a tree is too high");
  summary.root.id = TRY(in.array<32>());
  summary.root.entries = TRY(in.varint());
  summary.root.bytes = TRY(in.varint());
  summary.session = TRY(in.array<16>());
  summary.renewal = TRY(in.u32());
  summary.renewed_at = {TRY(in.i64())};
  const auto paths = TRY(take_count(in));
  for (std::uint64_t i = 0; i < paths; ++i) {
    const auto path = TRY(in.sized(path_max));
    summary.paths.emplace_back(path.begin(), path.end());
  }
  const auto tags = TRY(take_count(in));
  for (std::uint64_t i = 0; i < tags; ++i) {
    auto key = TRY(in.sized_text(text_max));
    auto value = TRY(in.sized_text(text_max));
    summary.tags.emplace_back(std::move(key), std::move(value));
  }
  const auto parent_flag = TRY(in.u8());
  if (parent_flag > 1)
    return base::Error(base::ErrorCode::damaged, "a snapshot's field makes no sense");
  if (parent_flag == 1) summary.parent = TRY(in.array<32>());
  summary.program = TRY(in.sized_text(text_max));
  summary.warning_count = TRY(in.varint());
  TRY(in.expect_end());
  return summary;
}

base::Result<SnapshotDetail> decode_detail(const ShortId& repository,
                                           const codec::BoxKeyPair& reader, base::ByteView body) {
  base::ByteReader object(body);
  (void)TRY(object.raw(16 + 32));
  (void)TRY(object.sized(snapshot_bytes_max));
  const auto box = TRY(object.raw(box_size));
  const auto sealed = TRY(object.sized(snapshot_bytes_max));
  TRY(object.expect_end());
  const auto key = TRY(codec::open_sealed(reader, box));
  if (sealed.size() < codec::cipher_tag_size || key.size() != codec::cipher_key_size) {
    return base::Error(base::ErrorCode::damaged, "a snapshot's detail is too short");
  }
  base::Bytes plaintext(sealed.size() - codec::cipher_tag_size);
  TRY(codec::Cipher(key.view()).open({}, detail_associated(repository), sealed, plaintext));
  base::ByteReader in(plaintext);
  SnapshotDetail detail;
  detail.command = TRY(in.sized_text(path_max));
  const auto warnings = TRY(take_count(in));
  for (std::uint64_t i = 0; i < warnings; ++i) {
    auto path = TRY(in.sized_text(path_max));
    auto message = TRY(in.sized_text(text_max));
    detail.warnings.push_back({std::move(path), std::move(message)});
  }
  const auto statistics = TRY(take_count(in));
  for (std::uint64_t i = 0; i < statistics; ++i) {
    auto name = TRY(in.sized_text(text_max));
    const auto value = TRY(in.u64());
    detail.statistics.emplace_back(std::move(name), value);
  }
  TRY(in.expect_end());
  return detail;
}

}  // namespace holdfast::repository
