// Protocol side of one client: tracks messages in flight, checks every reply, and classifies whatever comes instead.
// Takes bytes and times, returns bytes to send and counts. Knows no sockets, no clock and no event loop.
#pragma once

#include "shared/protocol/payload.hpp"
#include "shared/protocol/verifier.hpp"
#include "tools/stress/judgement.hpp"
#include "tools/stress/recorder.hpp"
#include "tools/stress/small_histogram.hpp"
#include "tools/stress/workload.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace revecho::stress {

/// How a connection ended.
enum class ending {
  closed,      ///< the server ended the stream
  reset,       ///< the peer reset the connection
  failed,      ///< another error of the system
  late,        ///< the oldest reply was not complete at deadline()
  cut_off,     ///< the level is over, and does not wait for the rest
  interrupted, ///< by the user
};

/// All talk of one client, over one connection after the other. Messages are numbered through. Allocates nothing for a
/// message whose reply is right, except that a pipeline grows to its length once.
///
/// Times are those of std::chrono::steady_clock and never go back. Functions that take replies return how many messages
/// are answered by them, rightly or wrongly. Not thread-safe.
class conversation {
 public:
  /// `number`: of all clients of the level; it is in every payload. Workload and recorder must outlive it.
  /// `own`, if there is one: takes this client's latencies too.
  conversation(const workload& work, std::uint64_t number, recorder& results, small_histogram* own = nullptr) noexcept;
  conversation(const conversation&) = delete;
  conversation& operator=(const conversation&) = delete;

  /// There is a new connection, for so many messages. `due`: the first of them is due already; else this ends an
  /// interruption. `connecting`: how long it took to make; if that is not known, its first reply is not timed. `path`:
  /// its ends. Precondition: the last one has ended.
  void begin(std::uint64_t session_size, steady::time_point now, bool due,
      std::optional<std::chrono::nanoseconds> connecting = std::nullopt, const connection_path& path = {});
  /// No connection could be made, in an attempt since `before`, for that reason. `kind`: refused or not_connected.
  void fail_to_begin(steady::time_point before, steady::time_point now, std::string_view reason,
      fault kind = fault::not_connected, const connection_path& path = {});
  /// There will be no other connection.
  void finish(steady::time_point now);

  // --- sending ---

  /// Is there room for one more message on this connection?
  bool may_start() const noexcept {
    return !broken_ && !half_closed_ && session_left_ > 0 && in_flight() < work_.pipeline;
  }
  /// Starts a message of that size, which was due at `intended`: appends its frame to `out`, unless that is a large one
  /// or comes after one of which not all has been made. Precondition: may_start().
  void start(steady::time_point intended, steady::time_point now, std::size_t size, std::string& out);
  /// Are there frames, or parts of one, that start() did not append?
  bool has_unmade() const noexcept { return !unmade_.empty(); }
  /// Appends the next part of them, so that a message of any size takes little memory and time at once. Precondition:
  /// has_unmade().
  void append_more(std::string& out);
  /// Is it time to half-close, once everything is sent? `more`: the client has messages left.
  bool wants_half_close(bool more) const noexcept {
    return !half_closed_ && (session_left_ == 0 || !more) && (work_.half_close || work_.framing_kind == framing::eof);
  }
  void half_close() noexcept {
    half_closed_ = true;
    ++results_.seen().half_closed;
  }

  // --- receiving ---

  /// The next bytes of the stream.
  std::size_t receive(std::span<const char> bytes, steady::time_point now);
  /// The connection has ended. `reason`: of `reset` and `failed`, the error in words; of `late`, the time-out.
  std::size_t end(ending how, std::string_view reason, steady::time_point now);
  /// After the last reply the stream did not end as it should.
  void miss_end(ending how, std::string_view reason, steady::time_point now);
  /// The connection is about to be closed by this side, whatever has happened to it. `sent`: bytes, in all.
  void close(std::uint64_t sent, steady::time_point now);

