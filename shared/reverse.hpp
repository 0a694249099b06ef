// The byte-reversal kernel: the one thing this server computes.
#pragma once

#include <span>

namespace revecho {

/// Reverses the bytes in place. Any length, any alignment; never throws.
void reverse(std::span<char> bytes) noexcept;

} // namespace revecho
