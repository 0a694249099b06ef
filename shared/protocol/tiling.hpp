// How a raw server cut a message: a reply is right if it is made of reversed pieces of the message.
#pragma once

#include <cstddef>
#include <span>

namespace revecho {

/// The number of pieces if `reply` is a concatenation of reversed consecutive pieces of `message` ("ab" "c" from "abc"
/// gives "ba" "c"), and 0 if it is not, or both are empty. Precondition: both have the same size.
///
/// A reply in one piece is counted as such; otherwise the count is that of the finest tiling, which for messages whose
/// bytes say where they stand is the only one. Takes linear time, for any bytes: with message and reply interleaved
/// (reply[0] message[0] reply[1] …) a reversed piece is a palindrome of even length, and a string is a concatenation
/// of those exactly if taking the shortest one off its front, again and again, uses it up (Knuth, Morris, Pratt: "Fast
/// pattern matching in strings", 1977, theorem on palstars). Palindromes are found as Manacher does (1975).
std::size_t count_pieces(std::span<const char> message, std::span<const char> reply);

} // namespace revecho
