#include "tools/stress/worker.hpp"

#include "async/epoll/task_group.hpp"
#include "tools/stress/own_time.hpp"

#include <algorithm>
#include <compare>

namespace revecho::stress {
namespace {

using namespace std::chrono_literals;

// Connection attempts at once: more would only overflow backlogs, where the kernel lets them wait for a second.
constexpr std::size_t most_connecting = 512;

} // namespace

worker::worker(const workload& work, const targets& to, std::uint64_t seed, std::uint64_t first, std::uint64_t step,
    std::uint64_t all, worker_hooks hooks)
    : work_(work),
      seed_(seed),
      all_(all),
      hooks_(std::move(hooks)),
      results_(to.size(), recorder(work, static_cast<bool>(hooks_.on_second), step * to.size())),
      io_(work.timeout),
      wake_up_(io_),
      tick_(io_),
      pulse_(io_),
      end_(io_) {
  for (std::uint64_t number = first; number < all; number += step)
    clients_.push_back(std::make_unique<client>(*this, number, *to[number % to.size()], results_[number % to.size()]));
  not_connected_yet_ = clients_.size();
}

void worker::run() {
  const auto before = run_delay_of_thread();
  io_.run([this] { return run_all(); });
  const auto after = run_delay_of_thread();
  results_.front().result().run_delay = after.time - before.time;
  results_.front().result().runs = after.runs - before.runs;
  for (const auto& who : clients_) {
    auto& result = who->results().result();
    result.replies.push_back(who->replies());
    if (who->own_latencies() == nullptr) continue;
    if (const auto p50 = who->own_latencies()->known_percentile(50)) result.by_client.p50.push_back(*p50);
    if (const auto p99 = who->own_latencies()->known_percentile(99)) result.by_client.p99.push_back(*p99);
  }
}

steady::time_point worker::last_reply() const noexcept {
  const auto earlier = [](const recorder& a, const recorder& b) { return a.last_reply() < b.last_reply(); };
  return std::max_element(results_.begin(), results_.end(), earlier)->last_reply();
}

void worker::begin(steady::time_point at) {
  io_.post([this, at] {
    for (auto& each : results_)
      each.begin(level_times(work_, at));
    begin_.open();
  });
}

void worker::interrupt() {
  interrupted_ = true;
  io_.post([this] {
    begin_.open();
    wake_up_.cancel();
    for (async::timer* each : pauses_)
      each->cancel();
  });
  io_.stop();
}

// --- running ---------------------------------------------------------------------------------------------------------

async::awaitable<void> worker::run_all() {
  async::task_group tasks(io_, clients_.size());
  async::task_group others(io_, 4);
  const auto waking = [this](int) { return run_schedule(); };
  const auto seconds = [this](int) { return report_seconds(); };
  const auto watching = [this](int) { return watch_itself(); };
  const auto cut = [this](int) { return cut_off(); };
  const auto run_one = [this](client* who) { return run_client(who); };
  co_await others.spawn(waking, 0);
  const auto opened = steady::now();
  if (work_.ramp.count() > 0) {
    for (auto& each : results_)
      each.begin(level_times(work_, opened));
    begin_.open();
  }
  co_await others.spawn(seconds, 0);
  co_await others.spawn(watching, 0);
  co_await others.spawn(cut, 0);
  for (std::size_t i = 0; i < clients_.size() && !interrupted_; ++i) {
    if (work_.ramp.count() > 0) {
      const auto turn = connect_time(work_, opened, i, clients_.size());
      co_await pause(turn - steady::now());
      if (interrupted_) break;
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
  pulse_.cancel();
  end_.cancel();
  co_await others.join();
}

async::awaitable<void> worker::run_client(client* who) { return who->run(); }

void worker::first_connect_ended() {
  --connecting_;
  room_.resume();
  if (--not_connected_yet_ == 0) hooks_.on_connected();
}

async::awaitable<void> worker::pause(std::chrono::nanoseconds duration) {
  if (interrupted_ || duration <= 0ns) co_return;
  async::timer sleeper(io_);
  pauses_.insert(&sleeper);
  co_await sleeper.until(steady::now() + duration);
  pauses_.erase(&sleeper);
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
    co_await wake_up_.until(next); // named before: g++ 12 evaluates both sides of a `?:` inside of a co_await
  }
}

async::awaitable<void> worker::report_seconds() {
  if (!hooks_.on_second) co_return;
  co_await wait_for_begin();
  const auto began = times().begun == steady::time_point::max() ? steady::now() : times().begun;
  for (auto end = began + 1s; !over_; end += 1s) {
    co_await tick_.until(end);
    second part;
    for (auto& each : results_)
      part.merge(each.take_second());
    part.time = std::min(steady::now(), end) - began;
    hooks_.on_second(part);
  }
}

// A loop that asks to be woken all the time knows when it was not.
async::awaitable<void> worker::watch_itself() {
  co_await wait_for_begin();
  while (!over_) {
    const auto now = steady::now();
    for (auto& each : results_)
      each.notice(now);
    co_await pulse_.until(now + pulse);
  }
}

async::awaitable<void> worker::cut_off() {
  constexpr auto look_again = 2ms;
  if (!work_.rest || work_.messages) co_return;
  co_await wait_for_begin();
  if (over_) co_return; // interrupted before it began
  co_await end_.until(times().stop_sending);
  const auto give_up = times().stop_sending + *work_.rest;
  const auto is_waited_for = [](const auto& who) { return who->is_owed_last_reply(); };
  for (auto now = steady::now(); now < give_up && !over_ && !interrupted_; now = steady::now()) {
    if (std::none_of(clients_.begin(), clients_.end(), is_waited_for)) break;
    co_await end_.until(now + look_again);
  }
  cut_off_ = true;
  io_.stop();
}

std::optional<socket_address> worker::source_for(std::uint64_t turn) const {
  const auto& all = work_.sources;
  const auto& ports = work_.source_ports;
  if (all.empty() && !ports) return std::nullopt;
  auto source = all.empty() ? socket_address() : all[turn % all.size()];
  const auto round = turn / std::max<std::size_t>(all.size(), 1);
  if (ports) source.set_port(static_cast<std::uint16_t>(ports->first + round % ports->size()));
  return source;
}

} // namespace revecho::stress
