// Looks owners up with the re-entrant calls of <pwd.h> and <grp.h>.
#include "owner_names.hpp"

#include <grp.h>
#include <pwd.h>

#include <cerrno>
#include <vector>

#include "base/bytes.hpp"

namespace holdfast::source {

namespace {

constexpr std::size_t remembered_max = 65'536;
constexpr std::size_t record_size_max = std::size_t{1} << 20;  // a group can have very many members

// Calls one of the get*_r functions with a buffer that is large enough.
template <typename Record, typename Call>
bool look_up(Record& record, std::vector<char>& buffer, Call call) {
  buffer.resize(4096);
  while (true) {
    Record* found = nullptr;
    const int error = call(&record, buffer.data(), buffer.size(), &found);
    if (error != ERANGE || buffer.size() >= record_size_max) return error == 0 && found != nullptr;
    buffer.resize(buffer.size() * 4);
  }
}

// What `make` gives for a key, remembered.
template <typename Map, typename Make>
auto& remembered(Map& map, const typename Map::key_type& key, Make make) {
  if (const auto known = map.find(key); known != map.end()) return known->second;
  if (map.size() >= remembered_max) map.clear();
  return map.emplace(key, make()).first->second;
}

}  // namespace

const std::string& OwnerNames::user_name(std::uint32_t uid) {
  return remembered(users_, uid, [uid]() -> std::string {
    struct passwd record{};
    std::vector<char> buffer;
    const bool found =
        look_up(record, buffer, [uid](auto... out) { return ::getpwuid_r(uid, out...); });
    return found ? base::printable(record.pw_name) : std::string();
  });
}

const std::string& OwnerNames::group_name(std::uint32_t gid) {
  return remembered(groups_, gid, [gid]() -> std::string {
    struct group record{};
    std::vector<char> buffer;
    const bool found =
        look_up(record, buffer, [gid](auto... out) { return ::getgrgid_r(gid, out...); });
    return found ? base::printable(record.gr_name) : std::string();
  });
}

std::optional<std::uint32_t> OwnerNames::user_number(const std::string& name) {
  return remembered(user_numbers_, name, [&name]() -> std::optional<std::uint32_t> {
    struct passwd record{};
    std::vector<char> buffer;
    const auto call = [&](auto... out) { return ::getpwnam_r(name.c_str(), out...); };
    if (!look_up(record, buffer, call)) return std::nullopt;
    return record.pw_uid;
  });
}

std::optional<std::uint32_t> OwnerNames::group_number(const std::string& name) {
  return remembered(group_numbers_, name, [&name]() -> std::optional<std::uint32_t> {
    struct group record{};
    std::vector<char> buffer;
    const auto call = [&](auto... out) { return ::getgrnam_r(name.c_str(), out...); };
    if (!look_up(record, buffer, call)) return std::nullopt;
    return record.gr_gid;
  });
}

}  // namespace holdfast::source
