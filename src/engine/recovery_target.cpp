// Telling the ways of saying it apart.
#include "engine/recovery_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "wire/postgres_messages.hpp"

namespace holdfast::engine {

using Kind = RecoveryTarget::Kind;

std::string RecoveryTarget::describe() const {
  switch (kind) {
    case Kind::snapshot: return "the newest snapshot";
    case Kind::latest: return "the end of the log";
    case Kind::time: return base::format_utc(time);
    case Kind::position: return wire::format_lsn(position);
    case Kind::transaction: return fmt::format("transaction {}", transaction);
    case Kind::name: return "restore point " + name;
  }
  return {};
}

base::Result<RecoveryTarget> parse_recovery_target(std::string_view text) {
  RecoveryTarget made;
  if (text.empty()) {
    return base::Error(base::ErrorCode::invalid_argument, "an instant is missing")
        .with_hint("write a time like 2026-11-20T12:00:00Z, or latest");
  }
  if (text == "latest") {
    made.kind = Kind::latest;
    return made;
  }
  if (const auto time = base::parse_utc(text); time.ok()) {
    made.kind = Kind::time;
    made.time = time.value();
    return made;
  }
  if (const auto lsn = wire::parse_lsn(text); lsn.ok()) {
    made.kind = Kind::position;
    made.position = lsn.value();
    return made;
  }
  const auto* end = text.data() + text.size();
  const auto number = std::from_chars(text.data(), end, made.transaction);
  if (number.ec == std::errc() && number.ptr == end) {
    made.kind = Kind::transaction;
    return made;
  }
  made.transaction = 0;
  made.kind = Kind::name;
  made.name = text;
  return made;
}

}  // namespace holdfast::engine
