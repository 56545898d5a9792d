// Sidecars: an object's parity as bytes, and the object from what is left of both
// (docs/internals/repository_format.md section 7). Pure; no key is needed for any of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "repository/ids.hpp"
#include "repository/parity_layout.hpp"

namespace holdfast::repository {

// Of the largest object, for 100 percent, with its heads.
constexpr std::uint64_t sidecar_size_max = parity_object_size_max + parity_object_size_max / 8;

// What a sidecar's name tells.
struct SidecarName {
  ObjectHash object{};
  unsigned percent = 0;
};
// "parity/HH/OBJECT-PPP-", to which the sidecar's own hash is appended.
[[nodiscard]] std::string sidecar_prefix(const SidecarName& name);
// Nothing for a foreign name.
[[nodiscard]] std::optional<SidecarName> parse_sidecar_name(std::string_view name);

// The sidecar of `object`, whose name is `name`.
[[nodiscard]] base::Bytes make_sidecar(std::string_view name, base::ByteView object,
                                       unsigned percent);

struct SidecarHead {
  unsigned percent = 0;
  ParityLayout layout;
  std::string object;                    // its name
  std::vector<std::uint32_t> checksums;  // of data blocks, then of parity blocks
  std::uint32_t size = 0;                // bytes of the head
};

// The head of a sidecar that is whole; damaged if anything about it isn't as described, unsupported
// if its version isn't known here.
base::Result<SidecarHead> decode_sidecar(base::ByteView sidecar);
// The head of a sidecar that may be damaged, from its beginning or its end.
base::Result<SidecarHead> find_sidecar_head(base::ByteView sidecar);

struct Recovered {
  base::Bytes object;
  std::uint64_t blocks_lost = 0;  // that were computed anew
};
// The object of `head` from what could be read of it and of its sidecar; bytes that couldn't may
// have any value. damaged if too much is lost. The caller checks what comes out against the
// object's name.
base::Result<Recovered> recover_object(const SidecarHead& head, base::Bytes object,
                                       base::Bytes sidecar);

}  // namespace holdfast::repository
