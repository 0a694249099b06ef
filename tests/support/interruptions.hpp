// Interrupts the system calls of a program by signals, all the time. Knows no programs.
#pragma once

#include "tests/support/build.hpp"
#include "tests/support/environment.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/syscall.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace revecho::test {

/// For the shell that becomes a program which is to be interrupted.
inline const std::string handling_signals = loading(library_path("handled_signal"));

/// Has the shell become that program, which the signal would not end?
inline bool handles_signal(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  for (std::string word; file >> word;) {
    std::uint64_t caught = 0;
    if (word == "SigCgt:" && file >> std::hex >> caught) return (caught >> (SIGUSR1 - 1) & 1) != 0;
  }
  return false;
}

/// Sends the signal to each thread that the process has, if it is still there.
inline void interrupt(pid_t process) {
  std::error_code gone;
  std::filesystem::directory_iterator threads("/proc/" + std::to_string(process) + "/task", gone);
  for (; !gone && threads != std::filesystem::directory_iterator{}; threads.increment(gone))
    ::syscall(SYS_tgkill, process, std::stoi(threads->path().filename()), SIGUSR1);
}

/// A thread that does something every millisecond while it lives.
template <class Action>
class repeated {
 public:
  explicit repeated(Action action)
      : thread_([this, action] {
          for (; !over_; std::this_thread::sleep_for(std::chrono::milliseconds(1))) {
            action();
            ++times_;
          }
        }) {}
  ~repeated() {
    over_ = true;
    thread_.join();
  }
  repeated(const repeated&) = delete;
  repeated& operator=(const repeated&) = delete;

  int times() const { return times_; }

 private:
  std::atomic<bool> over_ = false;
  std::atomic<int> times_ = 0;
  std::thread thread_;
};

} // namespace revecho::test
