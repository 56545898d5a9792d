// Writing, reading and using sidecars.
#include "repository/parity_sidecar.hpp"

#include <algorithm>
#include <cstdio>

#include "codec/crc32c.hpp"
#include "codec/parity.hpp"
#include "repository/object_name.hpp"

namespace holdfast::repository {

namespace {

constexpr std::string_view magic = "HFPY";
constexpr std::uint8_t version = 1;
constexpr std::size_t name_size_max = 512;
constexpr std::size_t hash_digits = 64;
constexpr std::size_t tail_size = 8;  // head_size and head_checksum

// Bytes of block `number` of an object.
std::uint64_t size_of_block(const ParityLayout& layout, std::uint64_t number) {
  return std::min<std::uint64_t>(layout.block_size,
                                 layout.object_size - number * layout.block_size);
}

// The blocks of one stripe, as views into an object and its parity. The object's last block and
// those past its end are views into `scratch_`.
class Stripe {
 public:
  // Borrows both. `parity` holds all parity blocks of the object.
  Stripe(const ParityLayout& layout, base::MutableByteView object, base::MutableByteView parity)
      : layout_(layout), object_(object), parity_(parity) {}

  // Goes to stripe `number`.
  void load(std::uint32_t number) {
    views_.clear();
    const auto size = layout_.block_size;
    scratch_.assign(std::size_t{size} * 2, 0);
    const base::MutableByteView padded(scratch_.data(), size);
    const base::MutableByteView zeros(scratch_.data() + size, size);
    short_block_.reset();
    for (std::uint32_t i = 0; i < layout_.data(); ++i) {
      const auto block = block_of(number, i);
      if (block >= layout_.blocks()) {
        views_.push_back(zeros);
        continue;
      }
      const auto bytes = bytes_of(block);
      if (bytes.size() == size) {
        views_.push_back(bytes);
        continue;
      }
      std::copy(bytes.begin(), bytes.end(), padded.begin());
      views_.push_back(padded);
      short_block_ = block;
    }
    for (std::uint32_t r = 0; r < layout_.parity; ++r)
      views_.push_back(parity_.subspan((std::size_t{r} * layout_.stripes + number) * size, size));
  }
  // Writes a padded last block back to the object.
  void store() {
    if (!short_block_) return;
    const auto bytes = bytes_of(*short_block_);
    std::copy_n(scratch_.begin(), bytes.size(), bytes.begin());
  }

  [[nodiscard]] std::uint64_t block_of(std::uint32_t stripe, std::uint32_t i) const {
    return std::uint64_t{i} * layout_.stripes + stripe;
  }
  [[nodiscard]] base::MutableByteView bytes_of(std::uint64_t block) const {
    return object_.subspan(block * layout_.block_size, size_of_block(layout_, block));
  }
  // Data, then parity.
  [[nodiscard]] const std::vector<base::MutableByteView>& views() const { return views_; }

