#include "tools/compare/server_process.hpp"

#include "shared/process/thread.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <utility>

namespace revecho::compare {
namespace {

using namespace std::chrono_literals;

constexpr auto longest_start = 10s;
constexpr auto longest_stop = 10s;
constexpr auto look_again = 2ms; // the port file appears and the process ends without telling
constexpr auto look_at_threads = 20ms;
constexpr auto while_interrupted = "interrupted";

std::chrono::nanoseconds duration_of(const timeval& time) {
  return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
}

std::filesystem::path folder_of(pid_t process) { return fmt::format("/proc/{}", process); }

} // namespace

server_process::server_process(const std::string& program, std::vector<std::string> arguments,
    const std::vector<int>& cpus, const std::atomic<bool>& interrupted, bool on_unix)
    : program_(program), interrupted_(interrupted), cpus_(cpus) {
  const auto port_file = folder_ / "port";
  const auto where = on_unix ? "unix:" + (folder_ / "socket").string() : "127.0.0.1:0";
  arguments.insert(arguments.end(), {"--listen", where, "--port-file", port_file.string()});
  process_ = start_own_program(program, std::move(arguments), folder_ / "log", cpus);
  try {
    wait_until_it_listens(port_file);
    time_of_start_ = processor_time(process_);
    listened_ = std::chrono::steady_clock::now();
    processors_at_start_ = processor_times_of(cpus_);
    usage_.idle_memory = 1024.0 * static_cast<double>(status_of(process_, "VmRSS"));
    watcher_ = start_thread<std::jthread>([this](const std::stop_token& stop) { watch_threads(stop); });
  } catch (...) {
    kill(); // there will be no destructor
    throw;
  }
}

void server_process::wait_until_it_listens(const std::filesystem::path& port_file) {
  const auto deadline = std::chrono::steady_clock::now() + longest_start;
  while (!std::filesystem::exists(port_file)) {
    int status = 0;
    if (has_ended(status)) fail("did not start");
    if (interrupted_) throw std::runtime_error(while_interrupted);
    if (std::chrono::steady_clock::now() > deadline) fail("was not ready in 10 s");
    std::this_thread::sleep_for(look_again);
  }
  std::ifstream file(port_file);
  if (!file) throw std::system_error(errno, std::system_category(), fmt::format("cannot read {}", port_file.string()));
  std::string where;
  std::getline(file, where);
  address_ = parse_target(where);
}

void server_process::watch_threads(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  do
    try {
      most_threads_ = std::max<std::size_t>(most_threads_, status_of(process_, "Threads"));
    } catch (const std::system_error&) { // it has just ended, or the next look will do
    }
  while (!never.wait_for(lock, stop, look_at_threads, [&] { return stop.stop_requested(); }));
}

server_process::~server_process() {
  stop_watching();
  kill();
}

void server_process::stop_watching() {
  if (!watcher_.joinable()) return;
  watcher_.request_stop();
  watcher_.join();
}

void server_process::kill() {
  int status = 0;
  if (has_ended(status)) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, &status, 0);
  process_ = -1;
}

std::string server_process::how_it_ended(std::chrono::nanoseconds within) {
  stop_watching();
  const auto deadline = std::chrono::steady_clock::now() + within;
  int status = 0;
  while (!has_ended(status)) {
    if (interrupted_ || std::chrono::steady_clock::now() >= deadline) return {};
    std::this_thread::sleep_for(look_again);
  }
  if (WIFSIGNALED(status)) return fmt::format("{} ended by signal {}", program_, WTERMSIG(status));
  return fmt::format("{} ended with exit code {}", program_, WEXITSTATUS(status));
}

server_usage server_process::stop() {
  stop_watching();
  int status = 0;
  if (const auto end = how_it_ended(); !end.empty()) throw std::runtime_error(fmt::format("{}:\n{}", end, log()));
  usage_.peak_memory = 1024.0 * static_cast<double>(status_of(process_, "VmHWM"));
  const auto time = processor_time(process_) - time_of_start_;
  take_processors(time);
  if (threads_at_start_)
    usage_.busiest_thread = busiest_share(*threads_at_start_, thread_times_of(folder_of(process_)));
  ::kill(process_, SIGTERM);
  status = wait_until_ended(longest_stop);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail("did not stop cleanly");
  // How it divides into user and system is only known of all of it.
  const double share = usage_.user_time + usage_.system_time > 0ns
                           ? static_cast<double>(usage_.user_time.count()) /
                                 static_cast<double>((usage_.user_time + usage_.system_time).count())
                           : 0;
  usage_.user_time = std::chrono::duration_cast<std::chrono::nanoseconds>(time * share);
  usage_.system_time = time - usage_.user_time;
  usage_.threads = most_threads_;
  usage_.accepts = accepts_in(last_lines(folder_ / "log"));
  return usage_;
}

void server_process::time_threads() { threads_at_start_ = thread_times_of(folder_of(process_)); }

void server_process::take_processors(std::chrono::nanoseconds own_time) {
  const auto now = processor_times_of(cpus_);
  if (!now || !processors_at_start_) return;
  usage_.processors = *now - *processors_at_start_;
  const auto wall = std::chrono::steady_clock::now() - listened_;
  usage_.is_disturbed = is_disturbed(*usage_.processors, own_time, wall, cpus_.size());
}

bool server_process::has_ended(int& status) {
  rusage used{};
  if (process_ > 0 && ::wait4(process_, &status_, WNOHANG, &used) == process_) {
    process_ = -1;
    usage_.user_time = duration_of(used.ru_utime);
    usage_.system_time = duration_of(used.ru_stime);
    usage_.context_switches = static_cast<std::size_t>(used.ru_nvcsw + used.ru_nivcsw);
  }
  status = status_;
  return process_ < 0;
}

int server_process::wait_until_ended(std::chrono::nanoseconds at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  int status = 0;
  while (!has_ended(status)) {
    if (interrupted_) throw std::runtime_error(while_interrupted);
    if (std::chrono::steady_clock::now() > deadline) fail("did not stop in 10 s");
    std::this_thread::sleep_for(look_again);
  }
  return status;
}

std::string server_process::log() const { return readable(last_lines(folder_ / "log")); }

void server_process::fail(const std::string& what) const {
  throw std::runtime_error(fmt::format("{} {}:\n{}", program_, what, log()));
}

} // namespace revecho::compare
