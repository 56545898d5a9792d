// The names by which a repository knows its things: ids of chunks, names of packs and objects, ids
// of snapshots.
#pragma once

#include <array>
#include <cstring>
#include <string>

#include "base/bytes.hpp"
#include "codec/hash.hpp"

namespace holdfast::repository {

using ChunkId = std::array<base::Byte, 32>;  // HMAC-SHA256 of the plaintext
using ObjectHash =
    std::array<base::Byte, 32>;  // SHA-256 of an object's bytes: pack names, snapshot ids
using ShortId = std::array<base::Byte, 16>;  // repository, domain, writer and session ids

enum class ChunkType : std::uint8_t { data = 1, tree = 2 };

// For hash tables: ids are uniform already.
struct IdHash {
  template <std::size_t N>
  std::size_t operator()(const std::array<base::Byte, N>& id) const noexcept {
    std::size_t value;
    std::memcpy(&value, id.data(), sizeof value);
    return value;
  }
};

}  // namespace holdfast::repository
