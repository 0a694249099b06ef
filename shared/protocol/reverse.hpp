// The byte-reversal kernel: the one thing this server computes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace revecho {

/// Reverses the bytes in place. Any length, any alignment; never throws. Up to 64 bytes at a time where the processor
/// can, which is found out when the program runs.
inline void reverse(std::span<char> bytes) noexcept;

/// The same on every processor, 8 bytes at a time; for tests.
void reverse_portably(std::span<char> bytes) noexcept;

namespace detail {

inline std::uint16_t turned(std::uint16_t word) noexcept { return __builtin_bswap16(word); }
inline std::uint32_t turned(std::uint32_t word) noexcept { return __builtin_bswap32(word); }
inline std::uint64_t turned(std::uint64_t word) noexcept { return __builtin_bswap64(word); }

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

// At most 16 bytes.
inline void reverse_few(char* first, char* last) noexcept {
  if (last - first >= 8) {
    swap_ends<std::uint64_t>(first, last);
  } else if (last - first >= 4) {
    swap_ends<std::uint32_t>(first, last);
  } else if (last - first >= 2) {
    swap_ends<std::uint16_t>(first, last);
  }
}

void reverse_many(char* first, char* last) noexcept;

} // namespace detail

inline void reverse(std::span<char> bytes) noexcept {
  char* const first = bytes.data();
  char* const last = first + bytes.size();
  bytes.size() <= 16 ? detail::reverse_few(first, last) : detail::reverse_many(first, last);
}

} // namespace revecho
