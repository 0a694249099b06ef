// Programs as child processes: how they start, what the system counts of them, and a folder for their files. The tests
// start theirs in this way, too.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace revecho {

/// Standard streams and processors of a child.
struct child_setup {
  int input = -1; ///< these are descriptors of the parent; -1: /dev/null
  int output = -1;
  int errors = -1;
  std::vector<int> cpus; ///< it runs on these only; none: on any
};

/// Starts a program, with no signal blocked and SIGPIPE not ignored. It has a process group of its own, so that an
/// interrupt at the terminal does not reach it. On Linux the end of the thread that started it kills it. Throws
/// std::system_error.
pid_t start_child(const std::filesystem::path& program, std::vector<std::string> arguments, const child_setup& = {});

/// A figure of /proc/PID/status, as it stands there: memory in KiB. Throws std::system_error.
std::size_t status_of(pid_t process, const std::string& name);

/// The processor time of all its threads so far, finer than what /proc says; 0 once it has been waited for.
std::chrono::nanoseconds processor_time(pid_t process);

/// A folder for files of children, removed with its owner. The constructor throws std::system_error.
class temporary_folder {
 public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  std::string path() const { return path_.string(); }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

} // namespace revecho