  /// When the oldest reply has to be complete; none while nothing is owed.
  std::optional<steady::time_point> deadline() const noexcept {
    return oldest_ ? std::optional(oldest_->sent + work_.timeout) : std::nullopt;
  }
  bool is_owed() const noexcept { return oldest_.has_value(); }
  /// No use any more: it has ended without answering all, or nothing tells where the next reply begins.
  bool is_broken() const noexcept { return broken_; }
  bool is_half_closed() const noexcept { return half_closed_; }
  /// Is nothing left to do? `more`: the client has messages left.
  bool is_over(bool more) const noexcept { return broken_ || (!oldest_ && (session_left_ == 0 || !more)); }

  std::uint64_t started() const noexcept { return sequence_; } ///< messages, on all connections
  std::uint64_t replies() const noexcept { return replies_; }  ///< right ones, in the window
  steady::time_point last_reply() const noexcept { return last_reply_; }

 private:
  // A message under way.
  struct flight {
    steady::time_point intended;
    steady::time_point sent;
    std::uint64_t sequence;
    std::size_t size;
    steady::time_point ready; // when a tool that is never late would have sent it
  };

  std::size_t in_flight() const noexcept { return oldest_ ? 1 + behind_.size() - first_behind_ : 0; }
  void receive_unasked(std::span<const char>& bytes, steady::time_point now);
  void complete(verdict v, steady::time_point now);
  void complete_wrong(verdict v, steady::time_point now);
  void skip_to(std::uint64_t sequence, steady::time_point now);
  void count_wrong(fault kind, bool takes_place_of_oldest);
  void pop_oldest();
  void expect_oldest();
  void end_unfinished(bool counts, steady::time_point now);
  void end_interruption(steady::time_point now);
  void note_silence(steady::time_point now);
  void lose_all(ending how, std::string_view reason, steady::time_point now);
  std::string after_last(std::string_view what) const;
  incident begin_incident(fault kind, steady::time_point now, std::string what) const;
  void note(fault kind, steady::time_point now, const std::function<std::string()>& words);
  void look_for_signs(std::span<const char> reply);
  void note_wrong(const judgement&, const flight&, steady::time_point now);
  void note_missing(fault kind, const flight&, std::string_view reason, steady::time_point now);

  // Hot members first: the processor fetches them together.
  std::optional<flight> oldest_;
  std::vector<flight> behind_; // the oldest, from first_behind_ on
  std::size_t first_behind_ = 0;
  std::vector<payload> unmade_; // messages of which frames, or parts of them, are not made yet
  std::size_t made_ = 0;        // bytes of the first one's frame
  payload expected_;            // by check_; the last one while nothing is owed
  verifier check_;
  bool broken_ = false;
  bool half_closed_ = false;
  std::size_t answers_ = 0;        // since the caller was told
  std::uint64_t session_left_ = 0; // messages
  const workload& work_;
  recorder& results_;
  std::uint64_t number_;
  std::uint64_t sequence_ = 0; // of the next message
  std::uint64_t replies_ = 0;
  steady::time_point last_reply_{};
  steady::time_point net_reply_{}; // the same, if the tool were never late; or when the connection began
  std::optional<std::chrono::nanoseconds> connecting_; // until the connection has its first reply
  bool connecting_fails_ = false;                      // the last attempt has failed
  std::optional<steady::time_point> closed_idle_;      // and not connected since
  std::optional<steady::time_point> down_since_;
  std::uint64_t lost_while_down_ = 0;
  skipped_messages skipped_;
  small_histogram* own_;
  // Of this connection.
  connection_path path_;
  steady::time_point begun_{};
  std::uint64_t first_ = 0; // message
  std::uint64_t received_ = 0;
  std::optional<ending> ended_; // as end() or miss_end() said
  std::string why_ended_;
};

} // namespace revecho::stress
