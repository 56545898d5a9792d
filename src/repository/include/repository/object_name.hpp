// Names of a repository's objects (docs/internals/repository_format.md section 1), and the one way
// to read an object: its bytes must hash to its name, older versions are looked at when the current
// one doesn't.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "repository/index_segment.hpp"
#include "storage/storage.hpp"

namespace holdfast::repository {

// The prefixes of all object names, with trailing slash.
inline constexpr std::string_view config_prefix = "config/";
inline constexpr std::string_view keys_prefix = "keys/";
inline constexpr std::string_view roster_prefix = "roster/";
inline constexpr std::string_view index_prefix = "index/";
inline constexpr std::string_view snapshots_prefix = "snapshots/";
inline constexpr std::string_view sessions_prefix = "sessions/";
inline constexpr std::string_view notes_prefix = "notes/";
inline constexpr std::string_view condemned_prefix = "condemned/";
inline constexpr std::string_view log_prefix = "log/";
inline constexpr std::string_view probe_prefix = "probe/";
inline constexpr std::string_view parity_prefix = "parity/";
inline constexpr std::string_view mended_prefix = "mended/";  // and the whole name of an object
inline constexpr std::string_view data_prefix = "data/";
inline constexpr std::string_view tree_prefix = "tree/";

// `prefix` and the hash in hexadecimal.
[[nodiscard]] std::string object_name(std::string_view prefix, const ObjectHash& hash);
[[nodiscard]] std::string pack_object_name(ChunkType type, const ObjectHash& name);
// "roster/00000007-": the prefix of objects that are numbered.
[[nodiscard]] std::string numbered_prefix(std::string_view prefix, std::uint32_t number);
// The number in such a name; nothing for a foreign one.
[[nodiscard]] std::optional<std::uint32_t> number_of_name(std::string_view name,
                                                          std::string_view prefix);
// The hash that a name ends in; nothing for a foreign name.
[[nodiscard]] std::optional<ObjectHash> hash_of_name(std::string_view name);

// The first ten hexadecimal digits, for people.
[[nodiscard]] std::string short_name(const ObjectHash& hash);

// Stores `bytes` under `prefix` + hash. An object that is already there counts as stored: it has
// the same content.
struct StoredObject {
  ObjectHash hash{};
  base::Time stored_at;
};
base::Result<StoredObject> put_object(storage::Storage& storage, std::string_view prefix,
                                      base::ByteView bytes);

// Whether what get_object reports as damaged was put there like that: while object lock surely
// keeps what was stored under a name, an object without bytes that fit it never had any.
[[nodiscard]] bool was_never_whole(const storage::Storage& storage, const storage::ObjectInfo& info,
                                   const base::Error& error, base::Time now);

// Reads an object whose name ends in its hash; damaged if no version of it has that hash.
base::Result<base::Bytes> get_object(storage::Storage& storage, const std::string& name,
                                     std::uint64_t size_max);

}  // namespace holdfast::repository
