#include "shared/protocol/reverse.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace revecho {
namespace {

void reverse_by_words(char* first, char* last) noexcept {
  constexpr std::ptrdiff_t step = sizeof(std::uint64_t);
  for (; last - first > 2 * step; first += step, last -= step)
    detail::swap_ends<std::uint64_t>(first, last);
  detail::reverse_few(first, last);
}

#if defined(__x86_64__)

#define REVECHO_AVX2 __attribute__((target("avx2")))
#define REVECHO_AVX512 __attribute__((target("avx512vbmi,avx512bw")))

// The loads swap the two halves at no cost; the shuffle then reverses each half.
REVECHO_AVX2 inline __m256i load_turned_32(const char* from) noexcept {
  const __m256i order = _mm256_set_epi8(
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const auto* const halves = reinterpret_cast<const __m128i_u*>(from);
  return _mm256_shuffle_epi8(_mm256_loadu2_m128i(halves, halves + 1), order);
}

REVECHO_AVX2 inline void swap_ends_32(char* first, char* last) noexcept {
  last -= sizeof(__m256i);
  const __m256i front = load_turned_32(first);
  const __m256i back = load_turned_32(last);
  _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(first), back);
  _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(last), front);
}

REVECHO_AVX2 void reverse_by_32(char* first, char* last) noexcept {
  constexpr std::ptrdiff_t step = sizeof(__m256i);
  for (; last - first > 2 * step; first += step, last -= step)
    swap_ends_32(first, last);
  last - first >= step ? swap_ends_32(first, last) : reverse_by_words(first, last);
}

REVECHO_AVX512 inline __m512i load_turned_64(const char* from) noexcept {
  const __m512i order = _mm512_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
      22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49,
      50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63);
  // Full mask: the unmasked intrinsic triggers a false warning inside g++ 12's own header.
  return _mm512_maskz_permutexvar_epi8(~__mmask64{0}, order, _mm512_loadu_si512(from));
}

REVECHO_AVX512 inline void swap_ends_64(char* first, char* last) noexcept {
  last -= sizeof(__m512i);
  const __m512i front = load_turned_64(first);
  const __m512i back = load_turned_64(last);
  _mm512_storeu_si512(first, back);
  _mm512_storeu_si512(last, front);
}

REVECHO_AVX512 void reverse_by_64(char* first, char* last) noexcept {
  constexpr std::ptrdiff_t step = sizeof(__m512i);
  for (; last - first > 2 * step; first += step, last -= step)
    swap_ends_64(first, last);
  last - first >= step ? swap_ends_64(first, last) : reverse_by_32(first, last);
}

using kernel = void (*)(char*, char*) noexcept;

kernel fastest() noexcept {
  if (__builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw")) return reverse_by_64;
  if (__builtin_cpu_supports("avx2")) return reverse_by_32;
  return reverse_by_words;
}

const kernel reverse_fast = fastest();

#else

constexpr auto reverse_fast = reverse_by_words;

#endif

} // namespace

void detail::reverse_many(char* first, char* last) noexcept { reverse_fast(first, last); }

void reverse_portably(std::span<char> bytes) noexcept { reverse_by_words(bytes.data(), bytes.data() + bytes.size()); }

} // namespace revecho
