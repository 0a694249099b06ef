// A server of ours as a child process: started on a free port, stopped cleanly, and never left behind.
#pragma once

#include "shared/endpoint.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace revecho::compare {

class server_process {
 public:
  /// Starts `program` of the folder this program is in, and waits until it listens. Throws std::runtime_error with the
  /// last lines that it wrote if it does not.
  server_process(const std::string& program, std::vector<std::string> arguments);

  /// Kills it if stop() has not ended it.
  ~server_process();
  server_process(const server_process&) = delete;
  server_process& operator=(const server_process&) = delete;

  const endpoint& address() const noexcept { return address_; }

  /// SIGTERM, and waits for the end. Throws std::runtime_error if it does not end well.
  void stop();

 private:
  [[noreturn]] void fail(const std::string& what) const;
  bool has_ended(int& status);
  int wait_until_ended(std::chrono::nanoseconds at_most);

  std::string program_;
  std::filesystem::path folder_; // its port file and its log
  pid_t process_ = -1;
  endpoint address_;
};

} // namespace revecho::compare
