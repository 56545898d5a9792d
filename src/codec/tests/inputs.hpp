// Inputs of known character for the codec's tests: noise, text, numbers.
#pragma once

#include <string>

#include "base/bytes.hpp"

namespace holdfast::codec {

[[nodiscard]] base::Bytes unhex(const std::string& text);
// What no compressor shortens.
[[nodiscard]] base::Bytes noise(std::size_t size, std::uint64_t seed = 1);
// Words in random order: compresses to about a third.
[[nodiscard]] base::Bytes text(std::size_t size, std::uint64_t seed = 1);
// Normally distributed weights, as neural networks have them, in the three usual formats.
[[nodiscard]] base::Bytes bf16_weights(std::size_t count, std::uint64_t seed = 1);
[[nodiscard]] base::Bytes fp16_weights(std::size_t count, std::uint64_t seed = 1);
[[nodiscard]] base::Bytes fp32_weights(std::size_t count, std::uint64_t seed = 1);
// Fixed-size records with counters, flags and short names, like a database's pages.
[[nodiscard]] base::Bytes records(std::size_t size, std::uint64_t seed = 1);
[[nodiscard]] base::Bytes joined(const base::Bytes& a, const base::Bytes& b);

}  // namespace holdfast::codec
