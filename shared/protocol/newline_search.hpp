// Finds line breaks one after the other. For short lines, where calling memchr() for each takes longer than all else
// that is done to it.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#if defined(__SSE2__)
#include <bit>
#include <emmintrin.h>
#endif

namespace revecho {

/// The bytes must live as long as the search. What lies before the last one found may be changed meanwhile.
class newline_search {
 public:
  explicit newline_search(std::span<char> bytes) noexcept : at_(bytes.data()), end_(at_ + bytes.size()) {}

  /// The next '\n'; null after the last.
  char* next() noexcept {
#if defined(__SSE2__)
    constexpr std::ptrdiff_t block = sizeof(__m128i);
    while (found_ == 0 && end_ - at_ >= block) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(at_));
      found_ = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n'))));
      at_ += block;
    }
    if (found_ != 0) {
      char* const newline = at_ - block + std::countr_zero(found_);
      found_ &= found_ - 1;
      return newline;
    }
#endif
    if (at_ == end_) return nullptr;
    auto* const newline = static_cast<char*>(std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_)));
    at_ = newline == nullptr ? end_ : newline + 1;
    return newline;
  }

 private:
  char* at_; // from here on nothing has been looked at
  char* end_;
#if defined(__SSE2__)
  unsigned found_ = 0; // a bit for each '\n' in the block before at_ that has not been returned
#endif
};

} // namespace revecho
