// Contestants: our servers in their models, and servers already running.
#pragma once

#include "shared/options/endpoint.hpp"
#include "tools/compare/running_process.hpp"

#include <optional>
#include <string>
#include <vector>

namespace revecho::compare {

struct contestant {
  std::string name;                         ///< "sync pool(10)"
  std::string program;                      ///< "revecho-sync-server"
  std::vector<std::string> arguments;       ///< that make it this model
  std::optional<endpoint> running;          ///< instead of a program
  unsigned loops = 0;                       ///< event loops, of a server that has them
  std::optional<running_process> process{}; ///< of the running one, if it is of this machine and known
  bool on_unix = false;                     ///< listens on a UNIX socket; else on loopback
};

enum class transport { tcp, unix_socket };

/// Each of our servers once for each transport: those on a UNIX socket are called "async(1) unix".
std::vector<contestant> on_transports(const std::vector<contestant>&, const std::vector<transport>&);

/// "sync iterative,sync threads,sync pool(10),async(2),epoll(1)"; a number left out is the program's default. Throws
/// std::invalid_argument.
std::vector<contestant> parse_models(const std::string& text);

/// "NAME=ENDPOINT" or "NAME=ENDPOINT,pid=N". Throws std::invalid_argument, also if there is no such process.
contestant parse_running(const std::string& text);

} // namespace revecho::compare
