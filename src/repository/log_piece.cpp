// Encoding and decoding of pieces of logs.
#include "repository/log_piece.hpp"

#include <fmt/format.h>

#include <charconv>

#include "codec/cipher.hpp"
#include "codec/compression.hpp"
#include "repository/object_name.hpp"
#include "repository/signed_object.hpp"

namespace holdfast::repository {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t stream_max = 64 * 1024;
constexpr std::size_t resume_max = 1024 * 1024;
constexpr std::size_t box_size = 32 + codec::sealed_box_overhead;
constexpr std::size_t stream_digits = 32;
constexpr std::size_t lineage_digits = 8;
constexpr std::size_t position_digits = 16;

Error wrong(const std::string& what) { return {ErrorCode::damaged, "a piece of a log: " + what}; }

base::Bytes encode_head(const LogHead& head) {
  base::Bytes bytes;
  base::ByteWriter out(bytes);
  out.sized(head.stream);
  out.u8(static_cast<std::uint8_t>(head.kind));
  out.u32(head.lineage);
  out.u64(head.start);
  out.u64(head.end);
  out.u32(head.parent);
  out.u64(head.fork);
  out.varint(head.marks.size());
  for (const auto& mark : head.marks) {
    out.u64(mark.position);
    out.i64(mark.at.nanoseconds);
  }
  out.sized(head.resume);
  return bytes;
}

Result<LogHead> decode_head(base::ByteView plaintext) {
  base::ByteReader in(plaintext);
  LogHead head;
  head.stream = TRY(in.sized_text(stream_max));
  const auto kind = TRY(in.u8());
  if (kind != 1 && kind != 2) return wrong("of an unknown kind");
  head.kind = LogKind{kind};
  head.lineage = TRY(in.u32());
  head.start = TRY(in.u64());
  head.end = TRY(in.u64());
  head.parent = TRY(in.u32());
  head.fork = TRY(in.u64());
  if (head.end < head.start) return wrong("its end lies before its start");
  const auto count = TRY(in.varint());
  if (count > in.remaining() / 16) return wrong("a list is longer than its object");
  for (std::uint64_t i = 0; i < count; ++i) {
    LogMark mark;
    mark.position = TRY(in.u64());
    mark.at = {TRY(in.i64())};
    const auto before = head.marks.empty() ? head.start : head.marks.back().position;
    if (mark.position < before || mark.position > head.end) return wrong("a mark lies outside");
    head.marks.push_back(mark);
  }
  const auto resume = TRY(in.sized(resume_max));
  head.resume.assign(resume.begin(), resume.end());
  TRY(in.expect_end());
  return head;
}

base::Bytes associated(const ShortId& repository) {
  base::Bytes bytes(repository.begin(), repository.end());
  const auto magic = base::as_bytes(log_magic);
  bytes.insert(bytes.end(), magic.begin(), magic.end());
  return bytes;
}

Result<base::Bytes> decode_content(base::ByteView encoded, const LogHead& head) {
  base::ByteReader in(encoded);
  const auto codec = TRY(in.u8());
  const auto filter = TRY(in.u8());
  if (codec > 1 || filter != 0) return Error(ErrorCode::unsupported, "a piece of a log: its codec");
  const auto size = TRY(in.u32());
  if (size > log_content_max) return wrong("its content is too long");
  const bool is_bytes = head.kind == LogKind::bytes;
  if (is_bytes && size != head.end - head.start) return wrong("its content has another length");
  base::Bytes plain(size);
  const auto payload = TRY(in.raw(in.remaining()));
  TRY(codec::Decompressor().decompress({.codec = codec::Codec{codec}}, payload, plain));
  return plain;
}

template <typename Number>
bool take_hex(std::string_view& text, std::size_t digits, Number& value) {
  if (text.size() < digits + 1 || text[digits] != '-') return false;
  const auto* end = text.data() + digits;
  const auto done = std::from_chars(text.data(), end, value, 16);
  if (done.ec != std::errc() || done.ptr != end) return false;
  text.remove_prefix(digits + 1);
  return true;
}

}  // namespace

