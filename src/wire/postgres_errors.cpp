// Codes and hints by SQLSTATE.
#include "postgres_errors.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/bytes.hpp"

namespace holdfast::wire {

using base::Error;
using base::ErrorCode;
using base::Retry;

namespace {

struct Meaning {
  std::string_view sqlstate;  // all of it, or its class
  ErrorCode code;
  Retry retry = Retry::never;
  std::string_view hint = {};
};

// The first that fits.
constexpr std::array meanings{
    Meaning{"28P01", ErrorCode::permission_denied, Retry::never,
            "check user and password: the strategy's `password` names where it comes from"},
    Meaning{"28000", ErrorCode::permission_denied, Retry::never,
            "the role must exist, and pg_hba.conf needs a line for it; for physical backups one "
            "with the database `replication`, like: host replication ROLE ADDRESS scram-sha-256"},
    Meaning{"42501", ErrorCode::permission_denied, Retry::never,
            "physical backups need: ALTER ROLE … REPLICATION; dumps need to read all that is "
            "dumped: GRANT pg_read_all_data TO …"},
    Meaning{"3D000", ErrorCode::not_found, Retry::never,
            "name a database that exists, in the URL or with `database`"},
    Meaning{"53300", ErrorCode::unavailable, Retry::may_help,
            "the server has no connection or WAL sender to spare: raise max_connections or "
            "max_wal_senders"},
    Meaning{"53400", ErrorCode::unavailable, Retry::may_help,
            "a limit of the server's configuration is reached: for slots, raise "
            "max_replication_slots or drop one that nobody uses (pg_replication_slots)"},
    Meaning{"53100", ErrorCode::no_space, Retry::never, "the server's disk is full"},
    Meaning{"53", ErrorCode::unavailable, Retry::may_help},
    Meaning{"55006", ErrorCode::conflict, Retry::may_help,
            "another program uses it: pg_replication_slots and pg_stat_replication name it"},
    Meaning{"55000", ErrorCode::conflict, Retry::never},
    Meaning{"57P03", ErrorCode::unavailable, Retry::may_help,
            "the server starts or shuts down: try again shortly"},
    Meaning{"57P", ErrorCode::unavailable, Retry::may_help},
    Meaning{"57014", ErrorCode::unavailable, Retry::may_help,
            "the server cancelled it: look for timeouts in its configuration and the role's"},
    Meaning{"58P01", ErrorCode::not_found, Retry::never,
            "the server has removed WAL that is still needed: raise wal_keep_size, or give it room "
            "for a slot"},
    Meaning{"58030", ErrorCode::io, Retry::never, "the server can't read or write its own files"},
    Meaning{"08", ErrorCode::unavailable, Retry::may_help},
    Meaning{"XX001", ErrorCode::damaged, Retry::never,
            "the server's own data is damaged: pg_amcheck says more"},
    Meaning{"XX002", ErrorCode::damaged, Retry::never, "an index is damaged: REINDEX it"},
    Meaning{"0A", ErrorCode::unsupported},
    Meaning{"42601", ErrorCode::unsupported, Retry::never,
            "the server doesn't know this command: versions 13 to 18 are known to work, and "
            "poolers between do not pass replication commands on"},
    Meaning{"42710", ErrorCode::already_exists},
};

// Each has a digit, unlike FATAL.
bool is_sqlstate(std::string_view text) {
  if (text.find_first_of("0123456789") == std::string_view::npos) return false;
  return text.size() == 5 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isupper(c) != 0 || std::isdigit(c) != 0;
         });
}

// Splits "FATAL:  28P01: message" after its severity; nothing of it is in the message otherwise.
PostgresFailure parse_line(std::string_view line) {
  PostgresFailure made{.sqlstate = {}, .message = std::string(line), .detail = {}};
  for (std::size_t at = line.find(": "); at != std::string_view::npos;
       at = line.find(": ", at + 2)) {
    auto rest = line.substr(at + 2);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    if (rest.size() < 7 || rest.substr(5, 2) != ": " || !is_sqlstate(rest.substr(0, 5))) continue;
    made.sqlstate = rest.substr(0, 5);
    const auto severity = line.substr(0, at);
    const auto colon = severity.rfind(": ");
    const auto where =
        colon == std::string_view::npos ? std::string_view() : severity.substr(0, colon + 2);
    made.message = std::string(where) + std::string(rest.substr(7));
    return made;
  }
  return made;
}

}  // namespace

Error postgres_error(const PostgresFailure& failure) {
  auto message = base::printable(failure.message);
  if (!failure.detail.empty()) message += " (" + base::printable(failure.detail) + ")";
  if (failure.sqlstate.empty()) {
    return Error(ErrorCode::unavailable, std::move(message))
        .with_retry(Retry::may_help)
        .with_hint(
            "is the server up, and does the address lead to it? psql with the same address "
            "tells more");
  }
  message += " [" + failure.sqlstate + "]";
  const auto found = std::find_if(meanings.begin(), meanings.end(), [&](const Meaning& each) {
    return failure.sqlstate.starts_with(each.sqlstate);
  });
  if (found == meanings.end()) return {ErrorCode::io, std::move(message)};
  auto error = Error(found->code, std::move(message)).with_retry(found->retry);
  if (found->hint.empty()) return error;
  return std::move(error).with_hint(std::string(found->hint));
}

PostgresFailure parse_connect_failure(std::string_view text) {
  PostgresFailure made{.sqlstate = {}, .message = "the server did not answer", .detail = {}};
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // What belongs to the line before.
    const bool is_aside = line.starts_with("LOCATION:") || line.starts_with("HINT:") ||
                          line.starts_with('\t') || line.empty();
    if (line.starts_with("DETAIL:")) {
      auto detail = line.substr(7);
      while (detail.starts_with(' ')) detail.remove_prefix(1);
      made.detail = detail;
    } else if (!is_aside) {
      made = parse_line(line);
    }
  }
  return made;
}

}  // namespace holdfast::wire
