// Pieces as objects.
#include "repository/log.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/check.hpp"
#include "repository/object_name.hpp"

namespace holdfast::repository {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t domain_size = 16;

struct Opened {
  base::Bytes object;
  base::ByteView body;
  const Domain* domain = nullptr;
};

Result<Opened> open_piece(const Repository& repository, const LogPiece& piece) {
  Opened made;
  made.object = TRY(get_object(repository.storage(), piece.name, log_piece_max));
  made.body = TRY(open_signed(log_magic, repository.id(), repository.signers(), made.object)).body;
  base::ByteReader in(made.body);
  const auto id = TRY(in.array<domain_size>());
  made.domain = repository.domain(id);
  if (made.domain == nullptr) {
    return Error(ErrorCode::wrong_key, "the keys at hand don't open " + piece.name);
  }
  return made;
}

Result<void> check_name(const LogPiece& piece, const Domain& domain, const LogHead& head) {
  const bool fits = piece.kind == head.kind && piece.lineage == head.lineage &&
                    piece.start == head.start && piece.end == head.end &&
                    piece.stream == domain.log_id(head.stream);
  if (fits) return {};
  return Error(ErrorCode::damaged, piece.name + " holds another piece than its name says");
}

std::vector<const Domain*> domains_of(const Repository& repository) {
  std::vector<const Domain*> domains;
  std::set<ShortId> seen;
  for (const auto& signer : repository.signers().all()) {
    const auto* domain = repository.domain(signer.domain);
    if (domain != nullptr && seen.insert(domain->id()).second) domains.push_back(domain);
  }
  return domains;
}

}  // namespace

Result<LogPiece> store_log_piece(const Repository& repository, const LogHead& head,
                                 base::ByteView content) {
  CHECK(head.kind != LogKind::bytes || content.size() == head.end - head.start,
        "a piece of another length");
  CHECK(content.size() <= log_content_max, "a piece that is too long");
  if (!repository.keys().writer) return needs_writing_key("writing a log");
  const auto& domain = repository.own_domain();
  const auto body = encode_log_piece(repository.id(), domain, repository.config().box_public_key,
                                     head, content, repository.environment().random);
  const auto object = sign_object(log_magic, repository.id(), *repository.keys().writer, body);
  const auto stream = domain.log_id(head.stream);
  const auto prefix = log_piece_prefix(stream, head);
  const auto stored = TRY(put_object(repository.storage(), prefix, object));
  return LogPiece{.name = object_name(prefix, stored.hash),
                  .stream = stream,
                  .kind = head.kind,
                  .lineage = head.lineage,
                  .start = head.start,
                  .end = head.end,
                  .size = object.size(),
                  .stored_at = stored.stored_at};
}

Result<std::vector<LogPiece>> list_log(const Repository& repository, std::string_view stream) {
  std::vector<LogPiece> pieces;
  for (const auto* domain : domains_of(repository)) {
    const auto listed =
        TRY(repository.storage().list_all(log_stream_prefix(domain->log_id(stream))));
    for (const auto& info : listed) {
      if (auto piece = parse_log_piece(info)) pieces.push_back(std::move(*piece));
    }
  }
  std::sort(pieces.begin(), pieces.end(), [](const LogPiece& a, const LogPiece& b) {
    return std::tie(a.kind, a.lineage, a.start, a.end, a.name) <
           std::tie(b.kind, b.lineage, b.start, b.end, b.name);
  });
  return pieces;
}

Result<LogHead> read_log_head(const Repository& repository, const LogPiece& piece) {
  const auto opened = TRY(open_piece(repository, piece));
  auto head = TRY(decode_log_head(repository.id(), *opened.domain, opened.body));
  TRY(check_name(piece, *opened.domain, head));
  return head;
}

Result<LogContent> read_log_piece(const Repository& repository, const LogPiece& piece) {
  const auto& reader = repository.keys().reader;
  if (!reader) return needs_reading_key("reading a log");
  const auto opened = TRY(open_piece(repository, piece));
  auto made = TRY(decode_log_piece(repository.id(), *opened.domain, *reader, opened.body));
  TRY(check_name(piece, *opened.domain, made.head));
  return made;
}

bool is_no_piece(const Error& error) noexcept {
  return error.code() == ErrorCode::damaged || error.code() == ErrorCode::permission_denied;
}

Result<std::optional<LogHead>> last_head(const Repository& repository, LogMap& map,
                                         std::uint32_t lineage, std::uint64_t end) {
  while (const auto* piece = map.last_before(lineage, end)) {
    auto head = read_log_head(repository, *piece);
    if (head.ok()) return std::optional(std::move(head).value());
    if (!is_no_piece(head.error())) return std::move(head).error();
    map.exclude(std::string(piece->name));
  }
  return std::optional<LogHead>();
}

Result<std::vector<LogPiece>> replaced_pieces(const Repository& repository, const LogMap& map) {
  std::vector<LogPiece> replaced;
  std::map<std::string, bool> is_right;
  const auto covered = map.covered();
  for (const auto& each : covered) {
    auto known = is_right.find(each.by.name);
    if (known == is_right.end()) {
      const auto head = read_log_head(repository, each.by);
      if (!head.ok() && !is_no_piece(head.error())) return head.error();
      known = is_right.emplace(each.by.name, head.ok()).first;
    }
    if (known->second) replaced.push_back(each.piece);
  }
  return replaced;
}

Result<std::vector<std::string>> list_streams(const Repository& repository) {
  std::set<ShortId> seen;
  std::set<std::string> streams;
  for (const auto& info : TRY(repository.storage().list_all(log_prefix))) {
    const auto piece = parse_log_piece(info);
    if (!piece || seen.contains(piece->stream)) continue;
    const auto head = read_log_head(repository, *piece);
    if (!head.ok()) continue;
    seen.insert(piece->stream);
    streams.insert(head.value().stream);
  }
  return std::vector<std::string>(streams.begin(), streams.end());
}

}  // namespace holdfast::repository
