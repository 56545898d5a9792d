// Encoding and decoding of the roster's body.
#include "repository/roster.hpp"

namespace holdfast::repository {

namespace {
constexpr std::uint64_t writers_max = 100'000;
constexpr std::size_t label_size_max = 1024;
}  // namespace

base::Bytes encode_roster(const Roster& roster) {
  base::Bytes body;
  base::ByteWriter out(body);
  out.u32(roster.sequence);
  out.varint(roster.writers.size());
  for (const auto& writer : roster.writers) {
    out.raw(writer.verify_key);
    out.raw(writer.domain);
    out.raw(writer.sealed_id_key);
    out.i64(writer.created.nanoseconds);
    out.sized(std::string_view(writer.label).substr(0, label_size_max));
  }
  return body;
}

base::Result<Roster> decode_roster(base::ByteView body) {
  base::ByteReader in(body);
  Roster roster;
  roster.sequence = TRY(in.u32());
  const auto count = TRY(in.varint());
  if (count > writers_max)
    return base::Error(base::ErrorCode::damaged, "the roster names too many writers");
  for (std::uint64_t i = 0; i < count; ++i) {
    RosterWriter writer;
    writer.verify_key = TRY(in.array<32>());
    writer.domain = TRY(in.array<16>());
    writer.sealed_id_key = TRY(in.array<32 + codec::sealed_box_overhead>());
    writer.created = {TRY(in.i64())};
    writer.label = TRY(in.sized_text(label_size_max));
    roster.writers.push_back(std::move(writer));
  }
  TRY(in.expect_end());
  return roster;
}

}  // namespace holdfast::repository
