#include "tools/stress/worker.hpp"

#include "async/epoll/task_group.hpp"

#include <algorithm>
#include <compare>

namespace revecho::stress {
namespace {

using namespace std::chrono_literals;

// Connection attempts at once: more would only overflow backlogs, where the kernel lets them wait for a second.
constexpr std::size_t most_connecting = 512;

// No reply at all for so long, while some are owed, is an outage.
constexpr auto shortest_silence = 1s;

constexpr std::size_t most_outages = 10'000; // kept before overlapping ones are joined

} // namespace

worker::worker(const workload& work, std::uint64_t seed, std::uint64_t first, std::uint64_t step, std::uint64_t all,
    worker_hooks hooks)
    : work_(work),
      seed_(seed),
      all_(all),
      hooks_(std::move(hooks)),
      io_(work.timeout),
      wake_up_(io_),
      tick_(io_),
      end_(io_) {
  for (std::uint64_t number = first; number < all; number += step)
    clients_.push_back(std::make_unique<client>(*this, number));
  not_connected_yet_ = clients_.size();
}

void worker::run() {
  io_.run([this] { return run_all(); });
  for (const auto& who : clients_)
    result_.replies.push_back(who->replies());
}

void worker::begin(steady::time_point at) {
  io_.post([this, at] {
    set_times(at);
    begin_.open();
  });
}

void worker::interrupt() {
  interrupted_ = true;
  io_.post([this] {
    begin_.open();
    wake_up_.cancel();
  });
  io_.stop();
}

// --- running ---------------------------------------------------------------------------------------------------------

async::awaitable<void> worker::run_all() {
  async::task_group tasks(io_, clients_.size());
  async::task_group others(io_, 4);
  const auto schedule = [this](int) { return run_schedule(); };
  const auto seconds = [this](int) { return report_seconds(); };
  const auto cut = [this](int) { return cut_off(); };
  const auto run_one = [this](client* who) { return run_client(who); };
  co_await others.spawn(schedule, 0);
  const auto opened = steady::now();
  if (work_.ramp.count() > 0) {
    set_times(opened);
    begin_.open();
  }
  co_await others.spawn(seconds, 0);
  co_await others.spawn(cut, 0);
  for (std::size_t i = 0; i < clients_.size() && !interrupted_; ++i) {
    if (work_.ramp.count() > 0) {
      const auto turn = opened + work_.ramp * static_cast<long>(i) / static_cast<long>(clients_.size());
      if (turn > steady::now()) co_await io_.sleep_for(turn - steady::now());
    }
    while (connecting_ >= most_connecting)
      co_await room_;
    ++connecting_;
    co_await tasks.spawn(run_one, clients_[i].get());
  }
  co_await tasks.join();
  over_ = true;
  wake_up_.cancel();
  tick_.cancel();
  end_.cancel();
  co_await others.join();
}

async::awaitable<void> worker::run_client(client* who) { return who->run(); }

void worker::first_connect_ended() {
  --connecting_;
  room_.resume();
  if (--not_connected_yet_ == 0) hooks_.on_connected();
}

void worker::set_times(steady::time_point begin) {
  begun_ = begin;
  window_begin_ = begin + work_.ramp + work_.warmup;
  last_reply_ = begin;
  if (work_.messages) return;
  window_end_ = window_begin_ + work_.duration;
  stop_sending_ = window_end_ + work_.cooldown;
}

void worker::wake_at(client& who, steady::time_point when) {
  const bool is_first = schedule_.empty() || when < schedule_.top().first;
  schedule_.emplace(when, &who);
  if (is_first) wake_up_.cancel();
}

// One timer for all clients: theirs would cost one each.
async::awaitable<void> worker::run_schedule() {
  while (!over_) {
    const auto now = steady::now();
    for (auto left = schedule_.size(); left > 0 && !schedule_.empty() && schedule_.top().first <= now; --left) {
      client* const who = schedule_.top().second;
      schedule_.pop();
      who->wake(steady::now());
    }
    const auto next = schedule_.empty() ? steady::time_point::max() : schedule_.top().first;
    co_await wake_up_.until(next);
  }
}

async::awaitable<void> worker::report_seconds() {
  if (!hooks_.on_second) co_return;
  co_await wait_for_begin();
  const auto began = begun_ == steady::time_point::max() ? steady::now() : begun_;
  for (auto end = began + 1s; !over_; end += 1s) {
    co_await tick_.until(end);
    current_.time = std::min(steady::now(), end) - began;
    current_.connected = connected_;
    hooks_.on_second(current_);
    current_ = {};
  }
}

async::awaitable<void> worker::cut_off() {
  if (work_.waits_for_rest || work_.messages) co_return;
  co_await wait_for_begin();
  co_await end_.until(stop_sending_);
  cut_off_ = true;
  io_.stop();
}

std::optional<socket_address> worker::source_for(std::uint64_t client) const {
  if (work_.sources.empty()) return std::nullopt;
  return work_.sources[client % work_.sources.size()];
}

// --- counting --------------------------------------------------------------------------------------------------------

void worker::count_connected(int change) noexcept { connected_ += static_cast<std::size_t>(change); }

void worker::count_owing(int change) noexcept {
  if (owing_ == 0) owing_since_ = steady::now();
  owing_ += static_cast<std::size_t>(change);
}

void worker::count_sent(steady::time_point intended) noexcept {
  ++result_.sent;
  ++current_.sent;
  if (is_in_window(intended)) ++result_.messages;
}

void worker::count_lag(steady::time_point intended, steady::time_point sent) noexcept {
  if (is_in_window(intended)) result_.lag.record(sent - intended);
}

bool worker::count_reply(steady::time_point intended, steady::time_point sent, steady::time_point waiting_since,
    steady::time_point now, std::size_t pieces) {
  const auto silent_since = std::max(last_reply_, owing_since_);
  if (now - silent_since >= shortest_silence) add_outage(silent_since, now, owing_, 0);
  last_reply_ = now;
  ++result_.verified;
  ++current_.verified;
  if (pieces > 1) ++result_.split_replies;
  const bool open = work_.rate > 0;
  if (hooks_.on_second) current_.latency.record(open ? now - intended : now - sent);
  if (is_in_window(intended)) {
    result_.service.values.record(now - sent);
    if (open) result_.response.values.record(now - intended);
    if (open) result_.wait.values.record(sent - intended);
    result_.longest_stall = std::max(result_.longest_stall, std::chrono::nanoseconds{now - waiting_since});
  }
  if (!is_in_window(now)) return false;
  ++result_.answered;
  result_.answering += now - std::max(sent, window_begin_);
  return true;
}

void worker::count_lost(steady::time_point intended, steady::time_point sent, bool late) noexcept {
  ++(late ? result_.late : result_.lost);
  ++current_.errors;
  if (is_in_window(intended)) record_censored(intended, sent, work_.timeout);
}

// Also what was sent before the window: it was under way in it, and from those who starve nothing else is known.
void worker::count_unfinished(steady::time_point intended, steady::time_point sent) noexcept {
  if (intended < window_end_) record_censored(intended, sent, {});
}

void worker::record_censored(
    steady::time_point intended, steady::time_point sent, std::chrono::nanoseconds at_least) noexcept {
  const auto now = steady::now();
  result_.service.values.record(std::max<std::chrono::nanoseconds>(now - sent, at_least));
  ++result_.service.censored;
  result_.longest_stall = std::max(result_.longest_stall, std::chrono::nanoseconds{now - sent});
  if (work_.rate <= 0) return;
  result_.response.values.record(std::max<std::chrono::nanoseconds>(now - intended, at_least));
  ++result_.response.censored;
  result_.wait.values.record(sent - intended);
}

void worker::count_missed(steady::time_point intended, steady::time_point now) noexcept {
  if (!is_in_window(intended)) return;
  ++result_.missed_sends;
  const auto at_least = std::max(now - intended, work_.waits_for_rest ? work_.timeout : std::chrono::nanoseconds{});
  result_.response.values.record(at_least);
  ++result_.response.censored;
  result_.wait.values.record(at_least);
  ++result_.wait.censored;
}

void worker::add_example(const std::string& text) {
  if (result_.examples.size() < most_examples) result_.examples.push_back(text);
}

void worker::add_outage(steady::time_point from, steady::time_point to, std::uint64_t connections, std::uint64_t lost) {
  result_.outages.push_back({std::max(from, begun_) - begun_, to - std::max(from, begun_), connections, lost});
  if (result_.outages.size() >= most_outages) result_.outages = joined(std::move(result_.outages));
}

} // namespace revecho::stress
