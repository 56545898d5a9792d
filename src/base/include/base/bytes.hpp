// Bytes: owned buffers, borrowed views, and bounds-checked little-endian reading and writing. All
// numbers in our formats are little-endian; `varint` is unsigned LEB128 of at most ten bytes, in
// its shortest form.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace holdfast::base {

using Byte = std::uint8_t;
using Bytes = std::vector<Byte>;
using ByteView = std::span<const Byte>;
using MutableByteView = std::span<Byte>;

static_assert(std::endian::native == std::endian::little,
              "big-endian machines need a port of bytes.hpp");

[[nodiscard]] inline ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const Byte*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Appends to a buffer that it borrows.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) noexcept : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(value); }
  void u16(std::uint16_t value) { fixed(value); }
  void u32(std::uint32_t value) { fixed(value); }
  void u64(std::uint64_t value) { fixed(value); }
  void i64(std::int64_t value) { fixed(static_cast<std::uint64_t>(value)); }
  void varint(std::uint64_t value);
  // Zigzag, then varint.
  void signed_varint(std::int64_t value);
  void raw(ByteView bytes) {
    if (bytes.empty()) return;
    const auto at = out_.size();
    out_.resize(at + bytes.size());
    std::memcpy(out_.data() + at, bytes.data(), bytes.size());
  }
  // A varint length, then the bytes.
  void sized(ByteView bytes) {
    varint(bytes.size());
    raw(bytes);
  }
  void sized(std::string_view text) { sized(as_bytes(text)); }
  [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }

 private:
  template <typename T>
  void fixed(T value) {
    const auto at = out_.size();
    out_.resize(at + sizeof value);
    std::memcpy(out_.data() + at, &value, sizeof value);
  }
  Bytes& out_;
};

// Reads from a view that it borrows. Running over the end is ErrorCode::damaged; nothing is read
// past the view.
class ByteReader {
 public:
  explicit ByteReader(ByteView in) noexcept : in_(in) {}

  Result<std::uint8_t> u8() { return fixed<std::uint8_t>(); }
  Result<std::uint16_t> u16() { return fixed<std::uint16_t>(); }
  Result<std::uint32_t> u32() { return fixed<std::uint32_t>(); }
  Result<std::uint64_t> u64() { return fixed<std::uint64_t>(); }
  Result<std::int64_t> i64();
  Result<std::uint64_t> varint();
  Result<std::int64_t> signed_varint();
  // The view stays valid as long as the input.
  Result<ByteView> raw(std::size_t size);
  // A varint length (at most `size_max`), then the bytes.
  Result<ByteView> sized(std::size_t size_max);
  Result<std::string> sized_text(std::size_t size_max);
  template <std::size_t N>
  Result<std::array<Byte, N>> array() {
    const auto bytes = TRY(raw(N));
    std::array<Byte, N> out;
    std::memcpy(out.data(), bytes.data(), N);
    return out;
  }

  [[nodiscard]] std::size_t remaining() const noexcept { return in_.size() - at_; }
  [[nodiscard]] std::size_t position() const noexcept { return at_; }
  // An error unless everything was read.
  Result<void> expect_end() const;

 private:
  [[nodiscard]] static Error past_end();
  template <typename T>
  Result<T> fixed() {
    if (remaining() < sizeof(T)) [[unlikely]]
      return past_end();
    T value;
    std::memcpy(&value, in_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  ByteView in_;
  std::size_t at_ = 0;
};

// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(ByteView bytes);
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);

// Overwrites with zeros in a way that the compiler may not leave out.
void wipe(MutableByteView bytes) noexcept;

// Bytes that are wiped when they go: keys and passphrases. Moves, never copies silently.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) {}
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
      wipe(bytes_);
      bytes_ = std::move(other.bytes_);
    }
    return *this;
  }
  ~SecretBytes() { wipe(bytes_); }

  [[nodiscard]] SecretBytes clone() const { return SecretBytes(view()); }
  [[nodiscard]] ByteView view() const noexcept { return bytes_; }
  [[nodiscard]] MutableByteView writable() noexcept { return bytes_; }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

 private:
  Bytes bytes_;
};

// Escapes control bytes and invalid UTF-8 as \xNN, so that a hostile name can't drive a terminal or
// break JSON.
[[nodiscard]] std::string printable(std::string_view raw);

}  // namespace holdfast::base
