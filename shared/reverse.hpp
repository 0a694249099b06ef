// The byte-reversal kernel: the one thing this server computes.
#pragma once

#include <span>

namespace revecho {

/// Reverses the bytes in place. Any length, any alignment; never throws. 32 bytes at a time where the processor has
/// AVX2, which is found out when the program runs.
void reverse(std::span<char> bytes) noexcept;

/// The same on every processor, 8 bytes at a time; for tests.
void reverse_portably(std::span<char> bytes) noexcept;

} // namespace revecho
