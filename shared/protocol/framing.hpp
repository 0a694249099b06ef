// The four ways to say where a message ends. PROTOCOL.md has them byte by byte.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace revecho {

enum class framing {
  raw,    ///< a message is whatever one read of the server returned
  line,   ///< the bytes before `\n` or `\r\n`
  length, ///< a 4-byte big-endian length, then that many bytes
  eof,    ///< everything up to the client's half-close
};

inline constexpr std::array framings{framing::raw, framing::line, framing::length, framing::eof};

/// Bytes of the length in front of a message, in framing::length.
inline constexpr std::size_t length_size = 4;

/// Bytes: the longest message of any framing. It keeps a frame and its length prefix well inside 32 bits.
inline constexpr std::size_t max_message_ceiling = std::size_t{1024} * 1024 * 1024;

constexpr std::string_view to_string(framing f) noexcept {
  switch (f) {
  case framing::raw:
    return "raw";
  case framing::line:
    return "line";
  case framing::length:
    return "length";
  case framing::eof:
    return "eof";
  }
  return "?";
}

constexpr std::optional<framing> framing_from(std::string_view name) noexcept {
  for (const framing f : framings) {
    if (to_string(f) == name) return f;
  }
  return std::nullopt;
}

} // namespace revecho
