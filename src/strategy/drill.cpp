// Reading of instants.
#include "strategy/drill.hpp"

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "values.hpp"

namespace holdfast::strategy {

using base::Error;
using base::ErrorCode;
using base::Result;

Result<Instant> parse_instant(std::string_view text) {
  if (text == "latest") return Instant{};
  if (text == "random") return Instant{.kind = Instant::Kind::random};
  const auto words = split_words(text);
  if (words.size() == 2 && words[1] == "ago") {
    if (const auto ago = parse_span(words[0]); ago.ok()) {
      return Instant{.kind = Instant::Kind::ago, .ago = ago.value()};
    }
  }
  if (const auto at = base::parse_utc(text); at.ok()) {
    return Instant{.kind = Instant::Kind::at, .at = at.value()};
  }
  return Error(ErrorCode::invalid_argument,
               fmt::format("'{}' is no instant", base::printable(text)))
      .with_hint("write latest, random, \"1h ago\" or a time like 2025-12-04T14:30:00Z");
}

}  // namespace holdfast::strategy
