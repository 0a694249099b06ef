#include "tools/compare/thread_times.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <string>
#include <system_error>

namespace revecho::compare {

// "20073233 28497870 11": nanoseconds on a processor, nanoseconds in which it waited for one, and how often it ran
// (proc(5)). A thread may end meanwhile.
thread_times thread_times_of(const std::filesystem::path& process) {
  namespace fs = std::filesystem;
  thread_times all;
  std::error_code unknown;
  for (fs::directory_iterator i(process / "task", unknown), end; !unknown && i != end; i.increment(unknown)) {
    const auto name = i->path().filename().string();
    int thread = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), thread).ec != std::errc()) continue;
    std::ifstream file(i->path() / "schedstat");
    if (std::int64_t ran = 0; file >> ran) all[thread] = std::chrono::nanoseconds{ran};
  }
  return all;
}

std::optional<double> busiest_share(const thread_times& before, const thread_times& after) {
  using namespace std::chrono_literals;
  constexpr auto least_time = 20ms; // what threads do besides is less than a hundredth of that
  std::chrono::nanoseconds most{};
  std::chrono::nanoseconds sum{};
  for (const auto& [thread, time] : after) {
    const auto earlier = before.find(thread);
    const bool is_new = earlier == before.end() || earlier->second > time; // numbers are used again
    const auto spent = is_new ? time : time - earlier->second;
    most = std::max(most, spent);
    sum += spent;
  }
  if (sum < least_time) return std::nullopt;
  return static_cast<double>(most.count()) / static_cast<double>(sum.count());
}

} // namespace revecho::compare
