// A record's header is followed by headers of its parts (references to blocks with images or data
// of them, the origin, the outer transaction, the main data) and then by the parts in the same
// order; the main data are last in both.
#include "wal_layout.hpp"

#include <algorithm>

namespace holdfast::wire {

using base::ByteView;

namespace {

constexpr std::uint8_t block_id_max = 32;
constexpr std::uint8_t outer_transaction_id = 252;
constexpr std::uint8_t origin_id = 253;
constexpr std::uint8_t long_main_data_id = 254;
constexpr std::uint8_t short_main_data_id = 255;

constexpr std::uint8_t block_has_image = 0x10;
constexpr std::uint8_t block_of_same_relation = 0x80;
constexpr std::uint8_t image_has_hole = 0x01;

constexpr std::size_t relation_size = 12;
constexpr std::size_t block_number_size = 4;

// Reads on while there are bytes; afterwards `ok` tells whether there were enough.
struct Cursor {
  ByteView bytes;
  std::size_t at = 0;
  bool ok = true;

  template <typename T>
  T take() {
    T value{};
    if (skip(sizeof value)) std::memcpy(&value, bytes.data() + at - sizeof value, sizeof value);
    return value;
  }
  bool skip(std::size_t size) {
    ok = ok && bytes.size() - at >= size;
    if (ok) at += size;
    return ok;
  }
};

bool image_is_compressed(std::uint8_t flags, std::uint16_t page_magic) {
  return (flags & (page_magic >= wal_magic_15 ? 0x1C : 0x02)) != 0;
}

// After the block's number in the record. Returns how many bytes of data and image follow the
// headers.
std::uint64_t take_block(Cursor& cursor, std::uint16_t page_magic) {
  const auto flags = cursor.take<std::uint8_t>();
  std::uint64_t size = cursor.take<std::uint16_t>();
  if ((flags & block_has_image) != 0) {
    size += cursor.take<std::uint16_t>();
    cursor.skip(2);  // where its hole is
    const auto image = cursor.take<std::uint8_t>();
    if ((image & image_has_hole) != 0 && image_is_compressed(image, page_magic)) cursor.skip(2);
  }
  if ((flags & block_of_same_relation) == 0) cursor.skip(relation_size);
  cursor.skip(block_number_size);
  return size;
}

}  // namespace

std::optional<WalMainData> find_main_data(ByteView kept, std::uint32_t size,
                                          std::uint16_t page_magic) {
  Cursor cursor{kept};
  std::uint64_t parts = 0;  // bytes of those whose headers were read
  std::uint32_t main_size = 0;
  bool was_main = false;
  while (cursor.ok && !was_main && size - cursor.at > parts) {
    const auto id = cursor.take<std::uint8_t>();
    if (id == short_main_data_id || id == long_main_data_id) {
      main_size =
          id == short_main_data_id ? cursor.take<std::uint8_t>() : cursor.take<std::uint32_t>();
      parts += main_size;
      was_main = true;
    } else if (id <= block_id_max) {
      parts += take_block(cursor, page_magic);
    } else if (id == origin_id) {
      cursor.skip(sizeof(std::uint16_t));
    } else if (id == outer_transaction_id) {
      cursor.skip(sizeof(std::uint32_t));
    } else {
      return std::nullopt;
    }
  }
  if (!cursor.ok || size - cursor.at != parts) return std::nullopt;
  const auto main_begin = std::min<std::size_t>(size - main_size, kept.size());
  return WalMainData{kept.subspan(main_begin), main_size};
}

}  // namespace holdfast::wire
