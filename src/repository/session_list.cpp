// Reading the sessions.
#include "repository/session_list.hpp"

#include <algorithm>
#include <map>

#include "repository/object_name.hpp"

namespace holdfast::repository {

namespace {
constexpr std::size_t session_bytes_max = 64 * 1024;
constexpr std::size_t session_digits = 32;
}  // namespace

base::Result<std::vector<SessionInfo>> list_sessions(const Repository& repository,
                                                     std::vector<IgnoredObject>* ignored) {
  std::map<ShortId, SessionInfo> sessions;
  for (const auto& info : TRY(repository.storage().list_all(sessions_prefix))) {
    const auto ignore = [&](base::Error error) {
      if (ignored != nullptr) ignored->push_back({info.name, std::move(error)});
    };
    const auto rest = std::string_view(info.name).substr(sessions_prefix.size());
    const auto id_bytes = base::from_hex(rest.substr(0, std::min(rest.size(), session_digits)));
    if (!id_bytes.ok() || id_bytes.value().size() != 16 || !hash_of_name(info.name)) {
      ignore(base::Error(base::ErrorCode::invalid_argument, "not the name of a session"));
      continue;
    }
    const auto bytes = get_object(repository.storage(), info.name, session_bytes_max);
    if (bytes.ok()) {
      const auto object =
          open_signed(session_magic, repository.id(), repository.signers(), bytes.value());
      if (!object.ok()) {
        ignore(object.error());
        continue;
      }
    } else if (bytes.error().code() == base::ErrorCode::damaged) {
      // Whoever stored it may be at work: its name and time are all that counts of it.
      ignore(bytes.error());
    } else if (bytes.error().code() == base::ErrorCode::not_found) {
      continue;  // ended meanwhile
    } else {
      return base::Error(bytes.error());
    }
    ShortId id;
    std::copy(id_bytes.value().begin(), id_bytes.value().end(), id.begin());
    auto [found, is_new] = sessions.try_emplace(
        id, SessionInfo{
                .id = id, .registered = info.stored_at, .renewed = info.stored_at, .objects = {}});
    found->second.registered = std::min(found->second.registered, info.stored_at);
    found->second.renewed = std::max(found->second.renewed, info.stored_at);
    found->second.objects.push_back(info.name);
  }
  std::vector<SessionInfo> list;
  for (auto& [id, session] : sessions) list.push_back(std::move(session));
  return list;
}

base::Duration storage_skew(const storage::Storage& storage) {
  const auto can = storage.capabilities();
  return can.consistent ? can.skew : storage_skew_max;
}

bool is_live(const SessionInfo& session, base::Time now, const Config& config,
             base::Duration skew) {
  return session.renewed + config.session_ttl + skew >= now;
}

}  // namespace holdfast::repository
