// One client of the load: connects again and again, and carries its conversation over each connection, as its schedule
// says. Belongs to one worker, and is touched by that worker's thread only.
#pragma once

#include "async/epoll/connect.hpp"
#include "async/epoll/coroutine.hpp"
#include "async/epoll/stream.hpp"
#include "tools/stress/conversation.hpp"
#include "tools/stress/recorder.hpp"
#include "tools/stress/schedule.hpp"
#include "tools/stress/target.hpp"
#include "tools/stress/workload.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace revecho::stress {

class worker;

class client final : private async::ready_handler {
 public:
  /// `number`: of all clients of the level. `results`: those of its target.
  client(worker& owner, std::uint64_t number, target& to, recorder& results);

  /// Connects, sends and checks until the level is over.
  async::awaitable<void> run();

  /// The time has come that it asked its worker for: sends what is due.
  void wake(steady::time_point now);

  std::uint64_t replies() const noexcept { return talk_.replies(); } ///< right ones, in the window
  recorder& results() noexcept { return results_; }
  const small_histogram* own_latencies() const noexcept { return own_.get(); } ///< none if there are too many clients
  /// Was it served in the window, and does a message of its wait for a reply?
  bool is_owed_last_reply() const noexcept { return talk_.replies() > 0 && talk_.is_owed() && !talk_.is_broken(); }

 private:
  bool gives_up(steady::time_point reachable, steady::time_point now) const;
  async::awaitable<void> connect();
  async::awaitable<void> converse();
  async::awaitable<void> await_end();

  void await_more(steady::time_point now);
  void on_ready(std::error_code error) override;
  void receive(std::span<const char> bytes, steady::time_point now);
  void lose_connection(std::error_code error, steady::time_point now);

  bool is_late(steady::time_point since);
  bool has_more(steady::time_point now) const;
  bool may_start(steady::time_point now) const;
  void start_due(steady::time_point now, bool by_schedule, std::string_view before = {});
  void send(std::span<const char> batch);
  void flush();
  void fail_to_send(std::error_code error);
  void miss_the_rest(steady::time_point now, steady::time_point gone_since);
  time_point deadline() const noexcept;

  std::unique_ptr<small_histogram> own_;
  // Hot members first, side by side: the processor fetches them together.
  std::optional<async::stream> peer_;
  conversation talk_;
  schedule schedule_;
  bool scheduled_ = false;   // its worker will call wake()
  std::vector<char> unsent_; // what the kernel did not take yet, from flushed_ on
  std::size_t flushed_ = 0;
  std::uint64_t sent_ = 0; // bytes, on this connection
  async::suspension conversation_ended_;
  std::optional<std::chrono::nanoseconds> connecting_; // how long the last connection took to make, if that is known
  std::string header_;                                 // in front of the connection's first message
  worker& owner_;
  target& to_;
  recorder& results_;
  std::uint64_t number_;
};

} // namespace revecho::stress
