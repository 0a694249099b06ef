// One direction of a connection through a proxy: takes the bytes of one socket in, and gives them to another in other
// pieces and at other times. Knows no event loop, which asks it what to wait for.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <string>

namespace revecho::test {

/// Counts of what has passed, and how it was cut.
struct traffic {
  std::uint64_t connections = 0;
  std::uint64_t bytes = 0;
  std::uint64_t slices = 0; ///< sent pieces that end inside what came in one read
  std::uint64_t joins = 0;  ///< sent pieces with bytes of several reads
};

class chunked_flow {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr std::size_t capacity = std::size_t{64} * 1024; ///< bytes it holds at most

  /// Good: go on. Failed: one of the sockets was reset.
  enum class state { good, failed };

  explicit chunked_flow(std::uint64_t seed) : random_(seed) {}

  bool wants_input() const noexcept { return !input_ended_ && bytes_.size() < capacity; }
  bool wants_room() const noexcept { return blocked_; }
  bool is_over() const noexcept { return output_ended_; } ///< the end of the stream has been passed on

  /// When pass_on() has something to do; time_point::max(): not before more comes in, or there is room.
  time_point due() const noexcept;

  /// Reads once from a non-blocking socket.
  state take_in(int from);

  /// Sends the pieces whose time has come, at most so many bytes, and the end of the stream after the last one.
  state pass_on(int to, time_point now, std::uint64_t most, traffic&);

  /// Sends all that it has and that is taken at once: the last thing to do before a reset.
  void flush(int to);

 private:
  bool send_piece(int to, std::size_t size, traffic&);
  void draw_pause(time_point from);

  std::mt19937_64 random_;
  std::string bytes_;                   // read, not sent
  std::uint64_t passed_ = 0;            // sent
  std::deque<std::uint64_t> read_ends_; // where in the stream the reads of bytes_ ended
  time_point next_ = time_point::min(); // no piece before then
  bool blocked_ = false;                // the receiver takes nothing for now
  bool input_ended_ = false;
  bool output_ended_ = false;
};

} // namespace revecho::test
