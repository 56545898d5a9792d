// Randomness as an interface: the operating system's in production, a seed in the simulation.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace holdfast::base {

class Random {
 public:
  virtual ~Random() = default;
  // Fills `out`. Keys come from here: the production source is fit for cryptography. Thread-safe.
  virtual void fill(MutableByteView out) = 0;

  template <std::size_t N>
  [[nodiscard]] std::array<Byte, N> array() {
    std::array<Byte, N> out;
    fill(out);
    return out;
  }
  [[nodiscard]] std::uint64_t number();
  // Uniform in [0, bound); bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
};

// getrandom(2).
class SystemRandom final : public Random {
 public:
  void fill(MutableByteView out) override;
};

// splitmix64 from a seed: for simulations and tests only, never for keys that protect anything. Not
// thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(MutableByteView out) override;

 private:
  std::uint64_t state_;
};

}  // namespace holdfast::base
