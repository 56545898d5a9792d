// The logs of a repository: pieces are stored, listed and read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "repository/log_map.hpp"
#include "repository/log_piece.hpp"
#include "repository/repository.hpp"

namespace holdfast::repository {

// Stores one piece, signed by this machine's writer; durable on return. `content`: of kind bytes
// exactly end - start bytes, at most log_content_max.
base::Result<LogPiece> store_log_piece(const Repository& repository, const LogHead& head,
                                       base::ByteView content);

// All pieces of a log, whichever machine wrote them, ascending by kind, lineage,
// start and end.
base::Result<std::vector<LogPiece>> list_log(const Repository& repository, std::string_view stream);

// Reads one. damaged: its bytes are not what its name says, or it is signed badly; unsupported: of
// a newer version; permission_denied: signed by nobody who may write; wrong_key: the private key
// (of the content) isn't at hand.
base::Result<LogHead> read_log_head(const Repository& repository, const LogPiece& piece);
base::Result<LogContent> read_log_piece(const Repository& repository, const LogPiece& piece);

// Whether reading a piece failed because it is none, whatever it is called: it is damaged, or
// nobody who may write has signed it. Others can take its place.
[[nodiscard]] bool is_no_piece(const base::Error& error) noexcept;
// The head of the piece of a lineage that ends last at or before `end`. Those that are none are
// excluded from the map. Nothing: there is none.
base::Result<std::optional<LogHead>> last_head(const Repository& repository, LogMap& map,
                                               std::uint32_t lineage, std::uint64_t end);
// Pieces that others cover, which were read and are what they are called.
base::Result<std::vector<LogPiece>> replaced_pieces(const Repository& repository,
                                                    const LogMap& map);

// The names of all logs of which there is a piece here, ascending. What can't be read is passed
// over.
base::Result<std::vector<std::string>> list_streams(const Repository& repository);

}  // namespace holdfast::repository
