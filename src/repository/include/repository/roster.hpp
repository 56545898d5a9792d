// The roster (docs/internals/repository_format.md section 2.4): the admin's signed list of who
// writes, and in which domain.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "codec/sealed_box.hpp"
#include "codec/signature.hpp"
#include "repository/ids.hpp"

namespace holdfast::repository {

struct RosterWriter {
  codec::VerifyKey verify_key{};
  ShortId domain{};
  std::array<base::Byte, 32 + codec::sealed_box_overhead>
      sealed_id_key{};  // to the repository's public key
  base::Time created;
  std::string label;
};

struct Roster {
  std::uint32_t sequence = 1;
  std::vector<RosterWriter> writers;
};

[[nodiscard]] base::Bytes encode_roster(const Roster& roster);
base::Result<Roster> decode_roster(base::ByteView body);

}  // namespace holdfast::repository
