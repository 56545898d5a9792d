// Variable-length numbers, hexadecimal, wiping, and rendering of hostile names.
#include "base/bytes.hpp"

#include <strings.h>

namespace holdfast::base {

void ByteWriter::varint(std::uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<Byte>(value | 0x80));
    value >>= 7;
  }
  out_.push_back(static_cast<Byte>(value));
}

void ByteWriter::signed_varint(std::int64_t value) {
  varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

Error ByteReader::past_end() { return {ErrorCode::damaged, "a record ends before its last field"}; }

Result<std::int64_t> ByteReader::i64() { return static_cast<std::int64_t>(TRY(u64())); }

Result<std::uint64_t> ByteReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (at_ == in_.size()) return past_end();
    const Byte byte = in_[at_++];
    if (shift == 63 && byte > 1) break;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      if (byte == 0 && shift != 0) {
        return Error(ErrorCode::damaged, "a number is not in its shortest form");
      }
      return value;
    }
  }
  return Error(ErrorCode::damaged, "a number is longer than 64 bits");
}

Result<std::int64_t> ByteReader::signed_varint() {
  const auto value = TRY(varint());
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

Result<ByteView> ByteReader::raw(std::size_t size) {
  if (remaining() < size) return past_end();
  const auto view = in_.subspan(at_, size);
  at_ += size;
  return view;
}

Result<ByteView> ByteReader::sized(std::size_t size_max) {
  const auto size = TRY(varint());
  if (size > size_max) {
    return Error(ErrorCode::damaged, "a field is longer than its limit (" + std::to_string(size) +
                                         " > " + std::to_string(size_max) + " bytes)");
  }
  return raw(static_cast<std::size_t>(size));
}

Result<std::string> ByteReader::sized_text(std::size_t size_max) {
  return std::string(as_text(TRY(sized(size_max))));
}

Result<void> ByteReader::expect_end() const {
  if (remaining() == 0) return {};
  return Error(ErrorCode::damaged,
               std::to_string(remaining()) + " bytes follow the end of a record");
}

std::string to_hex(ByteView bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const Byte byte : bytes) {
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15]);
  }
  return text;
}

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// The length of the valid UTF-8 sequence at the start of `text`, 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  }
  const auto second = length > 1 ? static_cast<unsigned char>(text[1]) : 0;
  // Overlong forms, surrogates, and code points above U+10FFFF; C1 controls count as invalid here.
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
      (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f) ||
      (lead == 0xc2 && second < 0xa0)) {
    return 0;
  }
  return length;
}

}  // namespace

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return Error(ErrorCode::invalid_argument, "hexadecimal text of odd length");
  }
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) {
      return Error(ErrorCode::invalid_argument, "not lower-case hexadecimal text");
    }
    bytes.push_back(static_cast<Byte>(high * 16 + low));
  }
  return bytes;
}

void wipe(MutableByteView bytes) noexcept {
  if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
}

std::string printable(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  while (!raw.empty()) {
    const auto lead = static_cast<unsigned char>(raw[0]);
    const auto length = utf8_length(raw);
    const bool c1_control =
        length == 2 && lead == 0xc2 && static_cast<unsigned char>(raw[1]) < 0xa0;
    if (length == 0 || lead < 0x20 || lead == 0x7f || c1_control) {
      text += "\\x";
      text += to_hex(as_bytes(raw.substr(0, 1)));
      raw.remove_prefix(1);
    } else {
      text += raw.substr(0, length);
      raw.remove_prefix(length);
    }
  }
  return text;
}

}  // namespace holdfast::base
