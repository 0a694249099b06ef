#include "tools/compare/running_process.hpp"

#include "shared/process/thread.hpp"
#include "tools/child.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <exception>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace revecho::compare {
namespace {

using namespace std::chrono_literals;

constexpr auto between_looks = 2ms; // a process ends without telling
constexpr auto shortest_pause = 20ms;
constexpr auto pause_for_a_look = 50; // times as long as it took: watching takes at most 2 % of a processor

// A line of /proc/PID/stat (proc(5)).
struct process_state {
  std::string program;
  char state = '?';
  pid_t parent = 0;
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  std::uint64_t user_ticks_of_ended = 0; // of children that were waited for
  std::uint64_t system_ticks_of_ended = 0;
  std::size_t threads = 0;
  std::uint64_t started = 0;
  std::uint64_t resident_pages = 0;
};

// "1234 (a name) S 1 ...": the name may have anything in it, so it ends at the last parenthesis.
std::optional<process_state> state_of(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  const auto begin = line.find('(');
  const auto end = line.rfind(')');
  if (begin == line.npos || end == line.npos) return std::nullopt;
  process_state p;
  p.program = line.substr(begin + 1, end - begin - 1);
  std::istringstream fields(line.substr(end + 1));
  std::string other;
  const auto skip = [&](int count) {
    while (count-- > 0)
      fields >> other;
  };
  fields >> p.state >> p.parent;
  skip(9); // up to the faults of waited-for children
  fields >> p.user_ticks >> p.system_ticks >> p.user_ticks_of_ended >> p.system_ticks_of_ended;
  skip(2);
  fields >> p.threads >> other >> p.started >> other >> p.resident_pages;
  return fields ? std::optional(p) : std::nullopt;
}

std::map<pid_t, process_state> all_processes() {
  std::map<pid_t, process_state> all;
  std::error_code unknown;
  for (std::filesystem::directory_iterator i("/proc", unknown), end; !unknown && i != end; i.increment(unknown)) {
    const auto name = i->path().filename().string();
    pid_t number = 0;
    const auto [stopped, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || *stopped != '\0') continue;
    if (auto state = state_of(number)) all.emplace(number, std::move(*state));
  }
  return all;
}

// A zombie is what is left until its parent has waited for it.
bool is_still(const running_process& p, const process_state& now) {
  return now.started == p.started && now.state != 'Z' && now.state != 'X';
}

} // namespace

running_process find_process(pid_t number) {
  errno = 0;
  const auto state = state_of(number);
  if (!state && (errno == EACCES || errno == EPERM))
    throw std::invalid_argument(fmt::format("process {} may not be looked at by this user", number));
  if (!state) throw std::invalid_argument(fmt::format("there is no process {} on this machine", number));
  return {number, state->started, state->program};
}

std::string to_string(const running_process& p) { return fmt::format("process {} ({})", p.number, p.program); }

bool has_ended(const running_process& p, std::chrono::nanoseconds within) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  for (;;) {
    const auto now = state_of(p.number);
    if (!now || !is_still(p, *now)) return true;
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(between_looks);
  }
}

namespace {

// Nothing if one of them has ended meanwhile: its parent has its time by then. `is_last`: takes the ticks for it, which
// are coarse.
std::optional<process_costs> try_costs_of(const running_process& root, bool is_last) {
  const auto all = all_processes();
  const auto found = all.find(root.number);
  if (found == all.end() || !is_still(root, found->second))
    throw std::runtime_error(fmt::format("{} has ended", to_string(root)));
  static const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  static const std::chrono::nanoseconds tick = std::chrono::nanoseconds{1s} / ::sysconf(_SC_CLK_TCK);
  process_costs sum;
  std::vector<pid_t> family{root.number};
  for (std::size_t i = 0; i < family.size(); ++i) {
    for (const auto& [number, p] : all)
      if (p.parent == family[i]) family.push_back(number);
    const auto& p = all.at(family[i]);
    const auto ended = p.user_ticks_of_ended + p.system_ticks_of_ended;
    auto time = processor_time(family[i]);
    const auto ticks = p.user_ticks + p.system_ticks;
    if (time == 0ns && ticks > 0 && !is_last) return std::nullopt;
    if (time == 0ns) time = tick * static_cast<std::int64_t>(ticks);
    sum.time += time + tick * static_cast<std::int64_t>(ended);
    sum.user_ticks += p.user_ticks + p.user_ticks_of_ended;
    sum.system_ticks += p.system_ticks + p.system_ticks_of_ended;
    sum.threads += p.threads;
    sum.memory += page * static_cast<double>(p.resident_pages);
  }
  return sum;
}

} // namespace

process_costs costs_of(const running_process& root) {
  constexpr int most_tries = 3;
  for (int tries = 1; tries < most_tries; ++tries)
    if (const auto costs = try_costs_of(root, false)) return *costs;
  return *try_costs_of(root, true);
}

process_watch::process_watch(running_process p) : process_(std::move(p)), at_start_(costs_of(process_)) {
  take_peaks(at_start_);
  looker_ = start_thread<std::jthread>([this](const std::stop_token& stop) { look(stop); });
}

process_watch::~process_watch() { stop_looking(); }

void process_watch::stop_looking() {
  if (!looker_.joinable()) return;
  looker_.request_stop();
  looker_.join();
}

void process_watch::look(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  std::chrono::nanoseconds pause = shortest_pause;
  while (!never.wait_for(lock, stop, pause, [&] { return stop.stop_requested(); }))
    try {
      const auto before = std::chrono::steady_clock::now();
      take_peaks(costs_of(process_));
      pause = std::max<std::chrono::nanoseconds>(
          shortest_pause, pause_for_a_look * (std::chrono::steady_clock::now() - before));
    } catch (const std::exception&) { // stop() says that it has ended
    }
}

void process_watch::take_peaks(const process_costs& now) noexcept {
  most_threads_ = std::max(most_threads_.load(), now.threads);
  most_memory_ = std::max(most_memory_.load(), now.memory);
}

server_usage process_watch::stop() {
  stop_looking();
  const auto now = costs_of(process_);
  take_peaks(now);
  server_usage used;
  used.idle_memory = at_start_.memory;
  used.peak_memory = most_memory_;
  used.threads = most_threads_;
  const auto time = now.time - at_start_.time;
  used.is_time_known = time >= 0ns; // a descendant that nobody waited for took its time along
  const auto user = static_cast<double>(now.user_ticks) - static_cast<double>(at_start_.user_ticks);
  const auto ticks = user + static_cast<double>(now.system_ticks) - static_cast<double>(at_start_.system_ticks);
  const double share = ticks > 0 ? std::clamp(user / ticks, 0.0, 1.0) : 0;
  used.user_time = std::chrono::duration_cast<std::chrono::nanoseconds>(time * share);
  used.system_time = time - used.user_time;
  return used;
}

} // namespace revecho::compare
