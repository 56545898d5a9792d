// CRC-32C: the processor's instruction (SSE 4.2), or eight tables where it has none. The choice is
// made once.
#include "codec/crc32c.hpp"

#include "crc32c_variants.hpp"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace holdfast::codec {

namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // reflected

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[k][b]: what byte b contributes when k more bytes follow it in the same word.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t byte = 0; byte < 256; ++byte) {
    for (std::size_t k = 1; k < 8; ++k) {
      const auto before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables tables = make_tables();

std::uint64_t load_word(const base::Byte* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

std::uint32_t crc32c_by_tables(base::ByteView data, std::uint32_t crc) {
  crc = ~crc;
  while (data.size() >= 8) {
    const std::uint64_t word = load_word(data.data()) ^ crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= tables[7 - i][(word >> (8 * i)) & 0xff];
    data = data.subspan(8);
  }
  for (const base::Byte byte : data) crc = (crc >> 8) ^ tables[0][(crc ^ byte) & 0xff];
  return ~crc;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(base::ByteView data,
                                                                      std::uint32_t crc) {
  std::uint64_t state = ~crc;
  while (data.size() >= 8) {
    state = _mm_crc32_u64(state, load_word(data.data()));
    data = data.subspan(8);
  }
  auto rest = static_cast<std::uint32_t>(state);
  for (const base::Byte byte : data) rest = _mm_crc32_u8(rest, byte);
  return ~rest;
}

bool has_crc32c_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }

#else

std::uint32_t crc32c_by_instruction(base::ByteView data, std::uint32_t crc) {
  return crc32c_by_tables(data, crc);
}

bool has_crc32c_instruction() { return false; }

#endif

std::uint32_t crc32c(base::ByteView data, std::uint32_t crc) {
  static const bool fast = has_crc32c_instruction();
  return fast ? crc32c_by_instruction(data, crc) : crc32c_by_tables(data, crc);
}

}  // namespace holdfast::codec
