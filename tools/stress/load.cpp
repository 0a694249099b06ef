#include "tools/stress/load.hpp"

#include "shared/net/socket.hpp"
#include "shared/process/descriptor_limit.hpp"
#include "shared/process/thread.hpp"
#include "tools/stress/network_counters.hpp"
#include "tools/stress/own_time.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace revecho::stress {
namespace {

std::chrono::nanoseconds cpu_time() noexcept {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto time = [](const timeval& t) {
    return std::chrono::seconds{t.tv_sec} + std::chrono::microseconds{t.tv_usec};
  };
  return time(usage.ru_utime) + time(usage.ru_stime);
}

// Ports that connections may be made from, for each address.
std::size_t ports_of_an_address() {
  std::size_t first = 32768;
  std::size_t last = 60999;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first >> last;
  return last >= first ? last - first + 1 : 0;
}

std::size_t ports_of(const workload& work) {
  if (work.uses_unix()) return 0;
  const auto each = work.source_ports ? work.source_ports->size() : ports_of_an_address();
  return each * std::max<std::size_t>(work.sources.size(), 1);
}

std::size_t usable_processors() noexcept {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  if (::sched_getaffinity(0, sizeof usable, &usable) != 0) return std::thread::hardware_concurrency();
  return static_cast<std::size_t>(CPU_COUNT(&usable));
}

// Puts the seconds of all threads together.
class second_collector {
 public:
  second_collector(std::size_t threads, load::observer observer) : threads_(threads), observer_(std::move(observer)) {}

  void add(std::size_t thread, const second& part) {
    const std::lock_guard lock(mutex_);
    auto& [parts, sum] = pending_[seen_[thread]++];
    sum.merge(part);
    ++parts;
    pass_on();
  }

  /// No other second comes from this thread.
  void finish(std::size_t thread) {
    const std::lock_guard lock(mutex_);
    ended_.push_back(seen_[thread]);
    pass_on();
  }

 private:
  std::size_t threads_;
  load::observer observer_;
  std::mutex mutex_;
  // The seconds for which no thread has still something to say.
  void pass_on() {
    while (!pending_.empty()) {
      const auto& [number, second] = *pending_.begin();
      const auto is_over = [n = number](std::size_t seconds) { return seconds <= n; };
      const auto without = static_cast<std::size_t>(std::count_if(ended_.begin(), ended_.end(), is_over));
      if (second.first + without < threads_) return;
      observer_(second.second);
      pending_.erase(pending_.begin());
    }
  }

  std::map<std::size_t, std::size_t> seen_; // seconds of each thread
  std::vector<std::size_t> ended_;          // the same, of those that have ended
  std::map<std::size_t, std::pair<std::size_t, second>> pending_;
};

// What a level takes of this process and of its machine, from now on.
class meter {
 public:
  explicit meter(bool counts_segments) : counts_segments_(counts_segments) {}

  /// Sets what it took so far. Returns the seconds since.
  double read(level_result& result, std::size_t threads) const {
    const double wall = std::chrono::duration<double>(steady::now() - wall_).count();
    result.cpu_share = std::chrono::duration<double>(cpu_time() - cpu_).count() / wall / static_cast<double>(threads);
    result.throttled = throttled_time() - throttled_;
    const auto now = counts_segments_ ? retransmitted_segments() : std::nullopt;
    if (now && retransmitted_) result.retransmitted = *now - *retransmitted_;
    return wall;
  }

 private:
  bool counts_segments_;
  steady::time_point wall_ = steady::now();
  std::chrono::nanoseconds cpu_ = cpu_time();
  std::chrono::nanoseconds throttled_ = throttled_time();
  std::optional<std::uint64_t> retransmitted_ = retransmitted_segments();
};

// Returns when all have ended, and throws what one of them threw. Calls `ended` in the thread of each.
void run_in_threads(const std::vector<std::unique_ptr<worker>>& all, const std::function<void(std::size_t)>& ended) {
  std::exception_ptr failure;
  std::mutex failing;
  std::vector<std::thread> pool;
  pool.reserve(all.size());
  try {
    for (std::size_t i = 0; i < all.size(); ++i) {
      pool.push_back(start_thread([&, i] {
        try {
          all[i]->run();
          ended(i);
        } catch (...) {
          const std::lock_guard lock(failing);
          failure = std::current_exception();
        }
      }));
    }
  } catch (const std::system_error&) { // of a thread; those that have started wait for all
    const std::lock_guard lock(failing);
    failure = std::current_exception();
    for (const auto& w : all)
      w->interrupt();
  }
  for (auto& thread : pool)
    thread.join();
  if (failure) std::rethrow_exception(failure);
}

} // namespace

std::string what_is_missing(const workload& work, std::size_t clients) {
  const std::size_t descriptors = raise_descriptor_limit();
  if (clients + limits::reserved_descriptors > descriptors)
    return fmt::format(
        "{} clients need {} descriptors, and this process may have {}: raise the hard limit (ulimit -Hn, "
        "or LimitNOFILE=), or use several processes",
        clients, clients + limits::reserved_descriptors, descriptors);
  if (work.uses_unix()) return {};
  for (const auto& source : work.sources) {
    std::error_code error;
    open_socket(source, source, error);
    if (error == std::errc::address_not_available)
      return fmt::format("cannot connect from {}: no interface of this machine has that address; choose others with "
                         "--source",
          source.to_endpoint().host);
  }
  const std::size_t ports = ports_of(work);
  const std::size_t addresses = std::max<std::size_t>(work.sources.size(), 1);
  const std::size_t of_a_target = (clients + work.to.size() - 1) / work.to.size(); // a port serves each once
  if (of_a_target > ports)
    return fmt::format(
        "{} clients need as many ports, and {} address{} of this machine {} {}: connect from more addresses "
        "with --source, or widen {}",
        of_a_target, addresses, addresses == 1 ? "" : "es", addresses == 1 ? "has" : "have", ports,
        work.source_ports ? "--source-ports" : "net.ipv4.ip_local_port_range");
  return {};
}

