// A server of ours as a child process: started on a free port or a UNIX socket, stopped cleanly, and never left behind.
#pragma once

#include "shared/options/endpoint.hpp"
#include "tools/child.hpp"
#include "tools/compare/own_program.hpp"
#include "tools/compare/processor_times.hpp"
#include "tools/compare/server_log.hpp"
#include "tools/compare/thread_times.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace revecho::compare {

/// Resources that a server used: one that was started here from listening to its end, a running one in a run.
struct server_usage {
  std::chrono::nanoseconds user_time{};
  std::chrono::nanoseconds system_time{};
  bool is_time_known = true;
  std::optional<std::size_t> context_switches; ///< of its start too
  std::size_t threads = 0;                     ///< at most at once, looked at now and then
  double idle_memory = 0;                      ///< resident bytes, before the first connection
  double peak_memory = 0;
  accept_figures accepts;
  std::optional<processor_times> processors; ///< of those that it was given, whoever used them; none: of all
  bool is_disturbed = false;                 ///< others used them too, noticeably
  std::optional<double> busiest_thread;      ///< its share in the processor time of all threads, after time_threads()
};

class server_process {
 public:
  /// Starts `program` of the folder this program is in, on these processors only unless there are none, and waits until
  /// it listens. Throws std::runtime_error with the last lines that it wrote if it does not. Nothing is waited for any
  /// longer once `interrupted`, which has to outlive this object: not here, and not in stop() either.
  server_process(const std::string& program, std::vector<std::string> arguments, const std::vector<int>& cpus,
      const std::atomic<bool>& interrupted, bool on_unix = false);

  /// Kills it if stop() has not ended it.
  ~server_process();
  server_process(const server_process&) = delete;
  server_process& operator=(const server_process&) = delete;

  const endpoint& address() const noexcept { return address_; }

  /// From here on the processor time of each thread is counted: it takes a file for each.
  void time_threads();

  /// SIGTERM, and waits for the end. Throws std::runtime_error if it does not end well, or that was interrupted.
  server_usage stop();

  /// "revecho-sync-server ended with exit code 1" or "… by signal 9" if it has ended by itself, or does so in that
  /// time; else empty.
  std::string how_it_ended(std::chrono::nanoseconds within = {});

  /// The end of what it has written, for people.
  std::string log() const;

 private:
  [[noreturn]] void fail(const std::string& what) const;
  bool has_ended(int& status);
  void wait_until_it_listens(const std::filesystem::path& port_file);
  void stop_watching();
  void kill();
  int wait_until_ended(std::chrono::nanoseconds at_most);
  void watch_threads(const std::stop_token&);
  void take_processors(std::chrono::nanoseconds own_time);

  std::string program_;
  const std::atomic<bool>& interrupted_;
  temporary_folder folder_; // its port file, its log and its UNIX socket
  pid_t process_ = -1;      // -1: has ended
  int status_ = 0;          // then
  endpoint address_;
  server_usage usage_;
  std::vector<int> cpus_;
  std::chrono::nanoseconds time_of_start_{};     // processor time until it listened
  std::optional<thread_times> threads_at_start_; // if somebody wants to know
  std::chrono::steady_clock::time_point listened_{};
  std::optional<processor_times> processors_at_start_; // when it listened
  std::atomic<std::size_t> most_threads_ = 0;
  std::jthread watcher_;
};

} // namespace revecho::compare