std::string log_stream_prefix(const ShortId& stream) {
  return fmt::format("{}{}/", log_prefix, base::to_hex(stream));
}

std::string log_piece_prefix(const ShortId& stream, const LogHead& head) {
  return fmt::format("{}{}-{:08x}-{:016x}-{:016x}-", log_stream_prefix(stream),
                     static_cast<int>(head.kind), head.lineage, head.start, head.end);
}

std::optional<LogPiece> parse_log_piece(const storage::ObjectInfo& info) {
  std::string_view rest = info.name;
  if (!rest.starts_with(log_prefix) || !hash_of_name(info.name)) return std::nullopt;
  rest.remove_prefix(log_prefix.size());
  if (rest.size() <= stream_digits || rest[stream_digits] != '/') return std::nullopt;
  const auto stream = base::from_hex(rest.substr(0, stream_digits));
  if (!stream.ok()) return std::nullopt;
  LogPiece piece{.name = info.name, .size = info.size, .stored_at = info.stored_at};
  std::copy(stream.value().begin(), stream.value().end(), piece.stream.begin());
  rest.remove_prefix(stream_digits + 1);
  std::uint8_t kind = 0;
  if (!take_hex(rest, 1, kind) || (kind != 1 && kind != 2)) return std::nullopt;
  piece.kind = LogKind{kind};
  if (!take_hex(rest, lineage_digits, piece.lineage) ||
      !take_hex(rest, position_digits, piece.start) ||
      !take_hex(rest, position_digits, piece.end) || piece.end < piece.start) {
    return std::nullopt;
  }
  return piece;
}

base::Bytes encode_log_piece(const ShortId& repository, const Domain& domain,
                             const codec::BoxPublicKey& reader, const LogHead& head,
                             base::ByteView content, base::Random& random) {
  base::Bytes encoded;
  base::ByteWriter encoding(encoded);
  encoding.u8(0);
  encoding.u8(0);
  encoding.u32(static_cast<std::uint32_t>(content.size()));
  const auto how = codec::Compressor(codec::compression_level_default).compress(content, encoded);
  encoded[0] = static_cast<base::Byte>(how.codec);
  encoded[1] = static_cast<base::Byte>(how.filter);

  base::Bytes body;
  base::ByteWriter out(body);
  out.raw(domain.id());
  domain.seal_receipt(repository, log_magic, encode_head(head), random, out);
  base::SecretBytes key(codec::cipher_key_size);
  random.fill(key.writable());
  base::Bytes sealed(encoded.size() + codec::cipher_tag_size);
  codec::Cipher(key.view()).seal({}, associated(repository), encoded, sealed);
  out.raw(codec::seal_to(reader, key.view()));
  out.sized(sealed);
  return body;
}

Result<LogHead> decode_log_head(const ShortId& repository, const Domain& domain,
                                base::ByteView body) {
  base::ByteReader object(body);
  (void)TRY(object.array<16>());
  return decode_head(TRY(domain.open_receipt(repository, log_magic, object)));
}

Result<LogContent> decode_log_piece(const ShortId& repository, const Domain& domain,
                                    const codec::BoxKeyPair& reader, base::ByteView body) {
  base::ByteReader object(body);
  (void)TRY(object.array<16>());
  LogContent made{.head = TRY(decode_head(TRY(domain.open_receipt(repository, log_magic, object)))),
                  .content = {}};
  const auto box = TRY(object.raw(box_size));
  const auto sealed = TRY(object.sized(log_piece_max));
  TRY(object.expect_end());
  const auto key = TRY(codec::open_sealed(reader, box));
  if (sealed.size() < codec::cipher_tag_size || key.size() != codec::cipher_key_size) {
    return wrong("its content is too short");
  }
  base::Bytes encoded(sealed.size() - codec::cipher_tag_size);
  TRY(codec::Cipher(key.view()).open({}, associated(repository), sealed, encoded));
  made.content = TRY(decode_content(encoded, made.head));
  return made;
}

}  // namespace holdfast::repository