const targets& load::resolved_targets() {
  const auto has_name = [](const std::shared_ptr<target>& t, const endpoint& name) { return t->name() == name; };
  if (!std::equal(named_.begin(), named_.end(), work_.to.begin(), work_.to.end(), has_name)) {
    const std::lock_guard lock(mutex_);
    named_.clear();
    targets_.clear();
    for (const auto& name : work_.to)
      named_.push_back(std::make_shared<target>(name));
    for (const auto& each : named_)
      if (interrupted_) each->interrupt();
  }
  for (const auto& each : named_)
    each->resolve(work_.timeout);
  if (!targets_.empty()) return targets_;
  for (const auto& each : named_) {
    auto all = work_.all_addresses ? each->one_for_each_address() : targets{};
    if (all.empty()) all.push_back(each); // also after interrupt()
    targets_.insert(targets_.end(), all.begin(), all.end());
  }
  return targets_;
}

std::vector<name_resolution> load::resolutions() const {
  std::vector<name_resolution> all;
  for (const auto& each : named_)
    all.push_back(each->figures());
  return all;
}

level_result load::run(std::size_t clients, const observer& on_second) {
  if (const auto missing = what_is_missing(work_, clients); !missing.empty()) throw std::runtime_error(missing);
  const auto& to = resolved_targets();
  const std::size_t threads = std::min<std::size_t>(work_.threads, clients);
  const std::uint64_t seed = work_.seed ? *work_.seed : std::random_device{}();
  std::atomic<std::size_t> not_connected = threads;
  second_collector seconds(threads, on_second);
  std::vector<std::unique_ptr<worker>> workers;
  const auto begin_all = [&] {
    if (--not_connected > 0) return;
    const auto now = steady::now();
    for (const auto& w : workers_)
      w->begin(now);
  };
  for (std::size_t i = 0; i < threads; ++i) {
    worker_hooks hooks{.on_connected =
                           [&] {
                             if (work_.ramp.count() == 0) begin_all();
                           },
        .on_second = {}};
    if (on_second) hooks.on_second = [&seconds, i](const second& part) { seconds.add(i, part); };
    workers.push_back(std::make_unique<worker>(work_, to, seed, i, threads, clients, std::move(hooks)));
  }
  {
    const std::lock_guard lock(mutex_);
    workers_.swap(workers); // from here on interrupt() finds them
    if (interrupted_)
      for (const auto& w : workers_)
        w->interrupt();
  }
  const meter taken(!work_.uses_unix());
  run_in_threads(workers_, [&](std::size_t i) {
    if (on_second) seconds.finish(i);
  });
  level_result result;
  const double wall = taken.read(result, threads);
  collect(result, to);
  result.delay_share = stress::seconds(result.run_delay) / wall / static_cast<double>(threads);
  return result;
}

// Puts together what the workers have, and ends them.
void load::collect(level_result& result, const targets& to) {
  result.processors = usable_processors();
  result.ports = ports_of(work_) * to.size();
  auto end = steady::time_point{};
  result.targets.resize(to.size());
  for (const auto& w : workers_) {
    end = std::max(end, work_.messages ? w->last_reply() : w->times().window_end);
    for (std::size_t i = 0; i < to.size(); ++i)
      result.targets[i].merge(w->results()[i].result());
  }
  for (std::size_t i = 0; i < to.size(); ++i) {
    result.targets[i].target = to_string(to[i]->name());
    result.merge(result.targets[i]);
    result.targets[i].faults.drop_kept(); // they are of all now
    result.targets[i].ends = {};
  }
  const auto& times = workers_.front()->times();
  const auto now = steady::now();
  result.begun = std::min(times.begun, now);
  const auto ran = now - result.begun;
  result.started =
      std::chrono::system_clock::now() - std::chrono::duration_cast<std::chrono::system_clock::duration>(ran);
  const std::lock_guard lock(mutex_);
  if (interrupted_) end = std::min(end, now);
  if (result.clients_gone == result.replies.size() && result.begun + result.last_gone < times.stop_sending) {
    result.ended_early = result.last_gone;
    end = std::min(end, result.begun + result.last_gone);
    result.answered_in = {}; // its last parts were not reached
  }
  result.window = times.window_begin < end ? end - times.window_begin : std::chrono::nanoseconds{};
  describe(result, result, ran);
  for (auto& each : result.targets)
    describe(each, result, ran);
  if (to.size() == 1) result.targets.clear(); // it would say the same again
  workers_.clear();
}

// What the results of all clients, and of those of one target, have from the work.
void load::describe(level_result& result, const level_result& all, std::chrono::nanoseconds ran) const {
  result.clients = result.replies.size();
  result.pipeline = work_.pipeline;
  result.offered_rate = work_.rate * share(result.clients, all.replies.size());
  result.goes_on = work_.reconnect;
  result.window = all.window;
  result.begun = all.begun;
  result.started = all.started;
  result.interrupted = interrupted_;
  if (!interrupted_) return;
  for (auto& each : result.interruptions) // clients without a connection would have stayed so for longer
    each.duration = std::min(each.duration, std::max(ran - each.start, each.duration.zero()));
}

void load::interrupt() {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  for (const auto& each : named_)
    each->interrupt();
  for (const auto& w : workers_)
    w->interrupt();
}

} // namespace revecho::stress
