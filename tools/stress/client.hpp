// One client of the load: its connections one after the other, what is under way on them, and the check of every reply.
// Belongs to one worker, and is touched by that worker's thread only.
#pragma once

#include "async/epoll/connect.hpp"
#include "async/epoll/coroutine.hpp"
#include "async/epoll/stream.hpp"
#include "shared/options/random.hpp"
#include "shared/protocol/verifier.hpp"
#include "tools/stress/payload.hpp"
#include "tools/stress/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace revecho::stress {

class worker;
using steady = std::chrono::steady_clock;

class client final : private async::ready_handler {
 public:
  /// `number`: of all clients of the level; it is in every payload.
  client(worker& owner, std::uint64_t number);

  /// Connects, sends and checks until the level is over.
  async::awaitable<void> run();

  /// The time has come that it asked its worker for: sends what is due.
  void wake(steady::time_point now);

  std::uint64_t replies() const noexcept { return replies_; } ///< right ones, in the window

 private:
  // A message under way.
  struct flight {
    steady::time_point intended;
    steady::time_point sent;
    std::uint64_t sequence;
    std::uint64_t end; // where it ends in the stream of this connection
    std::size_t size;
  };

  async::awaitable<void> connect();
  async::awaitable<void> converse();
  void await_more(steady::time_point now);
  void on_ready(std::error_code error) override;
  async::awaitable<void> await_end();

  void begin_schedule(steady::time_point now);
  void advance_schedule(steady::time_point now);
  bool has_more(steady::time_point now) const;
  bool may_start(steady::time_point now) const;
  void start_due(steady::time_point now, bool by_schedule);
  void start_one(steady::time_point now, std::string& batch);
  void send(std::span<const char> batch);
  void flush();
  void fail_to_send(std::error_code error);

  void receive(std::span<const char> bytes, steady::time_point now);
  void receive_unasked(std::span<const char>& bytes);
  bool was_skipped(std::uint64_t sequence);
  void complete(verdict v, steady::time_point now);
  void judge_wrong(verdict v, steady::time_point now);
  void count_wrong(fault kind, bool takes_place_of_oldest);
  void pop_oldest(steady::time_point now);
  void expect_oldest(steady::time_point now);
  void lose_connection(std::error_code error);
  void miss_the_rest();

  std::size_t in_flight() const noexcept { return oldest_ ? 1 + behind_.size() - first_behind_ : 0; }
  bool is_over(steady::time_point now) const;
  bool half_closes_behind(steady::time_point now) const;
  std::string describe(const flight& f, std::string_view what) const;

  // Of the connection. It comes first, and what every message needs behind it: they are fetched together.
  std::optional<async::stream> peer_;
  std::optional<flight> oldest_;
  std::vector<flight> behind_; // the oldest, from first_behind_ on
  std::size_t first_behind_ = 0;
  time_point deadline_ = never; // of the oldest
  payload expected_;
  verifier check_;
  bool broken_ = false;
  bool half_closed_ = false;
  bool awaits_room_ = false;       // to send; else a reply
  std::uint64_t session_left_ = 0; // messages
  std::uint64_t written_ = 0;      // bytes the kernel took
  std::uint64_t queued_ = 0;       // and those it is to get
  std::vector<char> unsent_;       // what it did not take yet
  async::suspension conversation_ended_;

  worker& owner_;
  std::uint64_t number_;
  random_bits random_;
  std::uint64_t sequence_ = 0;      // of the next message
  steady::time_point next_start_{}; // not before then
  std::uint64_t replies_ = 0;
  steady::time_point last_reply_{};
  std::optional<steady::time_point> down_since_;
  std::uint64_t lost_while_down_ = 0;
  std::vector<std::uint64_t> skipped_; // messages given up because a later one was answered first
  bool scheduled_ = false;
  bool schedule_begun_ = false;
};

} // namespace revecho::stress
