#include "shared/protocol/tiling.hpp"

#include <algorithm>
#include <vector>

namespace revecho {

std::size_t count_pieces(std::span<const char> message, std::span<const char> reply) {
  const std::size_t size = message.size();
  if (size == 0) return 0;
  if (std::equal(reply.begin(), reply.end(), message.rbegin())) return 1;

  // Each byte of the interleaving on demand: even places are the reply's.
  const auto at = [&](std::size_t i) { return i % 2 == 0 ? reply[i / 2] : message[i / 2]; };
  const std::size_t length = 2 * size;

  // radius[c]: how far the even palindrome reaches to each side of the gap before place c (Manacher).
  std::vector<std::size_t> radius(length, 0);
  std::size_t center = 0; // of the palindrome that reaches furthest to the right …
  std::size_t right = 0;  // … and where it ends
  // The front of what is left; it is cut off at the first gap whose palindrome reaches back to it.
  std::size_t front = 0;
  std::size_t pieces = 0;
  for (std::size_t c = 1; c < length; ++c) {
    std::size_t r = c < right ? std::min(radius[2 * center - c], right - c) : 0;
    while (r < c && c + r < length && at(c - r - 1) == at(c + r))
      ++r;
    radius[c] = r;
    if (c + r > right) {
      center = c;
      right = c + r;
    }
    if (c > front && r >= c - front) {
      front = c + (c - front);
      ++pieces;
    }
  }
  return front == length ? pieces : 0;
}

} // namespace revecho
