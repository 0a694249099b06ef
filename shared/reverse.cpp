#include "shared/reverse.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace revecho {
namespace {

std::uint16_t turned(std::uint16_t word) noexcept { return __builtin_bswap16(word); }
std::uint32_t turned(std::uint32_t word) noexcept { return __builtin_bswap32(word); }
std::uint64_t turned(std::uint64_t word) noexcept { return __builtin_bswap64(word); }

// A word from each end, turned, at the other end. The two may overlap: what lies in both comes out the same.
template <class Word>
void swap_ends(char* first, char* last) noexcept {
  last -= sizeof(Word);
  Word front{};
  Word back{};
  std::memcpy(&front, first, sizeof front);
  std::memcpy(&back, last, sizeof back);
  front = turned(front);
  back = turned(back);
  std::memcpy(first, &back, sizeof back);
  std::memcpy(last, &front, sizeof front);
}

void reverse_by_words(char* first, char* last) noexcept {
  constexpr std::ptrdiff_t step = sizeof(std::uint64_t);
  for (; last - first >= 2 * step; first += step, last -= step)
    swap_ends<std::uint64_t>(first, last);
  if (last - first >= step) {
    swap_ends<std::uint64_t>(first, last);
  } else if (last - first >= step / 2) {
    swap_ends<std::uint32_t>(first, last);
  } else if (last - first >= step / 4) {
    swap_ends<std::uint16_t>(first, last);
  }
}

#if defined(__x86_64__)

// The halves change places on their way from memory, where it costs nothing, and each is turned with the other.
__attribute__((target("avx2"))) inline __m256i load_turned(const char* from) noexcept {
  const __m256i order = _mm256_set_epi8(
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const auto* const halves = reinterpret_cast<const __m128i_u*>(from);
  return _mm256_shuffle_epi8(_mm256_loadu2_m128i(halves, halves + 1), order);
}

__attribute__((target("avx2"))) inline void swap_blocks(char* first, char* last) noexcept {
  last -= sizeof(__m256i);
  const __m256i front = load_turned(first);
  const __m256i back = load_turned(last);
  _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(first), back);
  _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(last), front);
}

__attribute__((target("avx2"))) void reverse_by_blocks(char* first, char* last) noexcept {
  constexpr std::ptrdiff_t step = sizeof(__m256i);
  for (; last - first >= 2 * step; first += step, last -= step)
    swap_blocks(first, last);
  if (last - first >= step) {
    swap_blocks(first, last);
  } else {
    reverse_by_words(first, last);
  }
}

const bool has_blocks = __builtin_cpu_supports("avx2");

#endif

} // namespace

void reverse(std::span<char> bytes) noexcept {
#if defined(__x86_64__)
  if (has_blocks) return reverse_by_blocks(bytes.data(), bytes.data() + bytes.size());
#endif
  reverse_portably(bytes);
}

void reverse_portably(std::span<char> bytes) noexcept { reverse_by_words(bytes.data(), bytes.data() + bytes.size()); }

} // namespace revecho
