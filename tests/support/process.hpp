// A program as a child process whose output is collected while it runs. Knows no test framework: what a child
// does not do in time is thrown.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace revecho::test {

/// How long anything may take before a test calls it hung. Generous: it only has to be shorter than for ever.
std::chrono::milliseconds patience();

/// How a process ended.
struct outcome {
  int exit_code = -1; ///< -1 if a signal ended it
  int signal = 0;     ///< that signal, or 0
  std::string output; ///< all it wrote to stdout
  std::string errors; ///< all it wrote to stderr
};

/// Whether the test reads a stream of the child, or has closed its end before the child starts.
enum class pipe_end { read, closed };

class process {
 public:
  /// Starts `program`, a name in the build directory or an absolute path.
  process(const std::string& program, const std::vector<std::string>& arguments, pipe_end of_stdout = pipe_end::read,
      pipe_end of_stderr = pipe_end::read);
  /// Kills it, if it still runs.
  ~process();
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  pid_t id() const noexcept { return id_; }
  std::string output() const; ///< so far
  std::string errors() const; ///< so far

  void write_input(std::string_view);
  void close_input();

  /// Does nothing once the process has ended.
  void signal(int);

  /// Returns once `text` stands in errors(). Throws std::runtime_error if it does not come.
  void wait_for_error_text(std::string_view text);

  /// Waits for its end. Throws std::runtime_error, and kills it, if that does not come.
  outcome wait();

 private:
  void collect(int output, int errors);

  pid_t id_ = -1;
  int input_ = -1;           // -1: closed
  mutable std::mutex mutex_; // for all that follows
  mutable std::condition_variable changed_;
  outcome outcome_;
  bool ended_ = false;
  std::thread collector_;
};

/// Runs a program to its end, with `input` on its stdin.
outcome run(const std::string& program, const std::vector<std::string>& arguments, std::string_view input = {});

} // namespace revecho::test
