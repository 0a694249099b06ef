#include "shared/reverse.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace revecho {
namespace {

using word = std::uint64_t;

word load(const char* from) noexcept {
  word w = 0;
  std::memcpy(&w, from, sizeof w);
  return w;
}

void store(char* to, word w) noexcept { std::memcpy(to, &w, sizeof w); }

} // namespace

// A word from each end, their bytes swapped, stored at the other end: several times the speed of std::reverse, which
// compilers leave at a byte at a time.
void reverse(std::span<char> bytes) noexcept {
  char* first = bytes.data();
  char* last = first + bytes.size();
  while (last - first >= static_cast<std::ptrdiff_t>(2 * sizeof(word))) {
    last -= sizeof(word);
    const word front = load(first);
    store(first, __builtin_bswap64(load(last)));
    store(last, __builtin_bswap64(front));
    first += sizeof(word);
  }
  std::reverse(first, last);
}

} // namespace revecho
