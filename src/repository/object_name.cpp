// Naming, storing and reading objects by their hash.
#include "repository/object_name.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace holdfast::repository {

std::string object_name(std::string_view prefix, const ObjectHash& hash) {
  return std::string(prefix) + base::to_hex(hash);
}

std::string pack_object_name(ChunkType type, const ObjectHash& name) {
  const auto hex = base::to_hex(name);
  return std::string(type == ChunkType::data ? data_prefix : tree_prefix) + hex.substr(0, 2) + "/" +
         hex;
}

std::string numbered_prefix(std::string_view prefix, std::uint32_t number) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%08u-", number);
  return std::string(prefix) + digits;
}

std::optional<std::uint32_t> number_of_name(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end == name.data() + name.size() || *end != '-') return std::nullopt;
  return number;
}

std::optional<ObjectHash> hash_of_name(std::string_view name) {
  constexpr std::size_t digits = 64;
  if (name.size() < digits) return std::nullopt;
  const auto bytes = base::from_hex(name.substr(name.size() - digits));
  if (!bytes.ok()) return std::nullopt;
  ObjectHash hash{};
  std::copy(bytes.value().begin(), bytes.value().end(), hash.begin());
  return hash;
}

std::string short_name(const ObjectHash& hash) { return base::to_hex(hash).substr(0, 10); }

base::Result<StoredObject> put_object(storage::Storage& storage, std::string_view prefix,
                                      base::ByteView bytes) {
  StoredObject stored{.hash = codec::sha256(bytes), .stored_at = {}};
  const auto name = object_name(prefix, stored.hash);
  auto put = storage.put(name, bytes);
  if (put.ok()) {
    stored.stored_at = put.value().stored_at;
    return stored;
  }
  if (put.error().code() != base::ErrorCode::already_exists) {
    return std::move(put).error().with_context("storing " + name);
  }
  stored.stored_at = TRY(storage.stat(name)).stored_at;
  return stored;
}

namespace {

// The newest older version whose bytes hash to the name; not_found if there is none. A version that
// can't be asked for now may be the one: then that outage is the answer.
base::Result<base::Bytes> get_older_version(storage::Storage& storage, const std::string& name,
                                            const ObjectHash& hash, std::uint64_t size_max) {
  storage::ListOptions options;
  options.prefix = name;
  std::optional<base::Error> trouble;
  do {
    const auto page = TRY(storage.list_versions(options));
    for (const auto& info : page.objects) {
      if (info.name != name || info.kind != storage::ObjectInfo::Kind::object ||
          info.size > size_max)
        continue;
      auto bytes = storage.get(name, size_max, info.version);
      if (bytes.ok() && codec::sha256(bytes.value()) == hash) return std::move(bytes).value();
      if (!bytes.ok() && bytes.error().code() != base::ErrorCode::not_found &&
          bytes.error().code() != base::ErrorCode::damaged) {
        trouble = std::move(bytes).error();
      }
    }
    options.continuation = page.next;
  } while (!options.continuation.empty());
  if (trouble) return std::move(*trouble).with_context("reading an older version of " + name);
  return base::Error(base::ErrorCode::not_found,
                     "no version of " + name + " has the bytes that its name states");
}

}  // namespace

bool was_never_whole(const storage::Storage& storage, const storage::ObjectInfo& info,
                     const base::Error& error, base::Time now) {
  const auto lock = storage.capabilities().lock;
  return error.code() == base::ErrorCode::damaged && lock && info.stored_at + *lock > now;
}

base::Result<base::Bytes> get_object(storage::Storage& storage, const std::string& name,
                                     std::uint64_t size_max) {
  const auto hash = hash_of_name(name);
  if (!hash)
    return base::Error(base::ErrorCode::invalid_argument,
                       "'" + name + "' names no object by its hash");
  auto bytes = storage.get(name, size_max);
  if (bytes.ok() && codec::sha256(bytes.value()) == *hash) return bytes;
  if (!bytes.ok() && bytes.error().code() != base::ErrorCode::not_found &&
      bytes.error().code() != base::ErrorCode::damaged) {
    return std::move(bytes).error().with_context("reading " + name);
  }
  if (storage.capabilities().versions) {
    auto older = get_older_version(storage, name, *hash, size_max);
    if (older.ok()) return older;
    if (older.error().code() != base::ErrorCode::not_found) return older;
  }
  if (!bytes.ok()) return std::move(bytes).error().with_context("reading " + name);
  return base::Error(base::ErrorCode::damaged,
                     "the bytes of " + name + " are not those that its name states")
      .with_hint(
          "run 'holdfast verify --level intact' to see what else is damaged, then 'holdfast "
          "repository repair'");
}

}  // namespace holdfast::repository