 private:
  const ParityLayout& layout_;
  base::MutableByteView object_;
  base::MutableByteView parity_;
  std::vector<base::MutableByteView> views_;
  base::Bytes scratch_;
  std::optional<std::uint64_t> short_block_;
};

base::Bytes encode_head(std::string_view name, unsigned percent, const ParityLayout& layout,
                        base::ByteView object, base::ByteView parity) {
  base::Bytes head;
  base::ByteWriter out(head);
  out.raw(base::as_bytes(magic));
  out.u8(version);
  out.u8(static_cast<std::uint8_t>(percent));
  out.u16(0);
  out.u64(layout.object_size);
  out.u32(layout.block_size);
  out.u32(layout.stripes);
  out.u16(static_cast<std::uint16_t>(layout.parity));
  out.sized(name);
  for (std::uint64_t i = 0; i < layout.blocks(); ++i)
    out.u32(codec::crc32c(object.subspan(i * layout.block_size, size_of_block(layout, i))));
  for (std::uint64_t i = 0; i < layout.parity_blocks(); ++i)
    out.u32(codec::crc32c(parity.subspan(i * layout.block_size, layout.block_size)));
  out.u32(static_cast<std::uint32_t>(head.size() + tail_size));
  out.u32(codec::crc32c(head));
  return head;
}

base::Error wrong_head(std::string what) {
  return base::Error(base::ErrorCode::damaged, "a sidecar's head " + std::move(what));
}

// The head that `bytes` begin with.
base::Result<SidecarHead> decode_head(base::ByteView bytes) {
  base::ByteReader in(bytes);
  if (base::as_text(TRY(in.raw(magic.size()))) != magic) return wrong_head("has another magic");
  if (TRY(in.u8()) != version) {
    return base::Error(base::ErrorCode::unsupported, "a sidecar is of a newer version")
        .with_hint("use a newer version of Holdfast");
  }
  SidecarHead head;
  head.percent = TRY(in.u8());
  if (head.percent == 0 || head.percent > parity_percent_max)
    return wrong_head("states no percentage");
  if (TRY(in.u16()) != 0) return wrong_head("uses reserved bytes");
  head.layout.object_size = TRY(in.u64());
  head.layout.block_size = TRY(in.u32());
  head.layout.stripes = TRY(in.u32());
  head.layout.parity = TRY(in.u16());
  TRY(head.layout.check());
  head.object = TRY(in.sized_text(name_size_max));
  if (!storage::is_valid_name(head.object) || !hash_of_name(head.object))
    return wrong_head("names no object");
  const auto count = std::uint64_t{head.layout.blocks()} + head.layout.parity_blocks();
  const auto table = TRY(in.raw(count * sizeof(std::uint32_t)));
  head.size = TRY(in.u32());
  const auto end = in.position();
  if (TRY(in.u32()) != codec::crc32c(bytes.first(end))) return wrong_head("has a wrong checksum");
  if (head.size != in.position()) return wrong_head("has another size than it states");
  head.checksums.resize(count);
  std::memcpy(head.checksums.data(), table.data(), table.size());
  return head;
}

std::uint64_t whole_size(const SidecarHead& head) {
  return std::uint64_t{head.size} * 2 +
         std::uint64_t{head.layout.parity_blocks()} * head.layout.block_size;
}

}  // namespace

std::string sidecar_prefix(const SidecarName& name) {
  const auto hex = base::to_hex(name.object);
  char percent[8];
  std::snprintf(percent, sizeof percent, "-%03u-", name.percent);
  return std::string(parity_prefix) + hex.substr(0, 2) + "/" + hex + percent;
}

std::optional<SidecarName> parse_sidecar_name(std::string_view name) {
  constexpr std::size_t object_at = parity_prefix.size() + 3;
  constexpr std::size_t percent_at = object_at + hash_digits + 1;
  constexpr std::size_t size = percent_at + 4 + hash_digits;
  if (name.size() != size || !name.starts_with(parity_prefix) || !hash_of_name(name))
    return std::nullopt;
  const auto object = hash_of_name(name.substr(0, object_at + hash_digits));
  if (!object) return std::nullopt;
  SidecarName parsed{.object = *object, .percent = 0};
  for (const char digit : name.substr(percent_at, 3)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    parsed.percent = parsed.percent * 10 + static_cast<unsigned>(digit - '0');
  }
  if (parsed.percent == 0 || parsed.percent > parity_percent_max ||
      !name.starts_with(sidecar_prefix(parsed)))
    return std::nullopt;
  return parsed;
}

base::Bytes make_sidecar(std::string_view name, base::ByteView object, unsigned percent) {
  const auto layout = ParityLayout::choose(object.size(), percent);
  const codec::ParityCode code(layout.data(), layout.parity);
  base::Bytes parity(std::size_t{layout.parity_blocks()} * layout.block_size);
  const std::size_t size = layout.block_size;
  base::Bytes data(layout.data() * size);  // of one stripe
  for (std::uint32_t stripe = 0; stripe < layout.stripes; ++stripe) {
    std::fill(data.begin(), data.end(), base::Byte{0});
    std::vector<base::MutableByteView> blocks;
    for (std::uint32_t i = 0; i < layout.data(); ++i) {
      blocks.emplace_back(data.data() + i * size, size);
      const auto at = (std::uint64_t{i} * layout.stripes + stripe) * size;
      if (at >= object.size()) continue;
      const auto bytes = object.subspan(at, std::min<std::uint64_t>(size, object.size() - at));
      std::copy(bytes.begin(), bytes.end(), blocks.back().begin());
    }
    for (std::uint32_t r = 0; r < layout.parity; ++r)
      blocks.emplace_back(parity.data() + (std::size_t{r} * layout.stripes + stripe) * size, size);
    code.encode(blocks);
  }
  const auto head = encode_head(name, percent, layout, object, parity);
  base::Bytes sidecar;
  sidecar.reserve(head.size() * 2 + parity.size());
  base::ByteWriter out(sidecar);
  out.raw(head);
  out.raw(parity);
  out.raw(head);
  return sidecar;
}

base::Result<SidecarHead> decode_sidecar(base::ByteView sidecar) {
  auto head = TRY(decode_head(sidecar));
  if (whole_size(head) != sidecar.size())
    return base::Error(base::ErrorCode::damaged, "a sidecar has another size than its head states");
  if (!std::equal(sidecar.end() - head.size, sidecar.end(), sidecar.begin()))
    return base::Error(base::ErrorCode::damaged, "a sidecar's two heads differ");
  const auto parity = sidecar.subspan(head.size);
  for (std::uint64_t i = 0; i < head.layout.parity_blocks(); ++i) {
    if (codec::crc32c(parity.subspan(i * head.layout.block_size, head.layout.block_size)) !=
        head.checksums[head.layout.blocks() + i])
      return base::Error(base::ErrorCode::damaged, "a sidecar's parity has a wrong checksum");
  }
  return head;
}

base::Result<SidecarHead> find_sidecar_head(base::ByteView sidecar) {
  auto first = decode_head(sidecar);
  if (first.ok() || sidecar.size() < tail_size) return first;
  base::ByteReader tail(sidecar.last(tail_size));
  const auto size = TRY(tail.u32());
  if (size > sidecar.size()) return first;
  auto second = decode_head(sidecar.last(size));
  if (!second.ok() || whole_size(second.value()) != sidecar.size()) return first;
  return second;
}

base::Result<Recovered> recover_object(const SidecarHead& head, base::Bytes object,
                                       base::Bytes sidecar) {
  const auto& layout = head.layout;
  object.resize(layout.object_size);
  sidecar.resize(whole_size(head));
  const auto parity =
      base::MutableByteView(sidecar).subspan(head.size, sidecar.size() - 2 * head.size);
  const codec::ParityCode code(layout.data(), layout.parity);
  Stripe stripe(layout, object, parity);
  std::uint64_t blocks_lost = 0;
  for (std::uint32_t number = 0; number < layout.stripes; ++number) {
    stripe.load(number);
    std::vector<unsigned> lost;
    for (std::uint32_t i = 0; i < layout.data(); ++i) {
      const auto block = stripe.block_of(number, i);
      if (block < layout.blocks() && codec::crc32c(stripe.bytes_of(block)) != head.checksums[block])
        lost.push_back(i);
    }
    if (lost.empty()) continue;
    blocks_lost += lost.size();
    for (std::uint32_t r = 0; r < layout.parity; ++r) {
      const auto checksum =
          head.checksums[layout.blocks() + std::uint64_t{r} * layout.stripes + number];
      if (codec::crc32c(stripe.views()[layout.data() + r]) != checksum)
        lost.push_back(layout.data() + r);
    }
    TRY(code.recover(stripe.views(), lost));
    stripe.store();
  }
  return Recovered{.object = std::move(object), .blocks_lost = blocks_lost};
}

}  // namespace holdfast::repository
