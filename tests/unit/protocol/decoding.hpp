// Events of a decoder for a stream that arrives in given pieces, as text to compare.
#pragma once

#include "shared/protocol/decoder.hpp"
#include "shared/protocol/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace revecho::testing {

using pieces = std::vector<std::string>;
using happenings = std::vector<std::string>;

enum class stream { ended, open };

/// "a\r\x00" with everything unprintable, backslashes and bars escaped.
std::string escaped(std::string_view bytes);

/// How decode() tells of a message: "a|a\n", the message and its wire form.
std::string told(std::string_view message, std::string_view wire);
/// How decode() tells of the end.
std::string violation(protocol_errc);
inline const std::string end = "end of stream";
inline const std::string waiting = "need data between messages";
inline const std::string waiting_inside = "need data inside a message";

/// Feeds the pieces, each in a buffer of its own that is gone as soon as the contract allows, and tells every
/// message and then how it ended.
happenings decode(framing, std::size_t max_message, const pieces&, stream = stream::ended);

pieces whole(const std::string& bytes);
pieces byte_by_byte(const std::string& bytes);
/// Cut in two at every place.
std::vector<pieces> every_split(const std::string& bytes);

/// Checks that the stream gives the same, fed whole, byte by byte, and at every split.
void check_every_way(
    framing, std::size_t max_message, const std::string& bytes, const happenings& expected, stream = stream::ended);

/// "00 00 00 03" and the bytes.
std::string framed(std::string_view message);

/// A string that may have NUL inside: bytes("a\0b").
template <std::size_t Size>
std::string bytes(const char (&literal)[Size]) {
  return std::string(literal, Size - 1);
}

} // namespace revecho::testing
