// Turns messages into replies in place, and gathers neighboring replies so that they can be sent together. Knows no
// sockets: pending() says what to send.
#pragma once

#include "shared/protocol/decoder.hpp"
#include "shared/protocol/framing.hpp"
#include "shared/protocol/message_source.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace revecho {

/// The replies to the messages of one read, in order. A reply is the message's own frame, reversed in place, so replies
/// to adjacent messages are adjacent. There are at most two pieces: one kept by the decoder, one in the read buffer.
class encoder {
 public:
  /// Reverses f.message in place and appends f.wire to what is pending. The bytes must stay until clear().
  /// Precondition: f comes from the same receive() of the decoder as everything pending.
  void add(const frame& f) noexcept;

  /// Adds the replies to all complete messages, and returns the event after them. Throws what next() does.
  event add_all(decoder& messages);

  /// Bytes to send, in order; valid until add() or clear().
  std::span<const std::span<const char>> pending() const noexcept { return {pieces_.data(), count_}; }

  std::size_t messages() const noexcept { return messages_; } ///< pending replies
  std::size_t bytes() const noexcept { return bytes_; }       ///< and their size with framing

  /// Says that everything pending was sent.
  void clear() noexcept { count_ = messages_ = bytes_ = 0; }

 private:
  void append(const frame_run& replies) noexcept;

  std::array<std::span<const char>, 2> pieces_;
  std::size_t count_ = 0; // of pieces_
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
};

/// Appends `message` with its framing: what a client sends. Preconditions: in line, no '\n' inside and no '\r' at the
/// end; in length, under 4 GiB.
void append_frame(std::string& out, framing, std::string_view message);
void append_frame(std::string& out, framing, const message_source& message);

/// Bytes of that frame, and a part of it: as many bytes as there are, but at most `count`, from `offset` on.
std::size_t frame_size(framing, const message_source& message) noexcept;
void append_part_of_frame(
    std::string& out, framing, const message_source& message, std::size_t offset, std::size_t count);

/// A message with its framing, ready to be sent: views only, so that a large message is not copied. The message must
/// outlive it. Same preconditions.
class framed_message {
 public:
  framed_message(framing, std::string_view message) noexcept;
  framed_message(const framed_message&) = delete; // it has views of itself
  framed_message& operator=(const framed_message&) = delete;

  std::span<const std::span<const char>> pieces() const noexcept { return pieces_; }

 private:
  std::array<char, length_size> length_{};
  std::array<std::span<const char>, 2> pieces_; // either may be empty
};

/// Why `message` cannot be sent in this framing, as half a sentence; empty when it can.
std::string_view reason_unsendable(framing, std::string_view message) noexcept;

} // namespace revecho
