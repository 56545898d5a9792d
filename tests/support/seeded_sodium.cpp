// libsodium lets its source of randomness be replaced.
#include "support/seeded_sodium.hpp"

#include <sodium.h>

#include <optional>

#include "base/random.hpp"

namespace holdfast::simulation {

namespace {

std::optional<base::SeededRandom> source;

const char* name() { return "seeded"; }

std::uint32_t random_number() { return static_cast<std::uint32_t>(source->number()); }

void fill(void* const out, const std::size_t size) {
  source->fill({static_cast<base::Byte*>(out), size});
}

randombytes_implementation seeded{.implementation_name = name,
                                  .random = random_number,
                                  .stir = nullptr,
                                  .uniform = nullptr,
                                  .buf = fill,
                                  .close = nullptr};

}  // namespace

SeededSodium::SeededSodium(std::uint64_t seed) {
  CHECK(!source, "a second SeededSodium");
  CHECK(sodium_init() >= 0, "libsodium does not start");  // it would draw from the source
  source.emplace(seed);
  randombytes_set_implementation(&seeded);
}

SeededSodium::~SeededSodium() {
  randombytes_set_implementation(&randombytes_sysrandom_implementation);
  source.reset();
}

}  // namespace holdfast::simulation
