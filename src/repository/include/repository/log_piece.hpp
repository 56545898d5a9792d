// The piece of a log (docs/internals/repository_format.md section 8): encoding, decoding, and the
// name that says where in its log it lies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "codec/sealed_box.hpp"
#include "repository/domain.hpp"
#include "storage/storage.hpp"

namespace holdfast::repository {

// At `at`, by the source's clock, the log reached to `position`.
struct LogMark {
  std::uint64_t position = 0;
  base::Time at;
  bool operator==(const LogMark&) const = default;
};

// The stream's bytes, or how a lineage began.
enum class LogKind : std::uint8_t { bytes = 1, lineage = 2 };

struct LogHead {
  std::string stream;  // which log, for example "database/7412…"
  LogKind kind = LogKind::bytes;
  std::uint32_t lineage = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint32_t parent = 0;  // of kind lineage: which it left, and where
  std::uint64_t fork = 0;
  std::vector<LogMark> marks;
  base::Bytes resume;  // opaque
};

struct LogContent {
  LogHead head;
  base::Bytes content;  // of kind bytes: end - start of them
};

// What a listing tells of a piece.
struct LogPiece {
  std::string name;  // of the object
  ShortId stream{};
  LogKind kind = LogKind::bytes;
  std::uint32_t lineage = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t size = 0;  // of the object, bytes
  base::Time stored_at;    // by the storage's clock
};

constexpr std::size_t log_content_max = 64 * 1024 * 1024;
constexpr std::size_t log_piece_max = log_content_max + 4 * 1024 * 1024;  // of the object

// "log/STREAM/": all pieces of one log that one domain has written.
[[nodiscard]] std::string log_stream_prefix(const ShortId& stream);
// "log/STREAM/KIND-LINEAGE-START-END-": the name without its hash.
[[nodiscard]] std::string log_piece_prefix(const ShortId& stream, const LogHead& head);
// Nothing for a foreign name.
[[nodiscard]] std::optional<LogPiece> parse_log_piece(const storage::ObjectInfo& info);

// The body of the signed object.
[[nodiscard]] base::Bytes encode_log_piece(const ShortId& repository, const Domain& domain,
                                           const codec::BoxPublicKey& reader, const LogHead& head,
                                           base::ByteView content, base::Random& random);
// `domain` must be the one that the body begins with. The content is left alone.
base::Result<LogHead> decode_log_head(const ShortId& repository, const Domain& domain,
                                      base::ByteView body);
base::Result<LogContent> decode_log_piece(const ShortId& repository, const Domain& domain,
                                          const codec::BoxKeyPair& reader, base::ByteView body);

}  // namespace holdfast::repository
