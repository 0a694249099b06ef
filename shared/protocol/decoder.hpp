// Finds the messages in a stream of bytes: bytes in, events out. The protocol core of both twins. Knows no sockets, no
// clock and no I/O: whoever owns the connection reads, and passes on what it read.
#pragma once

#include "shared/protocol/framing.hpp"
#include "shared/protocol/newline_search.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <vector>

namespace revecho {

/// Result of decoder::next().
enum class event {
  message,       ///< decoder::current() is a complete message
  need_data,     ///< everything received is used up: read, then receive() or receive_end()
  end_of_stream, ///< the peer ended the stream, and every message of it has been given
  violation,     ///< the peer broke the protocol, as decoder::error() says; every later next() is the same
};

/// One message, as it stands in memory. The views are mutable so that a reply can be made in place.
///
///     line    H e l l o \r \n        length   00 00 00 05 H e l l o        raw, eof   H e l l o
///     wire    |-----------------|    wire     |-------------------|        wire       |-------|
///     message |-------|              message              |-------|        message    |-------|
struct frame {
  std::span<char> wire;    ///< all of it, with length prefix or terminator
  std::span<char> message; ///< the part that is the message
};

/// Frames that lie side by side.
struct frame_run {
  std::span<char> wire;     ///< all of them
  std::size_t messages = 0; ///< how many they are
};

/// Decodes one direction of one connection. Bytes of the peer never make it throw; only std::bad_alloc can.
///
/// A message that lies whole in one read is returned in place; only one cut by the end of a read is copied. Memory is
/// bounded by one message (plus 4 bytes of framing), and release() frees it. Each byte is examined once, however the
/// stream is cut. Not thread-safe: one decoder per connection.
class decoder {
 public:
  /// max_message: bytes, without framing. In raw, longer reads are given as several messages.
  decoder(framing, std::size_t max_message) noexcept;

  /// Adds what one read returned. `bytes` stays the caller's, must outlive the calls until next() returns need_data,
  /// and may change only through current(). Precondition: the last next() returned need_data, or none was called.
  void receive(std::span<char> bytes) noexcept;

  /// Says that the peer has ended its stream (a read returned 0). Same precondition as receive().
  void receive_end() noexcept;

  event next();

  /// The message of the last next(), valid until release(), receive() or receive_end().
  const frame& current() const noexcept { return current_; }

  /// Fast path for many short lines: calls turn(message) for each line that lies complete in the input, and returns
  /// their frames; empty if there is no such line or the framing is another. turn() must leave no line break in the
  /// message.
  template <class Turn>
  frame_run take_lines(Turn turn);

  /// After need_data: all messages given so far have been answered. Gives back the memory of the one that was kept, so
  /// that a connection which is idle from here on holds none.
  void release() noexcept;

  /// After need_data: true if a message has begun and is not complete.
  bool in_message() const noexcept { return !unfinished_.empty(); }

  /// Why next() returned violation: message_too_long or truncated_message. Empty before.
  std::error_code error() const noexcept { return error_; }

 private:
  struct cut {
    std::size_t size = 0;  // bytes of the input that belong to the message at hand
    bool complete = false; // and whether they complete it
  };
  cut find_end() noexcept;
  cut find_line_end() noexcept;
  cut find_length_end() noexcept;
  event next_at_end();
  event give(std::span<char> wire) noexcept;
  event give_unfinished() noexcept;
  event fail(std::error_code) noexcept;
  std::size_t length() const noexcept;
  void keep(std::size_t count);

  std::size_t max_message_;
  std::span<char> input_;        // received and not yet used
  std::vector<char> unfinished_; // the beginning of a message that is not complete
  std::vector<char> finished_;   // a message that was kept there, while it is being answered
  frame current_;
  std::error_code error_;
  framing framing_;
  bool ended_ = false;      // receive_end() was called
  bool last_given_ = false; // eof: the one message was given
};

template <class Turn>
frame_run decoder::take_lines(Turn turn) {
  if (framing_ != framing::line || error_ || !unfinished_.empty()) return {};
  char* line = input_.data();
  std::size_t count = 0;
  newline_search search(input_);
  for (char* newline = search.next(); newline != nullptr; newline = search.next()) {
    const bool has_return = newline > line && newline[-1] == '\r';
    const auto length = static_cast<std::size_t>(newline - line) - (has_return ? 1 : 0);
    if (length > max_message_) break;
    turn(std::span<char>(line, length));
    line = newline + 1;
    ++count;
  }
  const auto wire = input_.first(static_cast<std::size_t>(line - input_.data()));
  input_ = input_.subspan(wire.size());
  return {wire, count};
}

} // namespace revecho
