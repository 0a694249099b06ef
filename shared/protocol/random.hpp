// A small, fast, seedable source of random bits: 8 bytes of state, so that every connection can own one. Not for
// secrets.
#pragma once

#include <cstdint>

namespace revecho {

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014). The same seed gives
/// the same numbers on every machine. Meets std::uniform_random_bit_generator.
class random_bits {
 public:
  using result_type = std::uint64_t;
  explicit constexpr random_bits(std::uint64_t seed) noexcept : state_(seed) {}

  constexpr result_type operator()() noexcept {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

  /// A number in [0, 1).
  constexpr double fraction() noexcept { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return ~std::uint64_t{0}; }

 private:
  std::uint64_t state_;
};

} // namespace revecho
