// Contestants: our servers in their models, and servers already running.
#pragma once

#include "shared/options/endpoint.hpp"

#include <optional>
#include <string>
#include <vector>

namespace revecho::compare {

struct contestant {
  std::string name;                   ///< "sync pool(10)"
  std::string program;                ///< "revecho-sync-server"
  std::vector<std::string> arguments; ///< that make it this model
  std::optional<endpoint> running;    ///< instead of a program
  unsigned loops = 0;                 ///< event loops, of a server that has them
};

/// "sync iterative,sync threads,sync pool(10),async(2),epoll(1)"; a number left out is the program's default. Throws
/// std::invalid_argument.
std::vector<contestant> parse_models(const std::string& text);

/// "NAME=ENDPOINT". Throws std::invalid_argument.
contestant parse_running(const std::string& text);

} // namespace revecho::compare
